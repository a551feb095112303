export { createRights, type Membership, type Rights } from "./actor.ts";
export { type AdmissionOffice, anonymousContext, createActor, createAdmission } from "./context.ts";
export { createHandshake } from "./handshake.ts";
export { createIdentity } from "./identity.ts";
export { createSessions, type Sessions } from "./service.ts";
export { createSessionStore, hashToken, type LiveSession, newToken, type SessionStore } from "./store.ts";
export { createTokenIdentity, hashApiToken, makeApiToken, tokenPrefixLength } from "./token-identity.ts";
export { sessionViewOf } from "./view.ts";
