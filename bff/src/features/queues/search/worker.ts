import { createHmac } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { isUnavailable } from "#lib/http/errors.ts";
import { createPostgresLease, LeaseLost } from "#lib/postgres/lease.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import { describeFailure } from "#observe/targets/targets.ts";
import { observationsOf } from "#observe/tick/tick.ts";
import { queueRows } from "../rows.ts";
import { keepTimings, type Timings } from "../timings/timings.ts";
import { standingRules } from "./fields.ts";
import { createFollower, type Follower } from "./follow.ts";
import type { FollowedQueue } from "./followed.ts";
import { createIndexStore } from "./store.ts";

const leaseMs = 15_000;
const renewEveryMs = 4_000;
/** A turn that found nothing rests this long, which is most of how far the index is behind. */
const restMs = 300;
const failedRestMs = 2_000;
const rulesEveryMs = 2_000;
const timingsEveryMs = 10_000;

/** BullMQ prefix of Wheelhouse's own queues, whose jobs are deliveries and the like, and have pages of their own. */
const isOwnQueue = ({ source, prefix }: { source: string; prefix: string }) =>
  source === "primary" && prefix === "wheelhouse";

export type IndexWorkerDeps = {
  database: Database;
  snapshots: Pick<SnapshotStore, "tick">;
  /** The Redis servers watched now. */
  servers(): readonly { source: { id: string }; connection: Redis }[];
  /** Id of this process, as in its ticks. */
  owner: string;
  keptDays: number;
  terms: { key: string };
  timings: Pick<Timings, "add" | "byName" | "forget">;
  clock: Clock;
  log: Logger;
};

/** Without this key, the terms of the index say nothing. */
export const indexKeyOf = (secretKey: string): string =>
  createHmac("sha256", Buffer.from(secretKey, "base64")).update("wheelhouse job index").digest("base64");

type Server = { follower: Follower; dueMs: number; running: boolean; failure: string | null };

