import type { Logger } from "pino";
import type { SecretBox } from "#lib/security/secret-box.ts";

// First byte of a sealed payload; JSON never starts with it.
const sealedMark = 1;

/**
 * Payloads at rest: they can contain secrets and personal data, so each is sealed for its own event. Older
 * unsealed payloads are read as they are.
 */
export function createPayloads(secrets: SecretBox, log: Logger) {
  const purposeOf = (eventId: string) => `payload of ${eventId}`;
  return {
    seal: (body: Uint8Array, eventId: string): Buffer => secrets.sealBytes(body, purposeOf(eventId)),

    /** Null when it can no longer be decrypted, because the key of the installation was changed. */
    open(stored: Buffer | null, eventId: string): Buffer | null {
      if (stored === null || stored[0] !== sealedMark) return stored;
      try {
        return secrets.openBytes(stored, purposeOf(eventId));
      } catch (err) {
        log.error({ err, eventId }, "a payload cannot be decrypted with the current key");
        return null;
      }
    },
  };
}
export type Payloads = ReturnType<typeof createPayloads>;
