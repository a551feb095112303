import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { AuditFields, AuditTrail } from "#lib/change.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";

type ReadingsDeps = { trail: AuditTrail; redis: Redis; clock: Clock };

const windowMs = 10 * 60_000;
const rememberedMax = 10_000;

/**
 * Records who read the trail with which filter: once per session, filter and 10 minutes, so that paging adds
 * no events.
 */
export function createReadings({ trail, redis, clock }: ReadingsDeps) {
  const remembered = new Map<string, number>();

  // Redis knows what other replicas recorded; without it, each replica records for itself.
  async function isFirst(key: string): Promise<boolean> {
    const until = remembered.get(key);
    if (until !== undefined && until > clock.now()) return false;
    remembered.delete(key);
    const oldest = remembered.keys().next().value;
    if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, clock.now() + windowMs);
    try {
      return (await redis.set(key, "1", "PX", windowMs, "NX")) === "OK";
    } catch {
      return true;
    }
  }

  return {
    /** @throws if the reading cannot be recorded; then nothing may be shown. */
    async record(context: RequestContext, filter: AuditFields) {
      const reader = context.actor.sessionId ?? context.actor.id ?? context.actor.display;
      const text = JSON.stringify([context.organization.id, reader, filter]);
      const key = `wheelhouse:audit:read:${createHash("sha256").update(text).digest("base64url")}`;
      if (!(await isFirst(key))) return;
      try {
        const { id, name } = context.organization;
        await trail.recordAct(context, "audit.trail.read", {
          targets: [{ type: "audit-trail", id, name }],
          after: filter,
        });
      } catch (error) {
        remembered.delete(key);
        await redis.del(key).catch(() => {});
        throw error;
      }
    },
  };
}
export type Readings = ReturnType<typeof createReadings>;
