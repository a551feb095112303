import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { ActOrigin, Changes, Denials } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { confirmedForMs } from "../config.ts";
import type { SwitchLimit } from "../limits/limits.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import { newToken, type SessionStore, sessionViewOf } from "../sessions/sessions.ts";
import type { Organizations } from "../tree.ts";
import type { Credentials } from "./credentials.ts";

export type CurrentSessionDeps = {
  credentials: Credentials;
  sessions: SessionStore;
  organizations: Organizations;
  admission: AdmissionOffice;
  changes: Changes;
  denials: Denials;
  sessionEnds: SessionEnds;
  switches: SwitchLimit;
  clock: Clock;
};

/** A session as granted to its holder; the token belongs in the cookie and nowhere else. */
export type GrantedSession<V = SessionView> = { token: string; expiresAt: Date; view: V };

const changedMeanwhile = () =>
  new AppError("conflict", "The session has changed in the meantime. Reload it.");

/** The session of a request: view, confirm, switch organization, and sign out. */
export function createCurrentSession(deps: CurrentSessionDeps) {
  const { credentials, sessions, organizations, admission, changes, denials, sessionEnds, switches, clock } =
    deps;

  const end = (sessionId: string) => sessionEnds.announce({ sessionId });

  /** Records that the user has just confirmed their identity, and rotates the token. */
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
     * Confirms the user's identity by password and rotates the token.
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

    /** A refused switch is recorded in the requested organization, whose administrators need to see it. */
    async originAt(context: RequestContext, organizationId: string): Promise<ActOrigin> {
      return { ...context, organization: (await organizations.byId(organizationId)) ?? platformOrganization };
    },

    /**
     * Makes another organization the session's default and rotates the token. The event is recorded in that
     * organization.
     * @throws AppError `rate_limited`, `forbidden` if the user is not a member of it, `conflict` if a concurrent
     * request was faster.
     */
    async switchOrganization(
      context: RequestContext,
      organizationId: string,
      currentToken: string,
    ): Promise<GrantedSession> {
      const { session, rights, tree } = admission.behind(context);
      await switches.take(session.user.id);
      const target = await organizations.byId(organizationId);
      if (!target || !rights.roleIn(target.id))
        throw new AppError("forbidden", "You are not a member of this organization.");
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
