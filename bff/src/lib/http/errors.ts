import { type ErrorBody, type ErrorCode, type ErrorDetail, errorStatus } from "@wheelhouse/shared/errors.ts";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { NoAnswerInTime, ServerAway } from "./server-away.ts";

/** An error with a message for the caller. Any other error becomes a 500 without details. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetail[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetail[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** 400 that names the field, e.g. `invalidField("body.url", "must be an address that may be reached")`. */
export const invalidField = (field: string, message: string) =>
  new AppError("validation_failed", `${field}: ${message}`, { details: [{ field, message }] });

export const notFound = (thing: string) =>
  new AppError("not_found", `No such ${thing} in this organization.`);

const errorBodyOf = (error: AppError, requestId: string): ErrorBody => ({
  error: {
    code: error.code,
    message: error.message,
    requestId,
    ...(error.details ? { details: error.details } : {}),
  },
});

/** For a field that the endpoint does not have. */
export const unknownText = "is unknown";

const partName: Record<string, string> = { querystring: "query", params: "path", headers: "header" };

function fromValidation(error: FastifyError): AppError | undefined {
  if (!hasZodFastifySchemaValidationErrors(error)) return undefined;
  const part = error.validationContext
    ? (partName[error.validationContext] ?? error.validationContext)
    : "body";
  const details = error.validation
    .flatMap((issue): ErrorDetail[] => {
      const field = [part, ...issue.instancePath.split("/").filter((step) => step !== "")].join(".");
      const { keys } = issue.params;
      if (issue.keyword !== "unrecognized_keys" || !Array.isArray(keys))
        return [{ field, message: issue.message ?? "is not valid" }];
      return keys.map((key) => ({ field: `${field}.${key}`, message: unknownText }));
    })
    .slice(0, 20);
  const first = details[0];
  const text = first ? `${first.field}: ${first.message}` : "The request is not valid.";
  return new AppError("validation_failed", text, { details });
}

const partTooLong = () => invalidField("path", "has a part that is too long");

// Fastify and node-postgres codes of failures that a caller can understand or wait out.
const fromFastify: Record<string, () => AppError> = {
  FST_ERR_CTP_INVALID_JSON_BODY: () => invalidField("body", "is not valid JSON"),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => invalidField("body", "is empty; JSON is expected"),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    invalidField("header.content-length", "differs from the size of the body"),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new AppError("payload_too_large", "The body is larger than 1 MiB."),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new AppError("unsupported_media_type", "header.content-type: application/json is expected"),
  FST_ERR_BAD_URL: () => invalidField("path", "is not a valid URL path"),
  FST_ERR_MAX_PARAM_LENGTH: partTooLong,
};

const unreachableCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
]);

/** True if the error means that the database or Redis cannot be reached now, as opposed to a mistake of ours. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ServerAway || error instanceof NoAnswerInTime) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  // An error of a socket that no client library wraps.
  if ("code" in error && typeof error.code === "string" && unreachableCodes.has(error.code)) return true;
  return error.cause !== undefined && isUnavailable(error.cause);
}

export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error) {
    const known = "code" in error && typeof error.code === "string" ? fromFastify[error.code] : undefined;
    if (known) return known();
    if ("validation" in error) {
      const validation = fromValidation(error as FastifyError);
      if (validation) return validation;
    }
    if ("code" in error && error.code === "57014")
      return new AppError("unavailable", "The query took too long. Narrow the filter.", {
        retryAfterSeconds: 5,
        cause: error,
      });
  }
  if (isUnavailable(error))
    return new AppError(
      "unavailable",
      "A required server cannot be reached. Nothing was changed; try again.",
      {
        retryAfterSeconds: 5,
        cause: error,
      },
    );
  return new AppError("internal", "Internal error.", { cause: error });
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Sends an error in the standard shape; also used for failures before routing. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = toAppError(error);
  const status = errorStatus[known.code];
  // An outage fails every request alike, so it logs one line each without a stack.
  if (known.code === "unavailable")
    request.log.warn({ reason: reasonOf(known.cause ?? error) }, known.message);
  else if (status >= 500) request.log.error({ err: known.cause ?? error }, known.message);
  if (known.retryAfterSeconds !== undefined) reply.header("retry-after", Math.ceil(known.retryAfterSeconds));
  return reply.status(status).send(errorBodyOf(known, request.id));
}

/** Characters of one part of a path; longer than any id that a list gives. */
export const pathPartMax = 700;

/** Registers the error handler and the JSON 404 of the whole application. */
export function registerErrors(app: FastifyInstance) {
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?");
    if (path.split("/").some((part) => part.length > pathPartMax)) throw partTooLong();
    return reply.status(404).send(errorBodyOf(new AppError("not_found", "Not found."), request.id));
  });
}
