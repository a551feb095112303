import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import { type QueueList, queueTopic, type readQueue } from "@wheelhouse/shared/queues.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import type { Aspect, AspectKey, Board, FoundProblem, Part, Tile } from "#observe/aspect.ts";
import { defineFigures } from "#observe/figures.ts";
import { createPublicRows, sumOfSeries } from "#observe/spread/spread.ts";
import { type ObservedQueue, queueRows } from "./rows.ts";

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
  ["drainsInMs", ({ drainsInMs }) => (typeof drainsInMs === "number" ? drainsInMs : null)],
]);

const publicRows = createPublicRows<ObservedQueue>();
const nodeOf = (id: string) => `queue:${id}`;

/** @param servers rows of the Redis servers in which the queues lie. */
export function createQueuesAspect({
  servers,
  board,
}: {
  servers: AspectKey<SourceView & { organization: string }>;
  board?: Board<ObservedQueue>;
}): Aspect<ObservedQueue> {
  // The newest reading of all sources: rows of a source that is away are unknown already.
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
    publicRows,
    observedAt,
    list(rows, part): QueueList {
      const items = rows.map(publicRows.of).sort((a, b) => queueTopic.order(a, b, part.atMs));
      return {
        observedAt: observedAt(rows, part),
        intervalMs: part.intervalMs,
        items,
        nextCursor: null,
        trends: Object.fromEntries(items.map(({ id }) => [id, part.trend(`waiting:${id}`)])),
        workers: hostsOf(part, new Set(items.map(({ id }) => id))),
      };
    },
    findings: (rows) =>
      rows.map((row) => ({
        node: nodeOf(row.id),
        state: row.state,
        check: row.state,
        isExplained: false,
        problem: problemOf(row),
      })),
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
        tell({ organization, id, counts }, set) {
          for (const [state, count] of Object.entries(counts)) set({ organization, queue: id, state }, count);
        },
      },
      {
        name: "queue_oldest_waiting_seconds",
        help: "Age of the oldest waiting job",
        labels: ["organization", "queue"],
        tell: ({ organization, id, oldestWaitingMs }, set) =>
          set({ organization, queue: id }, (oldestWaitingMs ?? 0) / 1000),
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

/** One queue with its trends; null when there is none of this id. */
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

/** Machines with workers of these queues, most workers first. */
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
