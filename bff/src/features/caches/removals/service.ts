import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  CacheRemoval,
  DeclaredCache,
  previewRemoval,
  RemovalBy,
  startRemoval,
} from "@wheelhouse/shared/caches/removals.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Changes } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { DeclaredCache as Declaration, WatchedServer } from "#observe/sources/sources.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { isFarMore } from "../growth.ts";
import { cacheRows } from "../rows.ts";
import { countKeys } from "./keys.ts";
import { createRemovalRunner } from "./run.ts";
import { createRemovalsStore, removalOf } from "./store.ts";

export type RemovalServer = { source: WatchedServer; connection: Redis };
type What = { by: RemovalBy; value: string };

const countBudgetMs = 1_000;
const answerWithinMs = 2_000;
const askEveryMs = 50;
const adoptEveryMs = 2_000;

const byOf = ({ store }: Declaration): RemovalBy[] => [
  ...(["key", "pattern", "prefix"] as const),
  ...(store === null ? [] : (["tag"] as const)),
];

/**
 * Removal of keys from the Redis server of declared caches whose services do not report and so cannot be sent
 * commands.
 */
export function createRemovals(deps: {
  database: Database;
  changes: Changes;
  snapshots: SnapshotStore;
  /** The watched Redis servers of all organizations. */
  servers(): readonly RemovalServer[];
  clock: Clock;
  log: Logger;
}) {
  const { database, changes, snapshots, servers, clock, log } = deps;
  const owner = randomUUID();
  const store = createRemovalsStore(database);
  /** By id of the removal. */
  const running = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  const runner = createRemovalRunner({
    store,
    changes,
    runner: owner,
    clock,
    log,
    redisOf: (sourceId) => servers().find(({ source }) => source.id === sourceId)?.connection,
  });
  const carryOn = (row: Parameters<typeof runner.run>[0]) => {
    if (running.has(row.id)) return;
    const run = runner.run(row).finally(() => running.delete(row.id));
    running.set(row.id, run);
  };

  const declaredIn = ({ organization }: RequestContext) =>
    servers()
      .filter(({ source }) => source.organization === organization.slug)
      .flatMap(({ source, connection }) =>
        (source.caches ?? []).map((cache) => ({ cache, source, connection })),
      );
  const isReported = (context: RequestContext, id: string) =>
    snapshots
      .viewsOf(context.organization)
      .rows(cacheRows)
      .some((row) => row.id === id && row.state !== "unknown");

  function find(context: RequestContext, id: string, { by }: What, part: "query" | "body") {
    const found = declaredIn(context).find(({ cache }) => cache.id === id);
    if (!found) throw notFound("declared cache");
    if (!byOf(found.cache).includes(by))
      throw invalidField(`${part}.by`, "this cache is not declared as a bentocache store, so it has no tags");
    return found;
  }

  async function count({ connection, cache }: ReturnType<typeof find>, { by, value }: What) {
    if (by === "tag") return { count: null, isEstimate: false, looked: 0, totalKeys: 0, examples: [] };
    try {
      return await countKeys(connection, { by, value, prefix: cache.prefix }, countBudgetMs);
    } catch {
      throw new AppError("unavailable", "The Redis server of this cache is not responding.");
    }
  }

  async function rowOf(context: RequestContext, id: string) {
    const row = await store.byId(context.organization.id, id);
    if (!row) throw notFound("removal");
    return row;
  }

  async function adopt() {
    for (const row of await store.adopt(owner)) carryOn(row);
  }

  return {
    async list(context: RequestContext): Promise<{ items: DeclaredCache[]; nextCursor: null }> {
      const newest = await store.newest(context.organization.id);
      const items = declaredIn(context).map(({ cache, source }): DeclaredCache => {
        const last = newest.find((row) => row.cache_id === cache.id);
        return {
          id: cache.id,
          name: cache.name,
          service: cache.service,
          prefix: cache.prefix,
          server: { id: source.id, name: source.name },
          removeBy: byOf(cache),
          isReported: isReported(context, cache.id),
          lastRemoval: last ? removalOf(last) : null,
        };
      });
      return { items: items.sort((a, b) => a.id.localeCompare(b.id)), nextCursor: null };
    },

    preview: (
      context: RequestContext,
      id: string,
      what: EndpointParsed<typeof previewRemoval>["query"],
    ): Promise<EndpointResult<typeof previewRemoval>> => count(find(context, id, what, "query"), what),

    /** Accepts and starts a removal, and waits up to 2 s for its end. */
    async start(
      context: RequestContext,
      id: string,
      { reason, count: seen, ...what }: EndpointParsed<typeof startRemoval>["body"],
    ): Promise<CacheRemoval> {
      const declared = find(context, id, what, "body");
      const { cache, source } = declared;
      if (isReported(context, id))
        throw new AppError(
          "conflict",
          "Its service reports this cache. Invalidate it there, so that the in-process memory is cleared, too.",
        );
      const now = await count(declared, what);
      if (now.count !== null && !now.isEstimate && isFarMore(now.count, seen ?? 0))
        throw new AppError(
          "conflict",
          `This would now remove ${now.count} keys, not ${seen ?? 0}. Nothing was removed; count again.`,
        );
      const removalId = await changes.run(context, "cache.keys.remove", async (tx) => {
        const made = await store.insert(tx, {
          organizationId: context.organization.id,
          actorDisplay: context.actor.display,
          runner: owner,
          cache_id: id,
          cache_name: `${cache.name} of ${cache.service}`,
          source_id: source.id,
          prefix: cache.prefix,
          store: cache.store,
          ...what,
          reason,
          total_keys: now.totalKeys,
        });
        if (made === null) throw new AppError("conflict", "A removal for this cache is already running.");
        return {
          result: made,
          audit: {
            targets: [{ type: "cache", id, name: `${cache.name} of ${cache.service}` }],
            after: {
              operation: made,
              effect: "accepted",
              source: source.id,
              prefix: cache.prefix,
              ...what,
              count: now.count,
            },
            reason,
          },
        };
      });
      // A repeated request returns the removal of the first, which may run in another process or have ended.
      const accepted = await rowOf(context, removalId);
      if (accepted.state === "running" && accepted.runner === owner) carryOn(accepted);
      const deadlineMs = performance.now() + answerWithinMs;
      let row = accepted;
      while (row.state === "running" && performance.now() < deadlineMs) {
        await sleep(askEveryMs);
        row = await rowOf(context, removalId);
      }
      return removalOf(row);
    },

    read: async (context: RequestContext, id: string): Promise<CacheRemoval> =>
      removalOf(await rowOf(context, id)),

    async cancel(context: RequestContext, id: string): Promise<CacheRemoval> {
      const row = await rowOf(context, id);
      await changes.run(context, "cache.removal.cancel", async (tx) => {
        if (!(await store.askToCancel(tx, id)))
          throw new AppError("conflict", "This removal has already ended.");
        return {
          result: null,
          audit: {
            targets: [{ type: "cache", id: row.cache_id, name: row.cache_name }],
            after: { operation: id, effect: "accepted" },
          },
        };
      });
      return removalOf(await rowOf(context, id));
    },

    /** Continues abandoned removals, every 2 s. */
    startSweeping() {
      timer ??= setInterval(() => {
        adopt().catch((err: unknown) => log.debug({ err }, "removals could not be read; retrying in 2 s"));
      }, adoptEveryMs).unref();
    },
    async stop() {
      clearInterval(timer);
      runner.stop();
      await Promise.all(running.values());
    },
    forget: store.forget,
  };
}
export type Removals = ReturnType<typeof createRemovals>;
