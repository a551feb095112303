import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Admit, type Caller, cookieOf, credentialOf } from "#lib/http/admission.ts";
import { AppError } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { giveSession } from "./routes.ts";
import type { Oidc } from "./sign-in/sign-in.ts";

type OidcRoutesOptions = {
  oidc: Oidc;
  admit: Admit;
  /** Public address of the console; undefined to take it from the request. */
  publicUrl: string | undefined;
};

const callbackPath = "/signin/oidc/callback";
const flowCookieOf = (request: FastifyRequest) => cookieOf(request, "-oidc");

/**
 * The two redirect endpoints of the sign-in flow, outside the API; failures redirect too. A confirmation ends
 * on a page that notifies the other tabs and closes itself.
 */
export function oidcRoutes(app: FastifyInstance, { oidc, admit, publicUrl }: OidcRoutesOptions) {
  const baseOf = (request: FastifyRequest) => publicUrl ?? `${request.protocol}://${request.host}`;

  app.get<{ Querystring: { next?: unknown; purpose?: unknown } }>(
    "/signin/oidc",
    { schema: { hide: true } },
    async (request, reply) => {
      const { next, purpose: wanted } = request.query;
      const purpose = wanted === "step-up" ? "step-up" : "sign-in";
      try {
        const { location, sealed, keptForMs } = await oidc.begin(
          baseOf(request) + callbackPath,
          purpose,
          ownPath(next),
        );
        const { name, options } = flowCookieOf(request);
        reply.setCookie(name, sealed, { ...options, maxAge: keptForMs / 1_000 });
        return reply.redirect(location);
      } catch (error) {
        return backToSignIn(error, request, reply);
      }
    },
  );

  app.get(callbackPath, { schema: { hide: true } }, async (request, reply) => {
    const { name, options } = flowCookieOf(request);
    const sealed = request.cookies[name]?.slice(0, 4_096);
    reply.clearCookie(name, options);
    const caller = callerOf(request);
    const currentUrl = new URL(baseOf(request) + request.url);
    try {
      const { granted, purpose, next } = await oidc.finish(currentUrl, sealed, caller, () =>
        signedIn(caller, admit),
      );
      giveSession<unknown>(granted, request, reply);
      return reply.redirect(app.basePath + (purpose === "step-up" ? "/confirmed" : next));
    } catch (error) {
      return backToSignIn(error, request, reply);
    }
  });
}

async function signedIn(caller: Caller, admit: Admit): Promise<RequestContext | undefined> {
  const admission = await admit(caller, { access: "session", snapshot: false, write: true });
  return admission.ok ? admission.context : undefined;
}

/** Passes only a short code to the sign-in page; details are in the audit trail and the log. */
function backToSignIn(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const code = error instanceof AppError ? error.code : "internal";
  if (code !== "unauthenticated") request.log.warn({ err: error }, "sign-in at the identity provider failed");
  const problem = code === "unauthenticated" || code === "rate_limited" ? code : "unavailable";
  return reply.redirect(`${request.server.basePath}/signin?problem=${problem}`);
}

const ownPath = (next: unknown) =>
  typeof next === "string" && next.length < 2_000 && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : "/";

const callerOf = (request: FastifyRequest): Caller => ({
  token: credentialOf(request).token,
  organization: undefined,
  requestId: request.id,
  address: request.ip || null,
  userAgent: request.headers["user-agent"] ?? null,
  idempotencyKey: null,
});
