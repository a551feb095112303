import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const secretBytes = 24;
const hintLength = 4;

/** A new secret for the end of a heartbeat URL; only `hash` and `hint` are stored. */
export function issueHeartbeatSecret() {
  const bytes = randomBytes(secretBytes);
  const secret = bytes.toString("base64url");
  return { secret, hash: hashOf(bytes), hint: secret.slice(-hintLength) };
}

export function isHeartbeatSecret(given: string, hash: Buffer): boolean {
  const bytes = Buffer.from(given, "base64url");
  return bytes.length === secretBytes && timingSafeEqual(hashOf(bytes), hash);
}

/** The URL that an instance posts its heartbeat to, without the secret at its end. */
export const heartbeatPath = (serviceId: string, instance: string) =>
  `/heartbeats/${encodeURIComponent(serviceId)}/${encodeURIComponent(instance)}/`;

const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
