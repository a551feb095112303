export { createAuthority } from "./authority.ts";
export { createInvitationsStore } from "./invitation-store.ts";
export { createInvitations, type Invitations } from "./invitations.ts";
export { createMembers, type Members } from "./service.ts";
