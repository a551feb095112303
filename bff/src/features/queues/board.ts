import type { SourceView } from "@wheelhouse/shared/health/health.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { AspectKey, Board, ObservedChange } from "#observe/aspect.ts";
import { createProbes, type Steady, settle } from "#observe/tick/tick.ts";
import {
  type ObservedQueue,
  type QueueReading,
  type QueuesExtra,
  queueRows,
  type SampledQueues,
} from "./rows.ts";

const isoOf = (ms: number) => new Date(ms).toISOString();

/**
 * Queues of all watched Redis servers, read once a tick.
 *
 * @param sources a live list: its entries change with the catalogue, and one that stays keeps its identity.
 * @param servers rows of the Redis servers, observed before.
 */
export function createQueuesBoard(deps: {
  sources: readonly SampledQueues[];
  servers: AspectKey<SourceView>;
  intervalMs: number;
  clock: Clock;
}): Board<ObservedQueue> {
  const { sources, servers, intervalMs, clock } = deps;
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
            return { ...row, organization: source.organizationOf(reading) };
          });
        const known = before.filter((queue) => queue.source === source.sourceId);
        const server = servers.rows(seen).find(({ id }) => id === source.sourceId);
        // A single failed sample changes nothing yet: the rows only grow old.
        if (failure === null || server?.state !== "down") return known;
        return known.map((queue) =>
          unheardQueue(queue, server.since, `No data since then: ${server.name} is not responding`),
        );
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
      };
      return { rows, changes, extra };
    },
    rest() {},
  };
}

function settleQueue(reading: QueueReading, before: Steady | undefined, nowMs: number) {
  const { state, label, cause } = reading;
  const pausedOrResumed = (label === "Paused") !== (before?.label === "Paused");
  const steady = settle(before, { state, label, cause }, nowMs, { atOnce: pausedOrResumed });
  const row = {
    ...reading,
    state: steady.state,
    label: steady.label,
    cause: steady.cause,
    since: isoOf(steady.sinceMs),
  };
  return { row, steady };
}

/** A queue whose source cannot be asked keeps its last figures and is `unknown`: never ok, never gone. */
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

/** What differs between two ticks, in words. */
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
    return [{ organization: queue.organization, subject: queue.name, change }];
  });
}

const changeWords: Record<string, (name: string) => string> = {
  Paused: (name) => `Queue ${name} paused`,
  "No worker": (name) => `Queue ${name} has no worker`,
  "Old jobs": (name) => `Queue ${name} has old jobs`,
  Failing: (name) => `Jobs in queue ${name} are failing`,
};
