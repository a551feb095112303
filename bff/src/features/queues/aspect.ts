import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import { byName } from "@wheelhouse/shared/order.ts";
import { type QueueList, queueTopic, type readQueue } from "@wheelhouse/shared/queues.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import type { Clock } from "#lib/time/clock.ts";
import type {
  Aspect,
  AspectKey,
  Board,
  Finding,
  FoundProblem,
  ObservedChange,
  Part,
  Tile,
} from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
import { createPublicRows, sumOfSeries } from "#observe/spread/spread.ts";
import { createProbes } from "#observe/targets/targets.ts";
import { type Steady, settle } from "#observe/tick/tick.ts";
import {
  type ObservedQueue,
  type QueueReading,
  type QueuesExtra,
  queueRows,
  type SampledQueues,
} from "./rows.ts";
import type { Timings } from "./timings/timings.ts";

const figures = defineFigures<ObservedQueue>("queue", [
  ["waiting", ({ counts }) => counts.waiting + counts.prioritized],
  ["prioritized", ({ counts }) => counts.prioritized],
  ["active", ({ counts }) => counts.active],
  ["delayed", ({ counts }) => counts.delayed],
  ["waitingChildren", ({ counts }) => counts.waitingChildren],
  ["failed", ({ counts }) => counts.failed],
  ["completed", ({ counts }) => counts.completed],
  ["oldestWaitingMs", ({ oldestWaitingMs }) => oldestWaitingMs],
  ["workers", ({ workers }) => workers],
  ["completedPerMinute", ({ completedPerMinute }) => completedPerMinute],
  ["failedPerMinute", ({ failedPerMinute }) => failedPerMinute],
  ["waitP50Ms", ({ wait }) => wait?.p50],
  ["waitP95Ms", ({ wait }) => wait?.p95],
  ["waitP99Ms", ({ wait }) => wait?.p99],
  ["runP50Ms", ({ run }) => run?.p50],
  ["runP95Ms", ({ run }) => run?.p95],
  ["runP99Ms", ({ run }) => run?.p99],
  ["stalled", ({ stalled }) => stalled],
  ["drainsInMs", ({ drainsInMs }) => (typeof drainsInMs === "number" ? drainsInMs : null)],
]);

const publicRows = createPublicRows<ObservedQueue>();
const nodeOf = (id: string) => `queue:${id}`;

/** @param servers rows of the Redis servers that hold the queues. */
export function createQueuesAspect({
  servers,
  board,
}: {
  servers: AspectKey<SourceView & { organization: string }>;
  board?: Board<ObservedQueue>;
}): Aspect<ObservedQueue> {
  const redisOf = (part: Part) => servers.rows(part).filter(({ kind }) => kind === "redis");
  /** What is known beside the queues of BullMQ, of this organization's servers. */
  const othersOf = (part: Part) => {
    const { others = {}, undiscovered = {} } = queueRows.extra(part) ?? {};
    const found = redisOf(part).flatMap(({ id }) => others[id] ?? []);
    return {
      others: found.flatMap(({ items }) => items).sort(byName),
      othersLeft: found.reduce((sum, { more }) => sum + more, 0),
      undiscovered: redisOf(part).flatMap(({ id, name }) => {
        const cause = undiscovered[id]?.cause;
        return cause === undefined ? [] : [{ source: id, name, cause }];
      }),
    };
  };
  // The newest reading of any source, because rows of an unreachable source already show as unknown.
  const observedAt = (rows: readonly ObservedQueue[], part: Part) => {
    const sources = new Set(rows.map(({ source }) => source));
    for (const server of servers.rows(part)) if (server.kind === "redis") sources.add(server.id);
    const readAt = queueRows.extra(part)?.observedAt ?? {};
    const dates = [...sources].flatMap((source) => readAt[source] ?? []);
    return sources.size === 0 ? part.observedAt : (dates.sort().at(-1) ?? null);
  };
  return {
    key: queueRows.key,
    board,
    list(rows, part): QueueList {
      const items = rows.map(publicRows.of).sort((a, b) => queueTopic.order(a, b, part.atMs));
      return {
        observedAt: observedAt(rows, part),
        intervalMs: part.intervalMs,
        items,
        nextCursor: null,
        trends: Object.fromEntries(items.map(({ id }) => [id, part.trend(`waiting:${id}`)])),
        workers: hostsOf(part, new Set(items.map(({ id }) => id))),
        ...othersOf(part),
      };
    },
    findings(rows, part) {
      const unread = unreadBySource(rows);
      return [
        ...rows.map((row) => ({
          node: nodeOf(row.id),
          state: row.state,
          check: row.state,
          explainedBy: null,
          problem: unread.get(row.source)?.[0] === row ? unreadProblem(row, unread) : problemOf(row),
        })),
        ...redisOf(part).flatMap((server) => undiscoveredFinding(server, part)),
      ];
    },
    edges: {
      noun: "queue",
      of: (rows) => rows.map(({ id, source }) => ({ from: nodeOf(id), to: `server:${source}` })),
    },
    tile: tileOf,
    trends(rows, _seen, { recent }) {
      for (const { id, state, counts, completedPerMinute } of rows) {
        recent(`waiting:${id}`, state === "unknown" ? null : counts.waiting + counts.prioritized);
        recent(`completed:${id}`, completedPerMinute);
      }
    },
    figures: (rows, seen) => figures.all(rows, seen, ({ state }) => state !== "unknown"),
    frames: [{ part: "queues", text: (_rows, { encoded }) => encoded.plain() }],
    journal: { kind: "queue", name: ({ name }) => name, word: ({ state, label }) => label || state },
    gauges: [
      {
        name: "queue_jobs",
        help: "Jobs of a queue by state",
        labels: ["organization", "queue", "state"],
        tell({ organization, id, state: known, counts }, set) {
          if (known === "unknown") return;
          for (const [state, count] of Object.entries(counts)) set({ organization, queue: id, state }, count);
        },
      },
      {
        name: "queue_oldest_waiting_seconds",
        help: "Age of the oldest waiting job",
        labels: ["organization", "queue"],
        tell({ organization, id, state, oldestWaitingMs }, set) {
          if (state !== "unknown") set({ organization, queue: id }, (oldestWaitingMs ?? 0) / 1000);
        },
      },
      {
        name: "queue_workers",
        help: "Workers connected to a queue",
        labels: ["organization", "queue"],
        tell({ organization, id, workers }, set) {
          if (workers !== null) set({ organization, queue: id }, workers);
        },
      },
    ],
  };
}

