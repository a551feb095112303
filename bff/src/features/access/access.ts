import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Changes, Denials } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import type { Database } from "#lib/postgres.ts";
import type { SecretBox } from "#lib/secret-box.ts";
import type { SessionEnds } from "#lib/session-ends.ts";
import { createAuthority } from "./access-authority.ts";
import type { SessionLimits } from "./access-config.ts";
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
import { createOidcProvider, type OidcConfig } from "./access-oidc-provider.ts";
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

type AccessDeps = {
  database: Database;
  redis: Redis;
  changes: Changes;
  denials: Denials;
  sessionEnds: SessionEnds;
  clock: Clock;
  log: Logger;
  /** The identity provider, if people sign in with one. */
  oidc: OidcConfig | undefined;
  box: SecretBox;
  /** Failed sign-ins that one client address may make in 15 minutes. */
  failuresPer15Min: number;
  /** Acts of one organization in an hour. */
  mutationsPerHour: number;
  sessionLimits: SessionLimits;
};

/** Puts the access feature together; `app.ts` hands its parts to the auth plugin and the sockets. */
export function createAccess({
  database,
  redis,
  clock,
  log,
  failuresPer15Min,
  mutationsPerHour,
  sessionLimits,
  box,
  ...deps
}: AccessDeps) {
  const sessions = createSessionStore({ database, clock, limits: sessionLimits, log });
  const identity = createIdentity({ store: sessions, clock, idleMs: sessionLimits.idleMs });
  // Another replica revoked it: an outage from now on must not bring it back here.
  deps.sessionEnds.onEnded(identity.forget);
  const organizations = createOrganizations({ database, clock });
  const tokenIdentity = createTokenIdentity({ database, clock, log });
  const admission = createAdmission({ identity, organizations, tokens: tokenIdentity });
  const users = createUserStore({ database });
  const passwords = createPasswords();
  const limit = createSignInLimit({
    redis,
    database,
    clock,
    failuresPer15Min,
    isFamiliar: users.isSignedInFrom,
  });
  const credentials = createCredentials({ users, passwords, limit });
  const memberStore = createMembersStore({ database });
  const identities = createIdentitiesStore({ database });
  const service = createAccessService({
    identities,
    members: memberStore,
    credentials,
    sessions,
    organizations,
    admission,
    clock,
    ...deps,
  });
  const provider = deps.oidc && createOidcProvider({ config: deps.oidc, clock });
  const oidc =
    deps.oidc &&
    provider &&
    createOidc({
      config: deps.oidc,
      provider,
      identities,
      users,
      service,
      organizations,
      limit,
      box,
      clock,
    });
  const authority = createAuthority({ admission, members: memberStore });
  const { changes, sessionEnds } = deps;
  const sessionParts = {
    limits: createLimits({ redis, organizations, clock, failuresPer15Min, mutationsPerHour }),
    sessions: createSessions({ users, sessions, admission, ...deps }),
    passwordChanges: createPasswordService({
      store: createPasswordsStore({ database }),
      users,
      sessions,
      passwords,
      credentials,
      limit,
      organizations,
      admission,
      clock,
      hasProvider: oidc !== undefined,
      ...deps,
    }),
  };
  const memberParts = {
    members: createMembers({ store: memberStore, admission, authority, changes, sessionEnds, clock }),
    invitations: createInvitations({
      store: createInvitationsStore({ database }),
      members: memberStore,
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
  return {
    /** Endpoints of the contract; `app` is the scope below `/api/v1`. */
    routes(app: FastifyInstance) {
      accessRoutes(app, { service, providerName: oidc?.name });
      accessMembersRoutes(app, memberParts);
      accessSessionRoutes(app, sessionParts);
    },
    /** The way to the identity provider and back, where there is one; `app` is the root. */
    providerRoutes(app: FastifyInstance, publicUrl: string | undefined) {
      if (oidc) oidcRoutes(app, { oidc, admit: admission.admit, publicUrl });
    },
    /** Of its outgoing calls. */
    breakers: provider ? [provider.breaker] : [],
    admit: admission.admit,
    authenticateHandshake: createHandshake({ admit: admission.admit, denials: deps.denials }),
    /** Who is signed in, and what the role allows. */
    sessionView: service.view,
    /** Forgets what is past its time; for a daily call. */
    purge: () => sessions.purge(),
  };
}
