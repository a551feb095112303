import type { SessionView } from "@wheelhouse/shared/access.ts";
import type { Role } from "@wheelhouse/shared/capabilities.ts";
import { uuidv7 } from "uuidv7";
import type { Caller } from "#lib/admission.ts";
import type { ActOrigin, Changes, Denials } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import { AppError, invalidField } from "#lib/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/request-context.ts";
import type { SessionEnds } from "#lib/session-ends.ts";
import { createRights } from "./access-actor.ts";
import { confirmedForMs } from "./access-config.ts";
import { type AdmissionOffice, anonymousContext, createActor } from "./access-context.ts";
import type { Credentials } from "./access-credentials.ts";
import type { IdentitiesStore } from "./access-identities-store.ts";
import type { MembersStore } from "./access-members-store.ts";
import type { Organizations, OrganizationTree } from "./access-organizations.ts";
import { type LiveSession, newToken, type SessionStore } from "./access-session-store.ts";
import type { SignInUser } from "./access-user-store.ts";
import { sessionViewOf } from "./access-view.ts";

type AccessServiceDeps = {
  identities: IdentitiesStore;
  members: Pick<MembersStore, "add">;
  credentials: Credentials;
  sessions: SessionStore;
  organizations: Organizations;
  admission: AdmissionOffice;
  changes: Changes;
  denials: Denials;
  sessionEnds: SessionEnds;
  clock: Clock;
};

/** A session as its holder gets it: the token goes into the cookie and nowhere else. */
export type GrantedSession<V = SessionView> = { token: string; expiresAt: Date; view: V };

/** What comes with a session from an identity provider: a first link, and the role of an account made for it. */
export type NewAccount = { identity?: { issuer: string; subject: string }; role?: Role };

const refused = () => new AppError("unauthenticated", "The e-mail address or the password is wrong.");
const changedMeanwhile = () => new AppError("conflict", "The session changed meanwhile. Load it again.");

export function createAccessService(deps: AccessServiceDeps) {
  const {
    identities,
    members,
    credentials,
    sessions,
    organizations,
    admission,
    changes,
    denials,
    sessionEnds,
    clock,
  } = deps;

  const end = (sessionId: string) => sessionEnds.announce({ sessionId });

  /** The account's first organization has its failures; the platform those of accounts that do not exist. */
  async function recordFailure(
    email: string | undefined,
    caller: Caller,
    user: SignInUser | undefined,
    reason: string,
  ) {
    const tree = await organizations.tree();
    const home = user?.memberships[0] && tree.byId(user.memberships[0].organizationId);
    // People type passwords into this field: what is no address is not kept.
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

  /** The session of somebody else that a browser held; it is recorded where that person is, not where the next one is. */
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
   * A new session for somebody who has proved who it is.
   * @param account what is to be made together with it.
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
    // A session that the browser still holds ends here, so that nobody can fix one in advance.
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

  /** Keeps that the person was there just now, under a new token. */
  async function confirm(context: RequestContext, currentToken: string) {
    const { session } = admission.behind(context);
    const { id, name } = session.user;
    const token = newToken();
    await changes.run({ ...context, idempotencyKey: null }, "access.session.step-up", async (tx) => {
      const rotated = await sessions.rotate(tx, {
        sessionId: session.id,
        from: currentToken,
        to: token,
        confirmed: true,
      });
      if (!rotated) throw changedMeanwhile();
      return { result: null, audit: { targets: [{ type: "user", id, name }] } };
    });
    const confirmedUntil = new Date(clock.now() + confirmedForMs).toISOString();
    return { token, expiresAt: session.expiresAt, view: { confirmedUntil } };
  }

  return {
    confirm,
    verifyPassword,

    recordFailure,
    grant,

    /** @throws AppError `unauthenticated`, the same for an unknown user and a wrong password; `rate_limited`. */
    async signIn(email: string, password: string, caller: Caller): Promise<GrantedSession> {
      return grant(await verifyPassword(email, password, caller), caller, "password");
    },

    view(context: RequestContext): SessionView {
      const { session, organization, rights } = admission.behind(context);
      const { user, signedInBy, expiresAt } = session;
      return sessionViewOf({ user, signedInBy, organization, rights, expiresAt, clock });
    },

    async signOut(context: RequestContext) {
      const { session } = admission.behind(context);
      const { id, name } = session.user;
      await changes.run({ ...context, idempotencyKey: null }, "access.session.delete", async (tx) => {
        await sessions.revoke(tx, session.id);
        return { result: null, audit: { targets: [{ type: "user", id, name }] } };
      });
      end(session.id);
    },

    /**
     * Confirms that the person behind the session is there, under a new token.
     * @throws AppError `validation_failed` for a wrong password, `rate_limited`.
     */
    async stepUp(context: RequestContext, password: string, currentToken: string) {
      const { session } = admission.behind(context);
      const { id, email, name } = session.user;
      const user = await credentials.verify(email, password, context.address, () =>
        denials.record(context, {
          action: "access.session.step-up",
          outcome: "failure",
          reason: "wrong password",
          targets: [{ type: "user", id, name }],
        }),
      );
      if (!user) throw invalidField("body.password", "is wrong");
      return confirm(context, currentToken);
    },

    /** Where a refused switch is recorded: it is the business of the organization that was asked for. */
    async originAt(context: RequestContext, organizationId: string): Promise<ActOrigin> {
      return { ...context, organization: (await organizations.byId(organizationId)) ?? platformOrganization };
    },

    /**
     * Makes another organization the session's default, under a new token. The event is in the trail of the
     * organization that is entered.
     * @throws AppError `forbidden` when the user is no member of it, `conflict` when another request was faster.
     */
    async switchOrganization(
      context: RequestContext,
      organizationId: string,
      currentToken: string,
    ): Promise<GrantedSession> {
      const { session, rights, tree } = admission.behind(context);
      const target = await organizations.byId(organizationId);
      if (!target || !rights.roleIn(target.id))
        throw new AppError("forbidden", "You are no member of that organization.");
      const token = newToken();
      const before = tree.byId(session.defaultOrganizationId);
      await changes.run(
        { ...context, organization: target, idempotencyKey: null },
        "access.session.switch-organization",
        async (tx) => {
          const rotated = await sessions.rotate(tx, {
            sessionId: session.id,
            from: currentToken,
            to: token,
            organizationId: target.id,
          });
          if (!rotated) throw changedMeanwhile();
          return {
            result: null,
            audit: {
              targets: [{ type: "organization", id: target.id, name: target.name }],
              before: { defaultOrganization: before?.slug ?? null },
              after: { defaultOrganization: target.slug },
            },
          };
        },
      );
      end(session.id);
      const { user, signedInBy, expiresAt } = session;
      return {
        token,
        expiresAt,
        view: sessionViewOf({ user, signedInBy, organization: target, rights, expiresAt, clock }),
      };
    },
  };
}
export type AccessService = ReturnType<typeof createAccessService>;