/** One queue with its trends; null when no queue has this id. */
export function queueSeen(part: Part, queueId: string): EndpointResult<typeof readQueue> | null {
  const row = queueRows.rows(part).find((each) => each.id === queueId);
  if (!row) return null;
  return {
    observedAt: queueRows.extra(part)?.observedAt[row.source] ?? null,
    intervalMs: part.intervalMs,
    queue: publicRows.of(row),
    waiting: part.trend(`waiting:${queueId}`),
    completedPerMinute: part.trend(`completed:${queueId}`),
  };
}

function problemOf(queue: ObservedQueue): FoundProblem | null {
  if (queue.state !== "down" && queue.state !== "degraded") return null;
  const waiting = queue.counts.waiting + queue.counts.prioritized;
  const titles: Record<string, string> = {
    "No worker": "no worker connected",
    "Old jobs": `oldest job waiting ${queue.oldestWaitingMs === null ? "too long" : `for ${formatSpan(queue.oldestWaitingMs)}`}`,
    Failing: "jobs failing",
  };
  return {
    state: queue.state,
    label: queue.label,
    subject: queue.name,
    title: titles[queue.label] ?? queue.label,
    cause: queue.cause ?? queue.label,
    affects: `${waiting.toLocaleString("en-GB")} ${waiting === 1 ? "job" : "jobs"}`,
    countsDependants: false,
    since: queue.since,
    area: "queues",
    path: `queues?queue=${encodeURIComponent(queue.id)}`,
  };
}

type UnreadBySource = ReadonlyMap<string, readonly ObservedQueue[]>;

function unreadBySource(rows: readonly ObservedQueue[]): UnreadBySource {
  const unread = new Map<string, ObservedQueue[]>();
  for (const row of rows) {
    if (row.isUnread !== true) continue;
    const others = unread.get(row.source) ?? [];
    others.push(row);
    unread.set(row.source, others);
  }
  return unread;
}

/** One problem for all queues of a server that cannot be read, because they have one reason. */
function unreadProblem({ source, cause, since }: ObservedQueue, unread: UnreadBySource): FoundProblem {
  const count = unread.get(source)?.length ?? 0;
  return {
    state: "unknown",
    label: "Unknown",
    subject: source,
    title: "its queues cannot be read",
    cause: cause ?? "The server refused",
    affects: `${count.toLocaleString("en-GB")} ${count === 1 ? "queue" : "queues"}`,
    countsDependants: false,
    since,
    area: "queues",
    path: "queues",
  };
}

