import type { Role } from "@wheelhouse/shared/capabilities.ts";
import { uuidv7 } from "uuidv7";
import type { Caller } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { MembersStore } from "../member-store.ts";
import {
  anonymousContext,
  createActor,
  createRights,
  type LiveSession,
  newToken,
  sessionViewOf,
} from "../sessions/sessions.ts";
import type { OrganizationTree } from "../tree.ts";
import type { SignInUser } from "../user-store.ts";
import { type CurrentSessionDeps, createCurrentSession, type GrantedSession } from "./current-session.ts";
import type { IdentitiesStore } from "./identities-store.ts";

type AccessServiceDeps = CurrentSessionDeps & {
  identities: IdentitiesStore;
  members: Pick<MembersStore, "add">;
};

/**
 * Created with the first session from an identity provider: a link to the identity, and a new account with
 * this role.
 */
export type NewAccount = { identity?: { issuer: string; subject: string }; role?: Role };

const refused = () => new AppError("unauthenticated", "The e-mail address or password is wrong.");

/** Signing in: verifies a person and grants the session, and serves the current session. */
export function createAccessService(deps: AccessServiceDeps) {
  const { identities, members, credentials, sessions, organizations, changes, denials, sessionEnds, clock } =
    deps;

  const end = (sessionId: string) => sessionEnds.announce({ sessionId });

  /** Failures are recorded in the account's first organization, those of unknown accounts in the platform. */
  async function recordFailure(
    email: string | undefined,
    caller: Caller,
    user: SignInUser | undefined,
    reason: string,
  ) {
    const tree = await organizations.tree();
    const home = user?.memberships[0] && tree.byId(user.memberships[0].organizationId);
    // People sometimes type passwords into this field, so anything but an address is not stored.
    const isAddress = email !== undefined && /^[^\s@]{1,64}@[^\s@]{1,190}$/.test(email);
    const shown = email === undefined ? undefined : isAddress ? email : "(not an e-mail address)";
    await denials.record(
      { ...anonymousContext(caller, shown), organization: home ?? platformOrganization },
      {
        action: "access.session.create",
        outcome: "failure",
        reason,
        targets: user ? [{ type: "user", id: user.id, name: user.name }] : [],
      },
    );
  }

  /** @throws AppError as `signIn` does, with the same delays and records. */
  async function verifyPassword(email: string, password: string, caller: Caller): Promise<SignInUser> {
    const user = await credentials.verify(email, password, caller.address, (known) =>
      recordFailure(email, caller, known, "unknown user or wrong password"),
    );
    if (!user) throw refused();
    return user;
  }

  /** Ends another person's session in the same browser, and records it in that person's organization. */
  async function endForeign(session: LiveSession, caller: Caller, tree: OrganizationTree) {
    const organization = tree.byId(session.defaultOrganizationId) ?? platformOrganization;
    const actor = createActor(session, createRights(session.memberships, tree));
    const context = { ...anonymousContext(caller), actor, organization };
    await changes.run(context, "access.session.delete", async (tx) => {
      await sessions.revoke(tx, session.id);
      const { id, name } = session.user;
      return {
        result: null,
        audit: {
          targets: [{ type: "user", id, name }],
          reason: "somebody else signed in with the same browser",
        },
      };
    });
    end(session.id);
  }

  /**
   * Grants a session to a verified person.
   * @param account identity link and role to create with it.
   * @throws AppError `unauthenticated` for a person without any membership.
   */
  async function grant(
    user: SignInUser,
    caller: Caller,
    signedInBy: "password" | "oidc",
    { identity, role }: NewAccount = {},
  ): Promise<GrantedSession> {
    const tree = await organizations.refreshed();
    const rights = createRights(user.memberships, tree);
    const home = user.memberships[0] && tree.byId(user.memberships[0].organizationId);
    if (!home) {
      await recordFailure(user.email, caller, user, "no membership in any organization");
      throw refused();
    }
    // Ends the browser's earlier session, which prevents session fixation.
    const earlier = caller.token ? await sessions.find(caller.token) : undefined;
    const isOthers = earlier !== undefined && earlier.user.id !== user.id;
    if (isOthers) await endForeign(earlier, caller, tree);
    const id = uuidv7();
    const token = newToken();
    const actor = createActor({ id, user, signedInBy }, rights);
    const context = { ...anonymousContext(caller), actor, organization: home };
    const expiresAt = await changes.run(context, "access.session.create", async (tx) => {
      if (role) {
        await identities.makeAccount(tx, user);
        await members.add(tx, { organizationId: home.id, userId: user.id, role });
      }
      if (identity) await identities.link(tx, identity, user.id);
      if (earlier && !isOthers) await sessions.revoke(tx, earlier.id);
      const { address, userAgent } = caller;
      const result = await sessions.create(tx, {
        id,
        token,
        address,
        userAgent,
        signedInBy,
        userId: user.id,
        organizationId: home.id,
      });
      const after = {
        ...(identity ? { linkedIdentity: true } : {}),
        ...(role ? { account: "new", role } : {}),
      };
      const targets = [{ type: "user", id: user.id, name: user.name }];
      return { result, audit: { targets, ...(identity ? { after } : {}) } };
    });
    if (earlier && !isOthers) end(earlier.id);
    const shown = { id: user.id, email: user.email, name: user.name };
    return {
      token,
      expiresAt,
      view: sessionViewOf({ user: shown, signedInBy, organization: home, rights, expiresAt, clock }),
    };
  }

  return {
    ...createCurrentSession(deps),
    verifyPassword,
    recordFailure,
    grant,

    /**
     * @throws AppError `unauthenticated`, the same for an unknown user and a wrong password; `rate_limited`.
     */
    async signIn(email: string, password: string, caller: Caller): Promise<GrantedSession> {
      return grant(await verifyPassword(email, password, caller), caller, "password");
    },
  };
}
export type AccessService = ReturnType<typeof createAccessService>;
