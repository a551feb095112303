import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { RefusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import { refusedField } from "../refusal.ts";

export type SignedRequest = {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
};

/** More than any sender has; bounds the work for a request that nobody signed. */
const maxSignatures = 10;

export const rejected = (reason: RefusalReason, field: string, message: string) =>
  refusedField(reason, "unauthenticated", field, message);

export function optional(request: SignedRequest, name: string): string | undefined {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) || undefined;
}

/** @throws Refusal `header_missing`. */
export function single(request: SignedRequest, name: string): string {
  const text = optional(request, name);
  if (text === undefined) throw rejected("header_missing", `header.${name}`, "is missing");
  return text;
}

export const hmac = (secret: string | Buffer, ...parts: (string | Uint8Array)[]) => {
  const mac = createHmac("sha256", secret);
  for (const part of parts) mac.update(part);
  return mac;
};

export const hashOf = (body: Uint8Array) => createHash("sha256").update(body).digest("base64url");

const digest = (text: string) => createHash("sha256").update(text).digest();

/**
 * Whether one of the sent texts is an expected one. Compares digests of equal length, and all of them, so that the
 * duration reveals neither content, length nor place.
 */
export function anyEqual(sent: readonly string[], expected: readonly string[]): boolean {
  const wanted = expected.map(digest);
  let found = false;
  for (const one of sent.slice(0, maxSignatures).map(digest))
    for (const other of wanted) if (timingSafeEqual(one, other)) found = true;
  return found;
}

/** @throws Refusal `timestamp_malformed` naming the header. */
export function readTimestamp(text: string, field: string): number {
  if (!/^\d{1,12}$/.test(text))
    throw rejected("timestamp_malformed", field, "must be Unix time in whole seconds");
  return Number(text) * 1_000;
}

/** @throws Refusal `timestamp_outside` naming the header. */
export function assertFresh(atMs: number, nowMs: number, toleranceMs: number, field: string) {
  if (Math.abs(nowMs - atMs) > toleranceMs)
    throw rejected("timestamp_outside", field, "is too far from the time of this server");
}
