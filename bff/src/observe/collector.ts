import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Clock } from "#lib/clock.ts";
import { within } from "#lib/deadline.ts";
import type { Board, Seen } from "#observe/board.ts";
import {
  changesBetween,
  type Memory,
  memoryOf,
  observeQueue,
  observeServer,
  unheardQueue,
} from "#observe/build-tick.ts";
import type { LeaderLease } from "#observe/leader-lease.ts";
import { createProbe, createProbes, type Probe } from "#observe/probe-runner.ts";
import type { Replication } from "#observe/replication.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import type { Dated, ObservedQueue, Tick } from "#observe/tick.ts";
import type { Watched } from "#observe/watched.ts";

export type CollectorDeps = {
  watched: Watched;
  store: SnapshotStore;
  lease: LeaderLease;
  replication: Replication;
  /** Names this process; unique among all. */
  owner: string;
  /** Takes a free lease at once; others stand by. */
  firstCandidate: boolean;
  intervalMs: number;
  clock: Clock;
  log: Logger;
};

/** Ticks without a word from the leader after which a replica looks for itself. */
const silentTicks = 3;
const standbyTicks = 2;
// A tick waits this share of its interval for answers; what is later counts for the next one.
const waitShare = 0.8;
const organizationsEveryMs = 10_000;
const webhooksEveryMs = 2_000;
const actsEveryMs = 3_000;
const staleWebhooksMs = 10_000;

const readOf = <T>(probe: Probe<T>) => ({ latest: probe.latest(), failure: probe.failure() });
const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/**
 * One process of those that may observe. Each tick it asks for the lease; the one that holds it samples every source
 * once and publishes what it saw, the others serve what they hear, and sample for themselves (to serve only) when
 * nothing was heard for 3 ticks: so the console works while its own Redis is what is down. A tick is bounded: it
 * never waits for a source beyond its interval, and no source is asked twice at a time.
 */
