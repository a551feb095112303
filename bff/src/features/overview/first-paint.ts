import type { SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { FastifyRequest } from "fastify";
import { type Admit, credentialOf } from "#lib/http/admission.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { FirstPaint } from "#plugins/web.ts";

type FirstPaintDeps = {
  admit: Admit;
  sessionView: (context: RequestContext) => SessionView | Promise<SessionView>;
  /** Latest snapshot of an organization, with its verdict as HTML in which every text is escaped. */
  snapshot: (organization: RequestContext["organization"]) => { overview: Overview; verdictHtml: string };
};

/**
 * Initial data of the page for the organization in its URL. A visitor without access, or one that cannot be
 * checked now, gets the bare page, which then calls the API and shows why.
 */
export function createFirstPaint({ admit, sessionView, snapshot }: FirstPaintDeps) {
  return async (request: FastifyRequest): Promise<FirstPaint | null> => {
    const { token } = credentialOf(request);
    if (!token) return null;
    const organization = /^\/o\/([a-z0-9-]{1,63})(?:[/?]|$)/.exec(request.url)?.[1];
    const caller = {
      token,
      organization,
      requestId: request.id,
      address: request.ip,
      userAgent: request.headers["user-agent"] ?? null,
      idempotencyKey: null,
    };
    try {
      const admission = await admit(caller, { access: "session", snapshot: true, write: false });
      if (!admission.ok) return null;
      const { context } = admission;
      const mayRead = context.actor.can("overview:read").in(context.organization.id).check();
      // A page of a past time must not start with current data.
      const isPast = new URL(request.url, "http://page").searchParams.has("at");
      const now = mayRead && !isPast ? snapshot(context.organization) : null;
      return {
        boot: { session: await sessionView(context), overview: now?.overview ?? null },
        verdictHtml: now?.verdictHtml ?? "",
      };
    } catch (err) {
      request.log.warn({ err }, "the page is sent without initial data");
      return null;
    }
  };
}
