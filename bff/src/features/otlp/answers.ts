import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { type ErrorCode, errorStatus } from "@wheelhouse/shared/errors.ts";
import type { pushMetrics } from "@wheelhouse/shared/sources/otlp.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { toAppError } from "#lib/http/errors.ts";
import { contentTypeOf, contentTypes, withLimit } from "./bodies.ts";
import { writeResponse, writeStatus } from "./protobuf.ts";
import type { Rejections } from "./series.ts";

/** Codes of gRPC, in which OTLP says why a request failed. */
const grpcCodes: Partial<Record<ErrorCode, number>> = {
  validation_failed: 3,
  payload_too_large: 3,
  unsupported_media_type: 3,
  forbidden: 7,
  rate_limited: 8,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};

const isProtobuf = (request: FastifyRequest) => contentTypeOf(request) === contentTypes.protobuf;

function send(request: FastifyRequest, reply: FastifyReply, json: object, protobuf: () => Uint8Array) {
  return isProtobuf(request)
    ? reply.type(contentTypes.protobuf).send(Buffer.from(protobuf()))
    : reply.type("application/json; charset=utf-8").send(JSON.stringify(json));
}

/** Answers with a `Status` in the encoding of the request, as OTLP demands. */
export function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = withLimit(toAppError(error));
  const status = errorStatus[known.code];
  if (status >= 500) request.log.warn({ err: known.cause ?? error }, known.message);
  if (known.retryAfterSeconds !== undefined) reply.header("retry-after", Math.ceil(known.retryAfterSeconds));
  const told = { code: grpcCodes[known.code] ?? 2, message: known.message };
  return send(request, reply.status(status), told, () => writeStatus(told));
}

/** Answers with what was not kept, if anything; `warning` is told even if all was. */
export function sendResult(
  request: FastifyRequest,
  reply: FastifyReply,
  { rejections, warning }: { rejections: Rejections; warning: string | null },
) {
  const rejected = [...rejections.values()].reduce((sum, count) => sum + count, 0);
  const reasons = [...rejections].map(
    ([why, count]) => `${count} data point${count === 1 ? "" : "s"}: ${why}`,
  );
  const message = reasons.length > 0 ? reasons.join("; ") : warning;
  const partial = message === null ? null : { rejected, message };
  const json: EndpointResult<typeof pushMetrics> =
    partial === null
      ? {}
      : { partialSuccess: { rejectedDataPoints: String(rejected), errorMessage: partial.message } };
  return send(request, reply, json, () => writeResponse(partial));
}
