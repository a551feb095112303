import type { OtherQueueRow } from "@wheelhouse/shared/queues.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";
import { accessRefusalOf, serverWordsOf } from "#lib/redis/redis.ts";
import type { Clock } from "#lib/time/clock.ts";
import { parseClientList, type QueueClients } from "./clients.ts";
import { createQueueDiscovery } from "./discovery.ts";
import { otherIdOf, type QueueName, queueIdOf } from "./keys.ts";
import type { FoundQueue } from "./others.ts";
import { createQueueRates } from "./rates.ts";
import { type QueueReading, type QueuesReading, unreadCounts } from "./rows.ts";
import { drainOf, judgeQueue } from "./rules.ts";

const queuesPerCall = 250;
/** Most event entries that one call reads, which takes about a millisecond of the server's time. */
const eventBudget = 1_000;
const clientListEveryMs = 5_000;

const script = loadLua(new URL("./sample-queues.lua", import.meta.url));

const int = z.number().int();
const orNull = int.transform((value) => (value < 0 ? null : value));

const names = [
  "paused",
  "waiting",
  "prioritized",
  "active",
  "delayed",
  "waitingChildren",
  "failed",
  "completed",
  "oldestAtMs",
  "metricsCompleted",
  "metricsFailed",
  "eventsAllowed",
  "eventsTaken",
  "eventsCompleted",
  "eventsFailed",
  "eventsLastId",
  "streamLength",
  "entryBytes",
  "lastJob",
] as const;

const fields = z.object({
  paused: int.transform((value) => value === 1),
  waiting: int,
  prioritized: int,
  active: int,
  delayed: int,
  waitingChildren: int,
  failed: int,
  completed: int,
  oldestAtMs: int.transform((value) => (value === 0 ? null : value)),
  metricsCompleted: orNull,
  metricsFailed: orNull,
  eventsAllowed: int,
  eventsTaken: int,
  eventsCompleted: int,
  eventsFailed: int,
  eventsLastId: z.string(),
  streamLength: orNull,
  entryBytes: orNull,
  lastJob: orNull,
} satisfies Record<(typeof names)[number], z.ZodType>);

/** A row of `sample-queues.lua`, in the order given in its header. */
const row = z
  .array(z.union([z.number(), z.string()]))
  .length(names.length)
  .transform((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])))
  .pipe(fields)
  .transform((read) => ({
    paused: read.paused,
    counts: {
      waiting: read.waiting,
      prioritized: read.prioritized,
      active: read.active,
      delayed: read.delayed,
      waitingChildren: read.waitingChildren,
      failed: read.failed,
      completed: read.completed,
    },
    /** Since when the oldest waiting job could run; null when none waits. */
    oldestAtMs: read.oldestAtMs,
    finished: {
      metrics:
        read.metricsCompleted === null
          ? null
          : { completed: read.metricsCompleted, failed: read.metricsFailed ?? 0 },
      events: {
        allowed: read.eventsAllowed,
        taken: read.eventsTaken,
        completed: read.eventsCompleted,
        failed: read.eventsFailed,
        lastId: read.eventsLastId,
      },
      look: read.streamLength === null ? null : { entryBytes: read.entryBytes, lastJob: read.lastJob ?? 0 },
    },
  }));

/** `[server time ms, one row per queue]`; 0 marks a deleted queue, a text one that the server refuses to read. */
const sampleReply = z.tuple([z.number(), z.array(z.union([z.literal(0), z.string(), row]))]);

/**
 * All BullMQ queues of one logical database, read by one script call per 250 queues and tick, with CLIENT
 * LIST every 5 s for the workers. Ages use the Redis server's clock, so an inaccurate local clock makes no
 * job look old.
 */
