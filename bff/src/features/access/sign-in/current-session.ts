import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { ActOrigin, Changes, Denials } from "#lib/change.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { confirmedForMs } from "../config.ts";
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
  clock: Clock;
};

/** A session as its holder gets it: the token goes into the cookie and nowhere else. */
export type GrantedSession<V = SessionView> = { token: string; expiresAt: Date; view: V };

const changedMeanwhile = () => new AppError("conflict", "The session changed meanwhile. Load it again.");

/** The session behind a request: what it shows, how it is confirmed, moved to another organization and ended. */
export function createCurrentSession(deps: CurrentSessionDeps) {
  const { credentials, sessions, organizations, admission, changes, denials, sessionEnds, clock } = deps;

  const end = (sessionId: string) => sessionEnds.announce({ sessionId });

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
