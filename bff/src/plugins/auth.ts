import { createHash } from "node:crypto";
import { organizationHeader } from "@wheelhouse/shared/access/access.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import fastifyPlugin from "fastify-plugin";
import type { ActOrigin, Denials } from "#lib/change.ts";
import { type Admit, type Caller, credentialOf, demandStepUp, isSameOrigin } from "#lib/http/admission.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who was refused where, if it differs from `context`; null if the refusal is already recorded. */
    refusedOrigin?: ActOrigin | null;
  }
}

type AuthOptions = {
  admit: Admit;
  /** The context of a caller without a session, for public endpoints. */
  anonymous: (caller: Caller) => RequestContext;
  denials: Denials;
};

const isWrite = (method: string) => method !== "GET" && method !== "HEAD";

/**
 * Authenticates and authorises every route of the contract before its body is read, and records refusals. Routes
 * without an `endpoint` (webhook intake, liveness, files) are not checked.
 */
export const authPlugin = fastifyPlugin(
  (app: FastifyInstance, { admit, anonymous, denials }: AuthOptions, done) => {
    app.addHook("onRequest", async (request) => {
      const endpoint = request.routeOptions.config.endpoint;
      if (!endpoint) return;
      const { token, byCookie } = credentialOf(request);
      const caller = callerOf(request, token);
      if (endpoint.access === "public") {
        request.context = anonymous(caller);
        refuseForeignSite(request);
        return;
      }
      const admission = await admit(caller, {
        access: endpoint.access,
        snapshot: endpoint.snapshot === true,
        write: isWrite(request.method),
      });
      if (!admission.ok) {
        request.refusedOrigin = admission.origin ?? null;
        throw admission.error;
      }
      request.context = admission.context;
      if (byCookie && isWrite(request.method)) demandOwnSite(request);
      if (endpoint.stepUp === true) demandStepUp(request.context);
    });

    // Runs after the body is read, because the key stands for this exact request.
    app.addHook("preHandler", async (request) => {
      if (!request.routeOptions.config.endpoint || !request.context.idempotencyKey) return;
      request.context.requestHash = createHash("sha256")
        .update(JSON.stringify([request.method, request.url, request.body ?? null]))
        .digest();
    });

    // The caller is allowed and only has to confirm; the action follows, or nothing does.
    app.addHook("onError", async (request, _reply, error) => {
      if (error instanceof AppError && error.code === "step_up_required") request.refusedOrigin = null;
    });

    // Recorded here and not where it is thrown, so that a refusal deep in a service is recorded like any other.
    app.addHook("onSend", async (request, reply) => {
      const endpoint = request.routeOptions.config.endpoint;
      if (reply.statusCode !== 403 || !endpoint || request.refusedOrigin === null) return;
      const origin = request.refusedOrigin ?? request.context;
      const { access } = endpoint;
      const isForAnyone = access === "public" || access === "session" || access === "identity";
      const action = endpoint.action ?? (isForAnyone ? undefined : access);
      if (!origin || !action) return;
      request.refusedOrigin = null;
      await denials.record(origin, {
        action,
        outcome: "denied",
        reason: `${request.method} ${request.url.split("?")[0]} was refused`,
      });
    });
    done();
  },
  { name: "auth", dependencies: ["@fastify/cookie"] },
);

function callerOf(request: FastifyRequest, token: string | undefined): Caller {
  const organization = request.headers[organizationHeader];
  const key = request.headers["idempotency-key"];
  if (Array.isArray(organization) || (organization && organization.length > 100))
    throw invalidField(`header.${organizationHeader}`, "must be the slug or id of one organization");
  if (Array.isArray(key) || (key !== undefined && !/^[\x21-\x7e]{1,200}$/.test(key)))
    throw invalidField("header.idempotency-key", "must be 1 to 200 printable characters without spaces");
  return {
    token,
    organization: organization?.trim() || undefined,
    requestId: request.id,
    address: request.ip || null,
    userAgent: request.headers["user-agent"] ?? null,
    idempotencyKey: key ?? null,
  };
}

const foreignSite = () => new AppError("forbidden", "A change must come from Wheelhouse's own pages.");

// A page on another site can send the cookie, but can neither forge these headers nor set one of its own.
function demandOwnSite(request: FastifyRequest) {
  const { origin } = request.headers;
  const own =
    request.headers[organizationHeader] !== undefined ||
    request.headers["sec-fetch-site"] === "same-origin" ||
    (origin !== undefined && isSameOrigin(origin, request.host));
  if (!own) throw foreignSite();
}

// Without a cookie there is nothing to abuse, but another site could sign its visitor in as somebody else.
function refuseForeignSite(request: FastifyRequest) {
  const { origin } = request.headers;
  const site = request.headers["sec-fetch-site"];
  if (site === "cross-site" || (origin !== undefined && !isSameOrigin(origin, request.host)))
    throw foreignSite();
}