export function createQueuesSource(deps: { redis: Redis; sourceId: string; database: number; clock: Clock }) {
  const { redis, sourceId, database, clock } = deps;
  const discovery = createQueueDiscovery(redis, clock);
  const readScript = createReadOnlyLua(redis, script);
  const rates = new Map<string, ReturnType<typeof createQueueRates>>();
  let clients: QueueClients | null = null;
  let clientsAtMs = Number.NEGATIVE_INFINITY;
  let serverMs = 0;
  let turn = 0;
  let undiscovered: string | null = null;

  const ratesOf = (base: string) => {
    const known = rates.get(base) ?? createQueueRates();
    rates.set(base, known);
    return known;
  };

  const readClients = async () => {
    if (clock.now() - clientsAtMs < clientListEveryMs) return;
    clientsAtMs = clock.now();
    try {
      clients = parseClientList(String(await redis.call("CLIENT", "LIST")), database);
      await discovery.hint(clients.queues);
    } catch (error) {
      // Hosted servers may forbid the command; workers are then unknown rather than absent.
      if (redis.status !== "ready") throw error;
      clients = null;
    }
  };

  const readQueues = async (names: readonly (readonly [string, QueueName])[]) => {
    const chunks = Array.from({ length: Math.ceil(names.length / queuesPerCall) }, (_, index) =>
      names.slice(index * queuesPerCall, (index + 1) * queuesPerCall),
    );
    const replies = await readScript(
      chunks.map((chunk) => ({
        keys: chunk.map(([base]) => base),
        args: [
          eventBudget,
          ...chunk.flatMap(([base]) => {
            const { cursor, most } = ratesOf(base).ask(serverMs);
            return [cursor, most];
          }),
        ],
      })),
    );
    return chunks.flatMap((chunk, index) => {
      const [nowMs, rows] = sampleReply.parse(replies[index]);
      serverMs = nowMs;
      return chunk.map(([base, queue], place) => ({ base, queue, nowMs, row: rows[place] ?? 0 }));
    });
  };

  const take = ({ base, queue, nowMs, row: figures }: Awaited<ReturnType<typeof readQueues>>[number]) => {
    if (typeof figures === "string") return unreadQueue(sourceId, queue, figures);
    if (figures === 0) {
      discovery.forget(base);
      rates.delete(base);
      return [];
    }
    const rate = ratesOf(base);
    rate.add({ nowMs, active: figures.counts.active, ...figures.finished });
    const read = {
      id: queueIdOf(sourceId, queue),
      name: queue.name,
      prefix: queue.prefix,
      source: sourceId,
      paused: figures.paused,
      counts: figures.counts,
      oldestWaitingMs: figures.oldestAtMs === null ? null : Math.max(0, nowMs - figures.oldestAtMs),
      workers: clients ? (clients.workers.get(base) ?? 0) : null,
      ...rate.read(),
    };
    return { ...read, ...judgeQueue(read), drainsInMs: drainOf(read) };
  };

  /** Searches on; a refusal leaves the queues that are known already, and those of connected workers. */
  const discover = async () => {
    try {
      await discovery.step();
      undiscovered = discovery.others.refusal();
    } catch (error) {
      if (!(error instanceof Error && error.name === "ReplyError")) throw error;
      undiscovered = error.message;
    }
  };

  return {
    /** The queues of BullMQ that are known now. */
    known: () =>
      [...discovery.known()].map(([base, { prefix, name }]) => ({
        base,
        prefix,
        name,
        id: queueIdOf(sourceId, { prefix, name }),
      })),
    /** Why not all queues of this server are known; null if they are. */
    notice: () => (undiscovered === null ? null : noticeOf(undiscovered)),
    async sample(): Promise<QueuesReading> {
      try {
        return await read();
      } catch (error) {
        const words = serverWordsOf(redis, error);
        throw words === null ? error : new Error(words, { cause: error });
      }
    },
  };

  async function read(): Promise<QueuesReading> {
    await discover();
    await readClients();
    const names = [...discovery.known()];
    // Each tick starts with a different queue, so that no queue lacks event budget for long.
    turn = names.length === 0 ? 0 : (turn + 97) % names.length;
    const rows = await readQueues([...names.slice(turn), ...names.slice(0, turn)]).catch((error: unknown) => {
      const refusal = accessRefusalOf(redis, error);
      if (refusal === null) throw error;
      return refusal;
    });
    const hidden = [...discovery.unreadable().values()].map(({ queue, reason }) =>
      unreadQueue(sourceId, queue, reason),
    );
    const found = {
      others: {
        items: discovery.others
          .found()
          .map((other) => otherRow(sourceId, other))
          .sort((a, b) => a.key.localeCompare(b.key)),
        more: discovery.others.more(),
      },
      undiscovered: undiscovered === null ? null : noticeOf(undiscovered),
    };
    if (typeof rows === "string") {
      const unread = names.map(([, queue]) => unreadQueue(sourceId, queue, rows));
      return { queues: [...unread, ...hidden], hosts: [], ...found };
    }
    return {
      queues: [...rows.flatMap(take), ...hidden],
      hosts: hostsOf(clients, sourceId, discovery.known()),
      ...found,
    };
  }
}

const noticeOf = (words: string) => `Not all queues can be found: ${words.slice(0, 200)}`;

const otherRow = (source: string, { system, name, key, depth, reason }: FoundQueue): OtherQueueRow => ({
  id: otherIdOf(source, key),
  name,
  system,
  source,
  key,
  depth,
  reason,
});

/** A queue that was found, but whose figures this user may not read. */
const unreadQueue = (source: string, queue: QueueName, refusal: string): QueueReading => ({
  id: queueIdOf(source, queue),
  name: queue.name,
  prefix: queue.prefix,
  source,
  paused: false,
  isUnread: true,
  counts: unreadCounts,
  oldestWaitingMs: null,
  workers: null,
  completedPerMinute: null,
  failedPerMinute: null,
  state: "unknown",
  label: "Unknown",
  cause: `This queue cannot be read: ${refusal.slice(0, 200)}`,
  drainsInMs: null,
});

/** Machines with workers of existing queues. */
function hostsOf(clients: QueueClients | null, sourceId: string, known: ReadonlyMap<string, QueueName>) {
  return [...(clients?.hosts ?? [])].map(([host, bases]) => ({
    host,
    workers: Object.fromEntries(
      [...bases].flatMap(([base, workers]) => {
        const queue = known.get(base);
        return queue ? [[queueIdOf(sourceId, queue), workers] as const] : [];
      }),
    ),
  }));
}
