import type { Core, Feature } from "#lib/feature.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import type { SessionEnds } from "#lib/session-ends.ts";
import { createAuthority } from "./access-authority.ts";
import { createAdmission } from "./access-context.ts";
import { createCredentials } from "./access-credentials.ts";
import { createHandshake } from "./access-handshake.ts";
import { createHierarchy } from "./access-hierarchy.ts";
import { createIdentitiesStore } from "./access-identities-store.ts";
import { createIdentity } from "./access-identity.ts";
import { createInvitations } from "./access-invitations.ts";
import { createInvitationsStore } from "./access-invitations-store.ts";
import { createLimits } from "./access-limits.ts";
import { createMembers } from "./access-members.ts";
import { accessMembersRoutes } from "./access-members-routes.ts";
import { createMembersStore } from "./access-members-store.ts";
import { createOidc } from "./access-oidc.ts";
import { createOidcProvider } from "./access-oidc-provider.ts";
import { oidcRoutes } from "./access-oidc-routes.ts";
import { createOrganizations } from "./access-organizations.ts";
import { createPasswordService } from "./access-password-service.ts";
import { createPasswords } from "./access-passwords.ts";
import { createPasswordsStore } from "./access-passwords-store.ts";
import { accessRoutes } from "./access-routes.ts";
import { createAccessService } from "./access-service.ts";
import { accessSessionRoutes } from "./access-session-routes.ts";
import { createSessionStore } from "./access-session-store.ts";
import { createSessions } from "./access-sessions.ts";
import { createSignInLimit } from "./access-sign-in-limit.ts";
import { createTokenIdentity } from "./access-token-identity.ts";
import { createTokens } from "./access-tokens.ts";
import { createUserStore } from "./access-user-store.ts";

/** A foundation that comes after audit. */
type AccessCore = Omit<Core, "admit">;
type AccessNeeds = { sessionEnds: SessionEnds; box: SecretBox };

/** Who somebody is, and what that allows. */
function createIdentityParts(
  { database, redis, config, clock, log }: AccessCore,
  { sessionEnds }: AccessNeeds,
) {
  const sessions = createSessionStore({ database, clock, limits: config.sessions, log });
  const identity = createIdentity({ store: sessions, clock, idleMs: config.sessions.idleMs });
  // Another replica revoked it: an outage from now on must not bring it back here.
  sessionEnds.onEnded(identity.forget);
  const organizations = createOrganizations({ database, clock });
  const tokens = createTokenIdentity({ database, clock, log });
  const admission = createAdmission({ identity, organizations, tokens });
  const users = createUserStore({ database });
  const passwords = createPasswords();
  const limit = createSignInLimit({
    redis,
    database,
    clock,
    failuresPer15Min: config.rateLimits.failuresPer15Min,
    isFamiliar: users.isSignedInFrom,
  });
  return {
    sessions,
    organizations,
    admission,
    users,
    passwords,
    limit,
    credentials: createCredentials({ users, passwords, limit }),
    members: createMembersStore({ database }),
    identities: createIdentitiesStore({ database }),
  };
}
type IdentityParts = ReturnType<typeof createIdentityParts>;

/** Signing in: by password, and by the identity provider where there is one. */
function createSignIn(core: AccessCore, { sessionEnds, box }: AccessNeeds, parts: IdentityParts) {
  const { changes, denials, config, clock } = core;
  const service = createAccessService({ ...parts, changes, denials, sessionEnds, clock });
  if (!config.oidc) return { service, provider: undefined, oidc: undefined };
  const provider = createOidcProvider({ config: config.oidc, clock });
  const oidc = createOidc({ ...parts, config: config.oidc, provider, service, box, clock });
  return { service, provider, oidc };
}

/** What people do with their own sessions and passwords. */
function createSessionParts(
  core: AccessCore,
  { sessionEnds }: AccessNeeds,
  parts: IdentityParts,
  hasProvider: boolean,
) {
  const { database, redis, changes, denials, config, clock } = core;
  const { failuresPer15Min, mutationsPerHour } = config.rateLimits;
  const { organizations } = parts;
  return {
    limits: createLimits({ redis, organizations, clock, failuresPer15Min, mutationsPerHour }),
    sessions: createSessions({ ...parts, changes, sessionEnds }),
    passwordChanges: createPasswordService({
      ...parts,
      store: createPasswordsStore({ database }),
      clock,
      hasProvider,
      changes,
      denials,
      sessionEnds,
    }),
  };
}

/** How organizations look after their people, their parts and their tokens. */
function createMemberParts(
  { database, changes, clock }: AccessCore,
  { sessionEnds }: AccessNeeds,
  { members, admission, organizations, sessions, passwords }: IdentityParts,
  service: ReturnType<typeof createAccessService>,
) {
  const authority = createAuthority({ admission, members });
  return {
    members: createMembers({ store: members, admission, authority, changes, sessionEnds, clock }),
    invitations: createInvitations({
      store: createInvitationsStore({ database }),
      members,
      admission,
      authority,
      organizations,
      sessions,
      service,
      passwords,
      changes,
      clock,
    }),
    hierarchy: createHierarchy({ database, organizations, admission, changes }),
    tokens: createTokens({ database, admission, changes, clock }),
  };
}

/** A foundation: who calls, and whether they may. Needs the audit trail. */
export function createAccess(core: AccessCore, needs: AccessNeeds) {
  const { denials, config } = core;
  const parts = createIdentityParts(core, needs);
  const { admit } = parts.admission;
  const { service, provider, oidc } = createSignIn(core, needs, parts);
  const sessionParts = createSessionParts(core, needs, parts, oidc !== undefined);
  const memberParts = createMemberParts(core, needs, parts, service);
  const feature = {
    routes(api) {
      accessRoutes(api, { service, providerName: oidc?.name });
      accessMembersRoutes(api, memberParts);
      accessSessionRoutes(api, sessionParts);
    },
    // The way to the identity provider and back, where there is one.
    mount(app) {
      if (oidc) oidcRoutes(app, { oidc, admit, publicUrl: config.http.publicUrl });
    },
    jobs: [{ name: "ended sessions", run: () => parts.sessions.purge() }],
  } satisfies Feature;
  return {
    ...feature,
    /** Of its outgoing calls. */
    breakers: provider ? [provider.breaker] : [],
    admit,
    authenticateHandshake: createHandshake({ admit, denials }),
    /** Who is signed in, and what the role allows. */
    sessionView: service.view,
  };
}