/** A server on which not all queues can be found; one that is not ok itself is a problem of its own. */
function undiscoveredFinding({ id, name, state }: SourceView, part: Part): Finding[] {
  const found = queueRows.extra(part)?.undiscovered?.[id];
  if (found === undefined || state === "down" || state === "unknown") return [];
  return [
    {
      node: `queues-of:${id}`,
      state: "unknown",
      check: null,
      explainedBy: null,
      problem: {
        state: "unknown",
        label: "Unknown",
        subject: name,
        title: "not all its queues can be found",
        cause: found.cause,
        affects: null,
        countsDependants: false,
        since: found.since,
        area: "queues",
        path: "queues",
      },
    },
  ];
}

function tileOf(queues: readonly ObservedQueue[], { trend, intervalMs }: Part): Tile {
  const known = queues.filter(({ state }) => state !== "unknown");
  const noneKnown = queues.length > 0 && known.length === 0;
  return {
    queues: {
      queues: queues.length,
      waiting: {
        value: noneKnown
          ? null
          : known.reduce((sum, { counts }) => sum + counts.waiting + counts.prioritized, 0),
        trend: sumOfSeries(
          queues.map(({ id }) => trend(`waiting:${id}`)),
          intervalMs,
        ),
      },
      oldestWaitingMs: known.reduce(
        (oldest: number | null, { oldestWaitingMs }) =>
          oldestWaitingMs === null ? oldest : Math.max(oldest ?? 0, oldestWaitingMs),
        null,
      ),
      noWorker: noneKnown ? null : known.filter(({ label }) => label === "No worker").length,
      paused: noneKnown ? null : known.filter(({ paused }) => paused).length,
    },
  };
}

/** Machines that run workers of these queues, most workers first. */
function hostsOf(part: Part, ids: ReadonlySet<string>): QueueList["workers"] {
  const hosts = new Map<string, { queues: string[]; workers: number }>();
  for (const { host, workers } of Object.values(queueRows.extra(part)?.hosts ?? {}).flat()) {
    for (const [id, count] of Object.entries(workers)) {
      if (!ids.has(id)) continue;
      const there = hosts.get(host) ?? { queues: [], workers: 0 };
      there.queues.push(id);
      there.workers += count;
      hosts.set(host, there);
    }
  }
  return [...hosts]
    .map(([host, { queues, workers }]) => ({ host, queues: queues.sort(), workers }))
    .sort((a, b) => b.workers - a.workers || a.host.localeCompare(b.host));
}

const noOthers = { items: [], more: 0 };
const isoOf = (ms: number) => new Date(ms).toISOString();

/**
 * Queues of all watched Redis servers, read once per tick.
 *
 * @param sources a live list that follows the catalogue; an unchanged source keeps its identity.
 * @param servers rows of the Redis servers, observed earlier in the tick.
 */
