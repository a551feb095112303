import type { RedisDetail } from "@wheelhouse/shared/caches/caches.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import type { Board } from "#observe/aspect.ts";
import type { ObservedRedisDetail } from "../rows.ts";
import type { PrefixedCache } from "./cache-times.ts";
import { createKeyspaceWalk } from "./keyspace.ts";
import { createLatencyReader } from "./latency.ts";
import { createSlowLogReader } from "./slow-log.ts";

export type DetailedServer = {
  id: string;
  organization: string;
  redis: Redis;
  database: number;
  /** Declared in this server. */
  caches?: readonly PrefixedCache[];
};

const latencyEveryMs = 10_000;
const slowLogEveryMs = 15_000;
const passEveryMs = 60_000;
/** Time per tick while a keyspace pass runs. */
const walkBudgetMs = 80;

/**
 * Details of watched Redis servers that are read less often than every tick: latency, slow log, keyspace
 * sample. Only the leader reads them, one after the other per server, so that a slow server never gets two
 * queries at once.
 */
export function createRedisDetails({
  servers,
  clock,
  log,
}: {
  servers(): readonly DetailedServer[];
  clock: Clock;
  log: Logger;
}): Board<ObservedRedisDetail> {
  const watchers = new Map<Redis, Watcher>();
  let adopted = new Map<string, ObservedRedisDetail>();
  let isLeading = false;

  return {
    adopt(rows) {
      adopted = new Map(rows.map((row) => [row.id, row]));
    },
    observe({ leads }) {
      isLeading = leads;
      const present = servers();
      const connections = new Set(present.map(({ redis }) => redis));
      for (const known of watchers.keys()) if (!connections.has(known)) watchers.delete(known);
      const rows = present.map((server) => {
        const watcher =
          watchers.get(server.redis) ??
          watchServer({ server, clock, log, kept: adopted.get(server.id), goesOn: () => isLeading });
        watchers.set(server.redis, watcher);
        watcher.follow(server.caches ?? []);
        if (leads) watcher.poke();
        return watcher.row();
      });
      return { rows, changes: [] };
    },
    rest() {
      isLeading = false;
      // The next leader starts from newer data.
      watchers.clear();
    },
  };
}

type Watcher = {
  /** Takes the caches to sample from the next pass on. */
  follow(caches: readonly PrefixedCache[]): void;
  poke(): void;
  row(): ObservedRedisDetail;
};

const unread = { keyspace: null, slowLog: null, latency: null, notice: null };

function watchServer(deps: {
  server: DetailedServer;
  kept: ObservedRedisDetail | undefined;
  clock: Clock;
  log: Logger;
  goesOn(): boolean;
}): Watcher {
  const { server, kept, clock, log, goesOn } = deps;
  const { id, organization, redis, database } = server;
  const latency = createLatencyReader({ redis, clock });
  const slowLog = createSlowLogReader({ redis, clock });
  let caches: readonly PrefixedCache[] = [];
  const keyspace = createKeyspaceWalk({ redis, database, clock, caches: () => caches });
  let row: ObservedRedisDetail = kept ?? { id, organization, ...unread };
  const askedAtMs = new Map<string, number>();
  const refusals = new Map<string, string>();
  let isBusy = false;

  const take = (part: Partial<RedisDetail>) => {
    row = { ...row, ...part };
  };
  const isDue = (name: string, everyMs: number) =>
    !refusals.has(name) && clock.now() - (askedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) >= everyMs;
  const ask = async (name: string, question: () => Promise<void>) => {
    askedAtMs.set(name, clock.now());
    try {
      await question();
    } catch (err) {
      const text = err instanceof Error ? err.message : String(err);
      log.debug({ err, source: id, question: name }, "a detail of a Redis server could not be read");
      // These errors would recur; others are retried.
      if (!/^(NOPERM|ERR unknown (sub)?command)/i.test(text)) return;
      refusals.set(name, `The ${name} cannot be read: ${text.slice(0, 200)}`);
      take({ notice: [...refusals.values()].join(". ") });
    }
  };

  const work = async () => {
    if (isDue("latency", latencyEveryMs))
      await ask("latency", async () => take({ latency: (await latency.read()) ?? row.latency }));
    if (isDue("slow log", slowLogEveryMs))
      await ask("slow log", async () => take({ slowLog: await slowLog.read() }));
    const goesOnWalking = keyspace.isWalking() && !refusals.has("keyspace");
    if (!goesOnWalking && !isDue("keyspace", passEveryMs)) return;
    const began = askedAtMs.get("keyspace");
    await ask("keyspace", async () => {
      const sample = await keyspace.step(walkBudgetMs, goesOn);
      if (sample) take({ keyspace: sample });
    });
    // The interval runs from the start of one pass to the start of the next.
    if (goesOnWalking && began !== undefined) askedAtMs.set("keyspace", began);
  };

  return {
    follow(declared) {
      caches = declared;
    },
    poke() {
      if (isBusy || redis.status !== "ready") return;
      isBusy = true;
      void work().finally(() => {
        isBusy = false;
      });
    },
    row: () => row,
  };
}
