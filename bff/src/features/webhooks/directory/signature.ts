import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { RefusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import { invalidField } from "#lib/http/errors.ts";
import { refusedField } from "../refusal.ts";

const standardPrefix = "whsec_";

export type SignatureScheme = "standard" | "github";
export type SignedRequest = {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
};
export type VerifiedSource = { eventId: string; bodyHash: string };

/** A new Standard Webhooks secret: `whsec_` and base64 of 32 bytes. */
export const makeSecret = () => standardPrefix + randomBytes(32).toString("base64");

/** The part of a secret that may be shown. */
export const secretHint = (secret: string) => secret.slice(-4);

/**
 * Validates a secret chosen by a person.
 * @throws AppError naming `field`.
 */
export function assertSecret(scheme: SignatureScheme, secret: string, field: string) {
  if (scheme === "github") {
    if (secret.length < 8) throw invalidField(field, "must have at least 8 characters");
    return;
  }
  const base64 = secret.startsWith(standardPrefix) ? secret.slice(standardPrefix.length) : "";
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, "base64").length : 0;
  if (bytes < 24 || bytes > 64)
    throw invalidField(field, `must be ${standardPrefix} and base64 of 24 to 64 bytes`);
}

const standardKey = (secret: string) => Buffer.from(secret.slice(standardPrefix.length), "base64");

/** Value of `webhook-signature` (Standard Webhooks 1.0): HMAC-SHA256 over `id.timestamp.body`. */
export function signStandard(secret: string, id: string, timestampSeconds: number, body: Uint8Array): string {
  const mac = createHmac("sha256", standardKey(secret)).update(`${id}.${timestampSeconds}.`).update(body);
  return `v1,${mac.digest("base64")}`;
}

// Compares digests of equal length, so that the duration reveals neither content nor length.
function equal(sent: string, expected: string) {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(sent), digest(expected));
}

const rejected = (reason: RefusalReason, field: string, message: string) =>
  refusedField(reason, "unauthenticated", field, message);

function single(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  if (!text) throw rejected("header_missing", `header.${name}`, "is missing");
  return text;
}

function verifyStandard(secret: string, request: SignedRequest, nowMs: number, toleranceMs: number) {
  const eventId = single(request, "webhook-id");
  const timestamp = single(request, "webhook-timestamp");
  const signatures = single(request, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp))
    throw rejected("timestamp_malformed", "header.webhook-timestamp", "must be Unix time in whole seconds");
  const expected = signStandard(secret, eventId, Number(timestamp), request.body);
  if (
    !signatures
      .split(" ")
      .slice(0, 10)
      .some((signature) => equal(signature, expected))
  )
    throw rejected(
      "signature_mismatch",
      "header.webhook-signature",
      "no signature matches the secret of this source",
    );
  if (Math.abs(nowMs - Number(timestamp) * 1000) > toleranceMs)
    throw rejected(
      "timestamp_outside",
      "header.webhook-timestamp",
      "is too far from the time of this server",
    );
  return { eventId, bodyHash: "" };
}

function verifyGithub(secret: string, request: SignedRequest) {
  const signature = single(request, "x-hub-signature-256");
  const expected = `sha256=${createHmac("sha256", secret).update(request.body).digest("hex")}`;
  if (!equal(signature, expected))
    throw rejected(
      "signature_mismatch",
      "header.x-hub-signature-256",
      "does not match the secret of this source",
    );
  // GitHub signs only the body, so its id is valid only together with the body.
  return {
    eventId: single(request, "x-github-delivery"),
    bodyHash: createHash("sha256").update(request.body).digest("base64url"),
  };
}

/**
 * Verifies a posted event by Standard Webhooks 1.0 or GitHub's `X-Hub-Signature-256`, in constant time.
 * @returns the provider's event id, and for GitHub the body's hash.
 * @throws AppError `unauthenticated` naming the header.
 */
export function verifySignature(
  scheme: SignatureScheme,
  secret: string,
  request: SignedRequest,
  nowMs: number,
  toleranceMs: number,
): VerifiedSource {
  return scheme === "github"
    ? verifyGithub(secret, request)
    : verifyStandard(secret, request, nowMs, toleranceMs);
}
