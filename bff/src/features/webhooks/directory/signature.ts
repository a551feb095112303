import { createPublicKey, randomBytes, verify } from "node:crypto";
import type { SourceScheme } from "@wheelhouse/shared/webhooks/senders.ts";
import { invalidField } from "#lib/http/errors.ts";
import { hmac } from "./signed-request.ts";

const standardPrefix = "whsec_";
const publicPrefix = "whpk_";
const publicKeyBytes = 32;

/** A new Standard Webhooks secret: `whsec_` and base64 of 32 bytes. */
export const makeSecret = () => standardPrefix + randomBytes(32).toString("base64");

/** The part of a secret that may be shown. */
export const secretHint = (secret: string) => secret.slice(-4);

export const isPublicKey = (secret: string) => secret.startsWith(publicPrefix);

const base64Bytes = (text: string) =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64").length : 0;

/**
 * Validates the secret with which deliveries are signed.
 * @throws AppError naming `field`.
 */
export function assertSigningSecret(secret: string, field: string) {
  const bytes = secret.startsWith(standardPrefix) ? base64Bytes(secret.slice(standardPrefix.length)) : 0;
  if (bytes < 24 || bytes > 64)
    throw invalidField(field, `must be ${standardPrefix} and base64 of 24 to 64 bytes`);
}

/**
 * Validates the secret of a source.
 * @throws AppError naming `field`.
 */
export function assertSecret(scheme: SourceScheme, secret: string, field: string) {
  if (scheme === "standard" && isPublicKey(secret)) {
    if (base64Bytes(secret.slice(publicPrefix.length)) !== publicKeyBytes)
      throw invalidField(field, `must be ${publicPrefix} and base64 of the ${publicKeyBytes} bytes of a key`);
    return;
  }
  if (scheme === "standard") return assertSigningSecret(secret, field);
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(secret))
    throw invalidField(field, "must be printable ASCII without spaces at its ends");
  const minimum = scheme === "bearer" ? 16 : 8;
  if (secret.length < minimum) throw invalidField(field, `must have at least ${minimum} characters`);
}

const standardKey = (secret: string) => Buffer.from(secret.slice(standardPrefix.length), "base64");

/** Value of `webhook-signature` (Standard Webhooks 1.0): HMAC-SHA256 over `id.timestamp.body`. */
export function signStandard(
  secret: string,
  id: string,
  timestampSeconds: number | string,
  body: Uint8Array,
): string {
  return `v1,${hmac(standardKey(secret), `${id}.${timestampSeconds}.`, body).digest("base64")}`;
}

/** Verifies a `v1a` signature of Standard Webhooks: ed25519 over `id.timestamp.body`. */
export function verifyPublic(publicKey: string, signature: string, signed: Buffer): boolean {
  const raw = Buffer.from(publicKey.slice(publicPrefix.length), "base64");
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") },
    format: "jwk",
  });
  return signature.startsWith("v1a,") && verify(null, signed, key, Buffer.from(signature.slice(4), "base64"));
}
