import { organizationHeader, type SessionView } from "@wheelhouse/shared/access/access.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { organizationPageList } from "@wheelhouse/shared/pages.ts";
import type { FastifyRequest } from "fastify";
import { type Admit, credentialOf } from "#lib/http/admission.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { FirstPaint } from "#plugins/web.ts";
import { paintHtml } from "./paint.ts";

type FirstPaintDeps = {
  admit: Admit;
  sessionView: (context: RequestContext) => SessionView | Promise<SessionView>;
  /** Latest snapshot of an organization. */
  overviewOf: (organization: RequestContext["organization"]) => Overview;
  clock: Clock;
  basePath: string;
};

/** A visitor without a session: the page asks for none, which would only be refused. */
const signedOut = (reason: string): FirstPaint => ({ boot: { signedOut: { reason } }, html: "" });

/** What has not been answered by then is asked for by the page itself. */
const answersWithinMs = 200;
/** What every page asks for. */
const readsOfAll = ["/notifications/bell"];

/**
 * Initial data of the page for the organization in its URL. A visitor without access, or one that cannot be
 * checked now, gets the bare page, which then calls the API and shows why.
 */
export function createFirstPaint(deps: FirstPaintDeps) {
  const { admit, sessionView, overviewOf, clock, basePath } = deps;
  return async (request: FastifyRequest): Promise<FirstPaint | null> => {
    const { token } = credentialOf(request);
    if (!token) return signedOut("");
    const [, organization, path = ""] =
      /^\/o\/([a-z0-9-]{1,63})(\/[a-z]+)?(?:[/?]|$)/.exec(request.url) ?? [];
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
      if (!admission.ok && admission.error.code === "unauthenticated")
        return signedOut(admission.error.message);
      if (!admission.ok) return null;
      const { context } = admission;
      const mayRead = context.actor.can("overview:read").in(context.organization.id).check();
      // A page of a past time must not start with current data.
      const isPast = new URL(request.url, "http://page").searchParams.has("at");
      const overview = mayRead && !isPast ? overviewOf(context.organization) : null;
      const page = organizationPageList.find((each) => each.path === path);
      const session = await sessionView(context);
      const answers = isPast
        ? {}
        : await answersOf(request, organization, [...readsOfAll, ...(page?.firstReads ?? [])]);
      return {
        boot: { session, overview, answers },
        html: paintHtml({
          organization: session.organization,
          page,
          overview,
          nowMs: clock.now(),
          basePath,
        }),
      };
    } catch (err) {
      request.log.warn({ err }, "the page is sent without initial data");
      return null;
    }
  };
}

/** Answers of the API as this caller would get them, by path; refused and late ones are left out. */
async function answersOf(
  { server, headers, ip }: FastifyRequest,
  organization: string | undefined,
  paths: readonly string[],
): Promise<Record<string, unknown>> {
  if (organization === undefined) return {};
  const answers = await Promise.all(
    paths.map(async (path): Promise<[string, unknown][]> => {
      const answer = server.inject({
        method: "GET",
        url: `/api/v1${path}`,
        headers: { cookie: headers.cookie ?? "", [organizationHeader]: organization },
        remoteAddress: ip,
      });
      const found = await Promise.race([answer, late()]);
      return found?.statusCode === 200 ? [[path, found.json()]] : [];
    }),
  );
  return Object.fromEntries(answers.flat());
}

const late = () =>
  new Promise<null>((resolve) => {
    setTimeout(() => resolve(null), answersWithinMs).unref();
  });
