import type { RefusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import { AppError } from "#lib/http/errors.ts";

type Options = ConstructorParameters<typeof AppError>[2];

/** An error of the intake that says in one word why the request was refused. */
export class Refusal extends AppError {
  readonly reason: RefusalReason;

  constructor(
    reason: RefusalReason,
    code: "validation_failed" | "unauthenticated" | "rate_limited",
    message: string,
    options: Options = {},
  ) {
    super(code, message, options);
    this.reason = reason;
  }
}

/** A refusal that names the part of the request that is wrong. */
export const refusedField = (
  reason: RefusalReason,
  code: "validation_failed" | "unauthenticated",
  field: string,
  message: string,
) => new Refusal(reason, code, `${field}: ${message}`, { details: [{ field, message }] });

const reasonOfCode: Partial<Record<AppError["code"], RefusalReason>> = {
  payload_too_large: "body_too_large",
  unsupported_media_type: "media_type",
  not_found: "unknown_source",
};
const fieldOfCode: Partial<Record<AppError["code"], string>> = {
  payload_too_large: "header.content-length",
  unsupported_media_type: "header.content-type",
  not_found: "path",
};

const fieldOf = (error: AppError): string | null =>
  error.details?.[0]?.field ??
  (error.cause instanceof AppError ? fieldOf(error.cause) : (fieldOfCode[error.code] ?? null));

/** Why a request was refused, and which part of it was wrong. */
export const causeOf = (error: AppError): { reason: RefusalReason; field: string | null } => ({
  reason: error instanceof Refusal ? error.reason : (reasonOfCode[error.code] ?? "other"),
  field: fieldOf(error),
});