/** Keeps the index of jobs while this process observes, in turns for each Redis server. */
export function createIndexWorker(deps: IndexWorkerDeps) {
  const { database, snapshots, servers, owner, keptDays, terms, timings, clock, log } = deps;
  const store = createIndexStore(database);
  const lease = createPostgresLease({ database, name: "job index", owner, ttlMs: leaseMs });
  const known = new Map<Redis, Server>();
  const running = new Set<Promise<void>>();
  let rules = new Map<string, typeof standingRules>();
  let rulesAtMs = Number.NEGATIVE_INFINITY;
  let epoch: number | null = null;
  let timingsAtMs = 0;
  let heldAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const rulesOf = (organizationId: string, queue: string) => {
    const own = rules.get(`${organizationId}/${queue}`) ?? rules.get(`${organizationId}/`) ?? standingRules;
    return own;
  };

  const readRules = async () => {
    if (clock.now() - rulesAtMs < rulesEveryMs) return;
    const all = await store.rules();
    const next = new Map<string, typeof standingRules>();
    const places = new Set(
      all.flatMap(({ organizationId, queue }) => [`${organizationId}/`, `${organizationId}/${queue ?? ""}`]),
    );
    for (const place of places) {
      const [organization = "", queue = ""] = [
        place.slice(0, place.indexOf("/")),
        place.slice(place.indexOf("/") + 1),
      ];
      next.set(place, [
        ...standingRules,
        ...all.filter(
          (rule) => rule.organizationId === organization && (rule.queue === null || rule.queue === queue),
        ),
      ]);
    }
    rules = next;
    rulesAtMs = clock.now();
  };

  /** The queues of a server in the newest tick, if this process made it. */
  const queuesOf = (source: string): FollowedQueue[] | null => {
    const tick = snapshots.tick();
    if (tick === null || tick.head.observer !== owner) return null;
    const ids = new Map(tick.head.organizations.map(({ slug, id }) => [slug, id]));
    return queueRows.rows(observationsOf(tick)).flatMap((row) => {
      const organizationId = ids.get(row.organization);
      if (row.source !== source || row.isUnread === true || isOwnQueue(row) || organizationId === undefined)
        return [];
      return [{ id: row.id, name: row.name, prefix: row.prefix, organizationId, counts: row.counts }];
    });
  };

  const leave = async () => {
    if (epoch === null) return;
    epoch = null;
    timings.forget();
    for (const { follower } of known.values()) follower.forget();
    await lease.release().catch(() => {});
  };

  const hold = async () => {
    if (epoch !== null && clock.now() - heldAtMs < renewEveryMs) return epoch;
    const held = await lease.hold();
    heldAtMs = clock.now();
    if (held !== epoch) for (const { follower } of known.values()) follower.forget();
    if (held !== null && held !== epoch)
      log.info({ epoch: held }, "this process now keeps the index of jobs");
    epoch = held;
    return held;
  };

  const noteTimings = async (queues: readonly FollowedQueue[]) => {
    const nowMs = clock.now();
    if (epoch === null || nowMs - timingsAtMs < timingsEveryMs) return;
    const sinceMs = timingsAtMs;
    timingsAtMs = nowMs;
    const owners = new Map(queues.map(({ id, organizationId }) => [id, organizationId]));
    const known = timings.byName(sinceMs, nowMs).flatMap(({ queue, names }) => {
      const organizationId = owners.get(queue);
      return organizationId === undefined ? [] : [{ organizationId, queue, names }];
    });
    await lease.write(epoch, (tx) => keepTimings(tx, known, nowMs));
  };

  const turnOf = async (server: Server, source: string, queues: readonly FollowedQueue[]) => {
    server.running = true;
    try {
      if (epoch === null) return;
      const isBusy = await server.follower.step(epoch, queues);
      server.dueMs = clock.now() + (isBusy ? 0 : restMs);
      if (server.failure !== null) log.info({ source }, "the jobs of this server are indexed again");
      server.failure = null;
    } catch (err) {
      server.dueMs = clock.now() + failedRestMs;
      server.follower.forget();
      if (err instanceof LeaseLost) {
        epoch = null;
        return;
      }
      const failure = describeFailure(err);
      if (server.failure === null)
        log.warn(
          isUnavailable(err) ? { source, reason: failure } : { source, err },
          "jobs are indexed later",
        );
      server.failure = failure;
      const [first] = queues;
      if (first && epoch !== null) {
        const at = { organizationId: first.organizationId, source, readMs: null, behindMs: null };
        await lease.write(epoch, (tx) => store.noteSource(tx, at, failure)).catch(() => {});
      }
    } finally {
      server.running = false;
    }
  };

  const beat = async () => {
    const now = servers();
    for (const connection of known.keys())
      if (!now.some((each) => each.connection === connection)) known.delete(connection);
    const observed = now.map((server) => ({ ...server, queues: queuesOf(server.source.id) }));
    if (!observed.some(({ queues }) => queues !== null)) return leave();
    if ((await hold()) === null) return;
    await readRules();
    await noteTimings(observed.flatMap(({ queues }) => queues ?? []));
    for (const { source, connection, queues } of observed) {
      const server = known.get(connection) ?? {
        follower: createFollower({
          redis: connection,
          source: source.id,
          store,
          lease,
          terms: { key: terms.key, keptDays, nowMs: clock.now },
          rulesOf,
          onEvents: timings.add,
          clock,
        }),
        dueMs: 0,
        running: false,
        failure: null,
      };
      known.set(connection, server);
      if (server.running || queues === null || clock.now() < server.dueMs) continue;
      const one = turnOf(server, source.id, queues).finally(() => running.delete(one));
      running.add(one);
    }
  };

  const next = () => {
    if (isStopped) return;
    timer = setTimeout(() => {
      const one = beat()
        .catch((err: unknown) => {
          log.warn({ reason: describeFailure(err) }, "the index of jobs waits");
        })
        .finally(() => {
          running.delete(one);
          next();
        });
      running.add(one);
    }, 25).unref();
  };

  return {
    store,
    start: next,
    /** Ends after the turns that have begun, and releases the lease at once. */
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await Promise.allSettled(running);
      await leave();
    },
    makeDays: () => store.makeDays(clock.now(), keptDays),
    /** Drops the days that are older than is kept. */
    async expire(signal: AbortSignal) {
      let days = 0;
      while (!signal.aborted && (await store.expireDay(clock.now(), keptDays)) !== null) days += 1;
      return days === 0 ? undefined : `${days} ${days === 1 ? "day" : "days"} of indexed jobs removed`;
    },
  };
}