export function createQueuesBoard(deps: {
  sources: readonly SampledQueues[];
  servers: AspectKey<SourceView>;
  intervalMs: number;
  clock: Clock;
  /** Wait and run times, if this process reads the events. */
  timings?: Pick<Timings, "of">;
}): Board<ObservedQueue> {
  const { sources, servers, intervalMs, clock, timings } = deps;
  const probesOf = createProbes(sources, { clock, everyMs: intervalMs });
  let probes = probesOf();
  let memory = new Map<string, Steady>();
  let before: readonly ObservedQueue[] = [];
  let extra: QueuesExtra = { observedAt: {}, hosts: {} };

  return {
    poke() {
      probes = probesOf();
      return Promise.all(probes.map(({ probe }) => probe.poke()));
    },
    adopt(rows, kept) {
      before = rows;
      extra = queueRows.adoptedExtra(kept) ?? { observedAt: {}, hosts: {} };
      memory = new Map(
        rows.map(({ id, state, label, cause, since }) => [
          id,
          { state, label, cause, sinceMs: Date.parse(since), pending: null },
        ]),
      );
    },
    observe(seen) {
      const { nowMs } = seen;
      const rows = probes.flatMap(({ source, probe }): readonly ObservedQueue[] => {
        const [latest, failure] = [probe.latest(), probe.failure()];
        if (failure === null && latest)
          return latest.value.queues.map((reading) => {
            const { row, steady } = settleQueue(reading, memory.get(reading.id), nowMs);
            memory.set(reading.id, steady);
            return { ...row, ...timings?.of(row.id, nowMs), organization: source.organizationOf(reading) };
          });
        const known = before.filter((queue) => queue.source === source.sourceId);
        const server = servers.rows(seen).find(({ id }) => id === source.sourceId);
        if (failure === null) return known;
        if (server?.state === "down" || server?.state === "unknown") {
          const reason =
            server.state === "down" ? `${server.name} is not responding` : (server.cause ?? failure);
          return known.map((queue) => unheardQueue(queue, server.since, `No data since then: ${reason}`));
        }
        // A single failed sample changes nothing yet; the rows only grow older.
        const readAt = latest ? isoOf(latest.atMs) : (extra.observedAt[source.sourceId] ?? null);
        if (readAt === null || nowMs - Date.parse(readAt) <= unknownAfterMs(intervalMs)) return known;
        return known.map((queue) => unheardQueue(queue, readAt, `No data since then: ${failure}`));
      });
      const present = new Set(rows.map(({ id }) => id));
      for (const id of memory.keys()) if (!present.has(id)) memory.delete(id);
      const changes = changesOf(before, rows, nowMs);
      before = rows;
      extra = {
        observedAt: Object.fromEntries(
          probes.map(({ source: { sourceId }, probe }) => {
            const latest = probe.latest();
            return [sourceId, latest ? isoOf(latest.atMs) : (extra.observedAt[sourceId] ?? null)];
          }),
        ),
        hosts: Object.fromEntries(
          probes.map(({ source, probe }) => [source.sourceId, probe.latest()?.value.hosts ?? []]),
        ),
        others: Object.fromEntries(
          probes.map(({ source: { sourceId }, probe }) => [
            sourceId,
            probe.latest()?.value.others ?? extra.others?.[sourceId] ?? noOthers,
          ]),
        ),
        undiscovered: Object.fromEntries(
          probes.flatMap(({ source: { sourceId }, probe }) => {
            const failure = probe.failure();
            const cause =
              failure === null
                ? probe.latest()?.value.undiscovered
                : rows.some(({ source }) => source === sourceId)
                  ? null
                  : `Its queues cannot be read: ${failure}`;
            const since = extra.undiscovered?.[sourceId]?.since ?? isoOf(nowMs);
            return cause == null ? [] : [[sourceId, { cause, since }]];
          }),
        ),
      };
      return { rows, changes, extra };
    },
    rest() {},
  };
}

function settleQueue(reading: QueueReading, before: Steady | undefined, nowMs: number) {
  const { state, label, cause } = reading;
  const pausedOrResumed = (label === "Paused") !== (before?.label === "Paused");
  // An unread queue has no figures, so that no earlier state may stand beside them.
  const atOnce = pausedOrResumed || reading.isUnread === true;
  const steady = settle(before, { state, label, cause }, nowMs, { atOnce });
  const row = {
    ...reading,
    state: steady.state,
    label: steady.label,
    cause: steady.cause,
    since: isoOf(steady.sinceMs),
  };
  return { row, steady };
}

/** A queue of an unreachable source keeps its last counts and becomes `unknown`, never ok or gone. */
function unheardQueue(queue: ObservedQueue, since: string, cause: string): ObservedQueue {
  const alreadyUnknown = queue.state === "unknown";
  return {
    ...queue,
    state: "unknown",
    label: "Unknown",
    cause,
    workers: null,
    drainsInMs: null,
    completedPerMinute: null,
    failedPerMinute: null,
    since: alreadyUnknown ? queue.since : since,
  };
}

/** Describes the changes between two ticks. */
function changesOf(
  before: readonly ObservedQueue[],
  rows: readonly ObservedQueue[],
  nowMs: number,
): ObservedChange[] {
  const known = new Map(before.map((queue) => [queue.id, queue]));
  return rows.flatMap((queue) => {
    const was = known.get(queue.id);
    if (!was || was.label === queue.label || queue.state === "unknown" || was.state === "unknown") return [];
    const text =
      was.label === "Paused"
        ? `Queue ${queue.name} resumed`
        : (changeWords[queue.label]?.(queue.name) ?? `Queue ${queue.name} recovered`);
    const change = {
      at: isoOf(nowMs),
      text,
      by: queue.cause ?? "",
      kind: "queue" as const,
      state: queue.state === "down" || queue.state === "degraded" ? queue.state : null,
    };
    const { id, organization, name, label } = queue;
    // Pausing is an act.
    const isAct = label === "Paused" || was.label === "Paused";
    const turn = isAct ? null : change.state === null ? "better" : "worse";
    return [{ organization, subject: name, subjectId: id, turn, change }];
  });
}

const changeWords: Record<string, (name: string) => string> = {
  Paused: (name) => `Queue ${name} paused`,
  "No worker": (name) => `Queue ${name} has no worker`,
  "Old jobs": (name) => `Queue ${name} has old jobs`,
  Failing: (name) => `Jobs in queue ${name} are failing`,
};
