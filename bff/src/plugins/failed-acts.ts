import fastifyPlugin from "fastify-plugin";
import type { AuditTarget, Denials } from "#lib/change.ts";
import { toAppError } from "#lib/http/errors.ts";

/** Failures before the action started, or recorded elsewhere: bad input, no or refused sign-in, too many requests. */
const noAttempt = new Set([
  "validation_failed",
  "unauthenticated",
  "forbidden",
  "payload_too_large",
  "unsupported_media_type",
  "rate_limited",
]);

/**
 * Records actions that were allowed and failed (conflict, not found, server away), after their transaction is rolled
 * back. Public endpoints record their own failures, because they identify the caller.
 */
export const failedActsPlugin = fastifyPlugin<{ denials: Denials }>(
  (app, { denials }, done) => {
    app.addHook("onError", async (request, _reply, error) => {
      const endpoint = request.routeOptions.config.endpoint;
      if (!endpoint?.action || endpoint.access === "public" || !request.context) return;
      const { code, message } = toAppError(error);
      if (noAttempt.has(code)) return;
      await denials.record(request.context, {
        action: endpoint.action,
        outcome: "failure",
        reason: `${code}: ${message}`,
        targets: targetsOf(endpoint.path, request.params),
      });
    });
    done();
  },
  { name: "failed-acts", dependencies: ["auth"] },
);

/** The objects that the path names: each parameter, with the part before it as its type. */
function targetsOf(path: string, params: unknown): AuditTarget[] {
  const values = new Map(Object.entries(typeof params === "object" && params !== null ? params : {}));
  const parts = path.split("/");
  return parts.flatMap((part, place) => {
    const value = part.startsWith(":") ? values.get(part.slice(1)) : undefined;
    if (value === undefined) return [];
    return [{ type: parts[place - 1] ?? "path", id: String(value), name: String(value) }];
  });
}
