import type { Logger } from "pino";
import type { SecretBox } from "#lib/security/secret-box.ts";

// What a sealed secret begins with; a payload is JSON and never does.
const sealedMark = 1;

/**
 * Payloads at rest: providers put secrets and people's data into them, so the database holds them sealed, each for
 * its own event. Those that were stored before they were sealed are taken as they are.
 */
export function createPayloads(secrets: SecretBox, log: Logger) {
  const purposeOf = (eventId: string) => `payload of ${eventId}`;
  return {
    seal: (body: Uint8Array, eventId: string): Buffer => secrets.sealBytes(body, purposeOf(eventId)),

    /** Null for one that cannot be opened any more, because the installation's key was changed. */
    open(stored: Buffer | null, eventId: string): Buffer | null {
      if (stored === null || stored[0] !== sealedMark) return stored;
      try {
        return secrets.openBytes(stored, purposeOf(eventId));
      } catch (err) {
        log.error({ err, eventId }, "a payload cannot be opened with the present key");
        return null;
      }
    },
  };
}
export type Payloads = ReturnType<typeof createPayloads>;
