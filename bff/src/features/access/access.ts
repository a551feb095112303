import type { Core, Feature } from "#lib/feature.ts";
import type { Mails } from "#lib/mails.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import { createLimits, createSignInLimit, createSwitchLimit } from "./limits/limits.ts";
import { accessMembersRoutes } from "./member-routes.ts";
import { createMembersStore } from "./member-store.ts";
import {
  createAuthority,
  createInvitations,
  createInvitationsStore,
  createMembers,
} from "./members/members.ts";
import { oidcRoutes } from "./oidc-routes.ts";
import { createHierarchy } from "./organizations/organizations.ts";
import { accessRoutes } from "./routes.ts";
import { accessSessionRoutes } from "./session-routes.ts";
import {
  createAdmission,
  createHandshake,
  createIdentity,
  createSessionStore,
  createSessions,
  createTokenIdentity,
} from "./sessions/sessions.ts";
import {
  createAccessService,
  createCredentials,
  createIdentitiesStore,
  createOidc,
  createOidcProvider,
  createPasswordService,
  createPasswords,
  createPasswordsStore,
} from "./sign-in/sign-in.ts";
import { createTokens } from "./tokens/tokens.ts";
import { createOrganizations } from "./tree.ts";
import { createUserStore } from "./user-store.ts";

/** Access is a foundation built before `admit` exists; it only needs the audit trail. */
type AccessCore = Omit<Core, "admit">;
type AccessNeeds = { sessionEnds: SessionEnds; box: SecretBox; mails: Mails };

/** Identity of a caller and the rights that follow from it. */
function createIdentityParts(
  { database, redis, config, clock, log }: AccessCore,
  { sessionEnds }: AccessNeeds,
) {
  const sessions = createSessionStore({ database, clock, limits: config.sessions, log });
  const identity = createIdentity({ store: sessions, clock, idleMs: config.sessions.idleMs });
  // Another replica revoked the session; an outage must not make it valid again here.
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
    switches: createSwitchLimit({ redis, perMinute: config.rateLimits.switchesPerMinute }),
    credentials: createCredentials({ users, passwords, limit }),
    members: createMembersStore({ database }),
    identities: createIdentitiesStore({ database }),
  };
}
type IdentityParts = ReturnType<typeof createIdentityParts>;

/** Sign-in by password and, if configured, by the identity provider. */
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
  { sessionEnds, mails }: AccessNeeds,
  parts: IdentityParts,
  hasProvider: boolean,
) {
  const { database, redis, changes, denials, config, clock } = core;
  const { failuresPer15Min, mutationsPerHour } = config.rateLimits;
  const { organizations } = parts;
  return {
    limits: createLimits({
      redis,
      organizations,
      emailsOf: parts.members.emailsOf,
      clock,
      failuresPer15Min,
      mutationsPerHour,
    }),
    sessions: createSessions({ ...parts, changes, sessionEnds }),
    passwordChanges: createPasswordService({
      ...parts,
      store: createPasswordsStore({ database }),
      clock,
      hasProvider,
      changes,
      denials,
      sessionEnds,
      mails,
    }),
  };
}

/** Management of members, sub-organizations and tokens. */
function createMemberParts(
  { database, changes, clock }: AccessCore,
  { sessionEnds, mails }: AccessNeeds,
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
      mails,
      clock,
    }),
    hierarchy: createHierarchy({ database, organizations, admission, changes }),
    tokens: createTokens({ database, admission, changes, clock }),
  };
}

/** Authentication and authorization, a foundation for all features. Requires the audit trail. */
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
    // Redirects to and from the identity provider, if one is configured.
    mount(app) {
      if (oidc) oidcRoutes(app, { oidc, admit, publicUrl: config.http.publicUrl });
    },
    jobs: [{ name: "ended sessions", on: "housekeeping", run: () => parts.sessions.purge() }],
  } satisfies Feature;
  return {
    ...feature,
    /** Breakers of outgoing calls to the identity provider. */
    breakers: provider ? [provider.breaker] : [],
    admit,
    authenticateHandshake: createHandshake({ admit, denials, basePath: config.http.basePath }),
    /** The signed-in user with the capabilities of their role. */
    sessionView: service.view,
  };
}
