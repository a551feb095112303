import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import type { Aspect, ObservedChange, OrganizationKey, Seen } from "#observe/aspect.ts";
import { createProbe } from "#observe/targets/targets.ts";
import { noRows, type Tick, tickVersion } from "./format.ts";

export type CollectorDeps = {
  /** In the order in which they are observed. */
  aspects: readonly Aspect[];
  /** Reads the services' reports before the aspects are observed. Never rejects. */
  reports: { poke(): Promise<unknown> };
  organizations(): Promise<OrganizationKey[]>;
  store: { tick(): Tick | null; heardAtMs(): number | null; ingest(tick: Tick): unknown };
  lease: {
    hold(mayTake: boolean): Promise<{ term: number | null; reachable: boolean }>;
    release(): Promise<void>;
  };
  replication: { publish(tick: Tick): void; restoreOnce(): Promise<void> };
  /** Identifies this process; unique among all. */
  owner: string;
  /** Takes a free lease at once; other processes stand by. */
  firstCandidate: boolean;
  intervalMs: number;
  clock: Clock;
  log: Logger;
};

/** Ticks without data from the leader after which a replica observes for itself. */
const silentTicks = 3;
const standbyTicks = 2;
// A tick waits this share of its interval for answers; later ones count for the next tick.
const waitShare = 0.8;
const organizationsEveryMs = 10_000;

/**
 * One of the processes that may observe. Each tick it tries for the lease; the holder samples every source once and
 * publishes the result, the others serve what they receive. After 3 ticks without data they sample for themselves, to
 * serve only, so the console works even while its own Redis is down. A tick is bounded: it never waits for a source
 * beyond its interval, and never queries a source twice at a time.
 */
export function createCollector(deps: CollectorDeps) {
  const { reports, store, lease, replication, owner, firstCandidate, intervalMs, clock, log } = deps;
  const observed = deps.aspects.flatMap(({ key, board }) => (board ? { key, board } : []));
  const organizations = createProbe(deps.organizations, {
    clock,
    everyMs: Math.max(organizationsEveryMs, intervalMs),
  });
  const knownOrganizations = (): readonly OrganizationKey[] =>
    organizations.latest()?.value ?? store.tick()?.head.organizations ?? [];

  let observing = false;
  let startedMs: number | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  const stop = new AbortController();

  const observe = async (term: number) => {
    const before = store.tick();
    const known = knownOrganizations();
    const answers = Promise.all([
      organizations.poke(),
      reports.poke(),
      ...observed.map(({ board }) => board.poke?.(known)),
    ]);
    await within(intervalMs * waitShare, answers).catch(() => {});
    const nowMs = clock.now();
    const rows: Tick["rows"] = {};
    const extra: Tick["extra"] = {};
    const changes: ObservedChange[] = [];
    const seen: Seen = {
      nowMs,
      intervalMs,
      leads: term > 0,
      organizations: knownOrganizations(),
      rowsOf: (key) => rows[key] ?? noRows,
      extraOf: (key) => extra[key],
    };
    for (const { key, board } of observed) {
      if (!observing) board.adopt(before?.rows[key] ?? noRows, before?.extra[key]);
      const found = board.observe(seen);
      rows[key] = found.rows;
      if (found.extra !== undefined) extra[key] = found.extra;
      changes.push(...found.changes);
    }
    observing = true;
    const tick: Tick = {
      version: tickVersion,
      head: {
        observer: owner,
        term,
        observedAt: new Date(nowMs).toISOString(),
        intervalMs,
        organizations: seen.organizations,
        changes,
      },
      rows,
      extra,
    };
    store.ingest(tick);
    return tick;
  };

  const tick = async () => {
    startedMs ??= clock.now();
    // A standby process leaves a free lease to the first candidates while it receives ticks from a leader.
    const quietMs = clock.now() - (store.heardAtMs() ?? startedMs);
    const { term, reachable } = await lease.hold(firstCandidate || quietMs >= standbyTicks * intervalMs);
    await replication.restoreOnce();
    const last = store.tick();
    const silentMs = clock.now() - (store.heardAtMs() ?? startedMs);
    // A process that observes for itself continues until the lease shows that another one leads.
    const goesOn = last?.head.observer === owner && (!reachable || last.head.term === 0);
    if (term === null && !goesOn && silentMs < silentTicks * intervalMs) {
      if (observing) for (const { board } of observed) board.rest();
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
      // A late tick is not made up for: the next one is due one interval from now.
      if (dueMs < clock.now()) dueMs = clock.now();
      await sleep(Math.max(0, dueMs - clock.now()), undefined, { signal: stop.signal }).catch(() => {});
    }
  };

  return {
    /** Runs one tick; `start` calls it every interval. */
    tick,
    start() {
      running = loop();
    },
    async stop() {
      stopped = true;
      stop.abort();
      await running;
      for (const { board } of observed) board.rest();
      await lease.release();
    },
  };
}
