import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/time/clock.ts";
import { invalidateTag } from "./bentocache-tags.ts";
import { removeSome } from "./keys.ts";
import type { RemovalRow, RemovalsStore } from "./store.ts";

/** Redis is used for this long at a stretch, then left to others for the same time. */
const stretchMs = 10;
const tellEveryMs = 300;
const retryEveryMs = 1_000;
const triesMax = 30;

class TakenOver extends Error {}

/**
 * Runs removals to their end in small steps with stored progress, so that they can be cancelled, or continued
 * by another process. A Redis server that does not respond is retried for 30 seconds.
 */
export function createRemovalRunner(deps: {
  store: RemovalsStore;
  changes: Changes;
  /** Undefined when the server is no longer watched. */
  redisOf(sourceId: string): Redis | undefined;
  runner: string;
  clock: Clock;
  log: Logger;
}) {
  const { store, changes, redisOf, runner, clock, log } = deps;
  let isStopped = false;

  async function end(
    row: RemovalRow,
    outcome: { place: string; looked: number; removed: number } & {
      state: "done" | "cancelled" | "failed";
      cause: string | null;
    },
  ) {
    const { state, cause, looked, removed } = outcome;
    await changes.runAsSystem(row.org_id, "Wheelhouse", "cache.removal.outcome", async (tx) => {
      if (!(await store.end(tx, { id: row.id, runner, ...outcome }))) throw new TakenOver();
      return {
        result: null,
        audit: {
          ...(state === "done" ? {} : { outcome: "failure" as const }),
          targets: [{ type: "cache", id: row.cache_id, name: row.cache_name }],
          after: { operation: row.id, state, looked, cause, ...(row.by === "tag" ? {} : { removed }) },
          reason: row.reason,
        },
      };
    });
  }

  async function work(row: RemovalRow) {
    const { by, prefix, value, store: storeName } = row;
    const progress = { place: row.place, looked: Number(row.looked), removed: Number(row.removed) };
    let tries = 0;
    let toldAtMs = Number.NEGATIVE_INFINITY;
    let stretchEndMs = performance.now() + stretchMs;
    for (;;) {
      if (isStopped) return;
      if (performance.now() - toldAtMs >= tellEveryMs) {
        const answer = await store.tell(row.id, runner, progress);
        if (answer === "none") return;
        if (answer === "cancel") return end(row, { ...progress, state: "cancelled", cause: null });
        toldAtMs = performance.now();
      }
      try {
        const redis = redisOf(row.source_id);
        if (!redis)
          return await end(row, {
            ...progress,
            state: "failed",
            cause: "Its Redis server is no longer watched",
          });
        if (by === "tag") {
          if (storeName !== null)
            await invalidateTag(redis, { store: storeName, prefix, tag: value, nowMs: clock.now() });
          return await end(row, { ...progress, state: "done", cause: null });
        }
        const { place, looked, removed } = await removeSome(redis, { by, prefix, value }, progress.place);
        progress.looked += looked;
        progress.removed += removed;
        if (place === null) return await end(row, { ...progress, state: "done", cause: null });
        progress.place = place;
        tries = 0;
      } catch (error) {
        if (error instanceof TakenOver) return;
        const text = error instanceof Error ? error.message : String(error);
        tries += 1;
        if (/^NOPERM|^READONLY/i.test(text) || tries > triesMax)
          return await end(row, { ...progress, state: "failed", cause: causeOf(text) });
        await sleep(retryEveryMs);
      }
      if (performance.now() < stretchEndMs) continue;
      await sleep(stretchMs);
      stretchEndMs = performance.now() + stretchMs;
    }
  }

  return {
    /** Resolves when the removal has ended or another process took it over; never rejects. */
    run: (row: RemovalRow): Promise<void> =>
      work(row).catch((err: unknown) => {
        if (!(err instanceof TakenOver)) log.warn({ err, removal: row.id }, "a removal will be retried");
      }),
    stop() {
      isStopped = true;
    },
  };
}

/** The Redis error text can contain keys of others. */
const causeOf = (text: string): string =>
  /^NOPERM|^READONLY/i.test(text)
    ? "Redis refused the command: its user or role is read-only"
    : "Redis did not respond for 30 seconds";