export function createCollector(deps: CollectorDeps) {
  const { watched, store, lease, replication, owner, firstCandidate, intervalMs, clock, log } = deps;
  const probe = <T>(sample: () => Promise<T>, everyMs: number) =>
    createProbe(sample, { clock, everyMs: Math.max(everyMs, intervalMs) });
  const serverProbes = createProbes(watched.servers, { clock, everyMs: intervalMs });
  const queueProbes = createProbes(watched.queues, { clock, everyMs: intervalMs });
  const organizations = probe(watched.organizations, organizationsEveryMs);
  const knownIds = () =>
    (organizations.latest()?.value ?? store.tick()?.organizations ?? []).map(({ id }) => id);
  const webhooks = probe(async () => Object.fromEntries(await watched.webhooks(knownIds())), webhooksEveryMs);
  const acts = probe(async () => Object.fromEntries(await watched.recentActs(knownIds())), actsEveryMs);

  let memory: Memory | undefined;
  let observing = false;
  let startedMs: number | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const stop = new AbortController();

  const queuesOf = (
    each: ReturnType<typeof queueProbes>[number],
    nowMs: number,
    known: Memory,
  ): ObservedQueue[] => {
    const { source } = each;
    const { latest, failure } = readOf(each.probe);
    if (failure === null && latest)
      return latest.value.queues.map((reading) =>
        observeQueue(reading, source.organizationOf(reading), { memory: known, nowMs }),
      );
    const server = store.tick()?.servers.find(({ id }) => id === source.sourceId);
    const before = store.tick()?.queues.filter((queue) => queue.source === source.sourceId) ?? [];
    // A single failed sample changes nothing yet: the rows only grow old.
    if (failure === null || server?.state !== "down") return before;
    return before.map((queue) =>
      unheardQueue(queue, server.since, `Not read since then: ${server.name} does not answer`),
    );
  };

  const dated = <T>(each: Probe<T>, kept: Dated<T> | undefined, empty: T): Dated<T> => {
    const { latest, failure } = readOf(each);
    if (latest) return { value: latest.value, observedAt: isoOrNull(latest.atMs), failing: failure !== null };
    return { ...(kept ?? { value: empty, observedAt: null }), failing: failure !== null };
  };

  const observeBoards = (before: Tick | null, seen: Seen) => {
    const changes: Tick["changes"] = [];
    const rowsOf = <Row>(board: Board<Row> | undefined, known: readonly Row[] | undefined): Row[] => {
      if (!board) return [];
      if (!observing) board.adopt(known ?? []);
      const observed = board.observe(seen);
      changes.push(...observed.changes);
      return observed.rows;
    };
    const { services, breakers, caches, redisDetails } = watched.boards;
    const rows = {
      services: rowsOf(services, before?.services),
      breakers: rowsOf(breakers, before?.breakers),
      caches: rowsOf(caches, before?.caches),
      redisDetails: rowsOf(redisDetails, before?.redisDetails),
    };
    observing = true;
    return { rows, changes };
  };

  const observe = async (term: number) => {
    const before = store.tick();
    const known = memory ?? memoryOf(before);
    memory = known;
    const servers = serverProbes();
    const queues = queueProbes();
    const probes = [...servers, ...queues].map((each) => each.probe);
    const answers = Promise.all(
      [organizations, ...probes, webhooks, acts, watched.reports].map((each) => each.poke()),
    );
    await within(intervalMs * waitShare, answers).catch(() => {});
    const nowMs = clock.now();
    const seenServers = servers.map((each) =>
      observeServer(each.source, readOf(each.probe), { memory: known, nowMs, intervalMs }),
    );
    const seenQueues = queues.flatMap((each) => queuesOf(each, nowMs, known));
    const present = new Set([
      ...seenQueues.map(({ id }) => `queue:${id}`),
      ...seenServers.map(({ id }) => `server:${id}`),
    ]);
    for (const key of known.keys()) if (!present.has(key)) known.delete(key);
    const badFile = watched.badFile();
    const seen = {
      ...(badFile === null ? {} : { badFile }),
      observedAt: new Date(nowMs).toISOString(),
      servers: seenServers,
      queues: seenQueues,
    };
    const organizationKeys = organizations.latest()?.value ?? before?.organizations ?? [];
    const heard = dated(webhooks, before?.webhooks, {});
    const figures = {
      ...heard,
      failing:
        heard.failing &&
        (heard.observedAt === null || nowMs - Date.parse(heard.observedAt) > staleWebhooksMs),
    };
    const boards = observeBoards(before, {
      nowMs,
      leads: term > 0,
      servers: seenServers,
      queues: seenQueues,
      webhooks: figures,
      organizations: organizationKeys,
    });
    const tick: Tick = {
      version: 1,
      observer: owner,
      term,
      intervalMs,
      ...seen,
      queuesObservedAt: Object.fromEntries(
        queues.map(({ source, probe: each }) => [
          source.sourceId,
          isoOrNull(each.latest()?.atMs) ?? before?.queuesObservedAt[source.sourceId] ?? null,
        ]),
      ),
      hosts: Object.fromEntries(
        queues.map(({ source, probe: each }) => [source.sourceId, each.latest()?.value.hosts ?? []]),
      ),
      ...boards.rows,
      organizations: organizationKeys,
      webhooks: figures,
      deadLettersSince: deadLettersSince(before, figures.value, seen.observedAt),
      acts: acts.latest()?.value ?? before?.acts ?? {},
      changes: [...changesBetween(before, seen), ...boards.changes],
    };
    store.ingest(tick);
    return tick;
  };

  const tick = async () => {
    startedMs ??= clock.now();
    // A process that only stands by leaves a free lease to the first candidates while it hears a leader.
    const quietMs = clock.now() - (store.heardAtMs() ?? startedMs);
    const { term, reachable } = await lease.hold(firstCandidate || quietMs >= standbyTicks * intervalMs);
    await replication.restoreOnce();
    const last = store.tick();
    const silentMs = clock.now() - (store.heardAtMs() ?? startedMs);
    // What this process saw itself it goes on seeing, until the lease tells that another one leads.
    const goesOn = last?.observer === owner && (!reachable || last.term === 0);
    if (term === null && !goesOn && silentMs < silentTicks * intervalMs) {
      memory = undefined;
      if (observing) for (const board of Object.values(watched.boards)) board.rest();
      observing = false;
      return;
    }
    const seen = await observe(term ?? 0);
    if (term !== null) replication.publish(seen);
  };

  const loop = async () => {
    let dueMs = clock.now();
    while (!stopped) {
      await tick().catch((err: unknown) => log.error({ err }, "a tick of the collector failed"));
      dueMs += intervalMs;
      // A tick that came late is not made up for: the next one is due one interval from now.
      if (dueMs < clock.now()) dueMs = clock.now();
      await sleep(Math.max(0, dueMs - clock.now()), undefined, { signal: stop.signal }).catch(() => {});
    }
  };

  return {
    /** One turn; `start` calls it every interval. */
    tick,
    start() {
      running = loop();
    },
    async stop() {
      stopped = true;
      stop.abort();
      await running;
      for (const board of Object.values(watched.boards)) board.rest();
      await lease.release();
    },
  };
}
function deadLettersSince(before: Tick | null, figures: Tick["webhooks"]["value"], observedAt: string) {
  const waiting = Object.entries(figures).filter(([, { deadLetters }]) => deadLetters > 0);
  return Object.fromEntries(waiting.map(([id]) => [id, before?.deadLettersSince[id] ?? observedAt]));
}
