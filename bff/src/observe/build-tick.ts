import type { SourceView } from "@wheelhouse/shared/health.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { platformOrganization } from "#lib/request-context.ts";
import { type Steady, settle, type Verdict } from "#observe/steady-state.ts";
import type { ObservedQueue, ObservedServer, Tick } from "#observe/tick.ts";
import type { Change, QueueReading, ServerReading } from "#observe/watched.ts";

/** Verdicts that have lasted, by `server:<id>` and `queue:<id>`. */
export type Memory = Map<string, Steady>;
export type Read<T> = { latest: { value: T; atMs: number } | null; failure: string | null };

const isoOf = (ms: number) => new Date(ms).toISOString();

/** Starts a new observer with what the last one knew, so that `since` survives a change of leader. */
export function memoryOf(tick: Tick | null): Memory {
  const memory: Memory = new Map();
  for (const server of tick?.servers ?? [])
    memory.set(`server:${server.id}`, {
      state: server.state,
      label: "",
      cause: server.cause,
      sinceMs: Date.parse(server.since),
      pending: null,
    });
  for (const { id, state, label, cause, since } of tick?.queues ?? [])
    memory.set(`queue:${id}`, { state, label, cause, sinceMs: Date.parse(since), pending: null });
  return memory;
}

export function observeServer(
  watched: { id: string; name: string; kind: SourceView["kind"]; organization: string },
  { latest, failure }: Read<ServerReading>,
  { memory, nowMs, intervalMs }: { memory: Memory; nowMs: number; intervalMs: number },
): ObservedServer {
  const key = `server:${watched.id}`;
  const reading = latest?.value;
  let verdict: Verdict = { state: "unknown", label: "", cause: "It was not asked yet" };
  if (failure !== null) verdict = { state: "down", label: "", cause: failure };
  else if (reading) verdict = { state: reading.state, label: "", cause: reading.cause };
  const steady = settle(memory.get(key), verdict, nowMs);
  memory.set(key, steady);
  return {
    id: watched.id,
    name: watched.name,
    kind: watched.kind,
    organization: watched.organization,
    state: steady.state,
    since: isoOf(steady.sinceMs),
    observedAt: latest ? isoOf(latest.atMs) : null,
    intervalMs,
    cause: steady.cause,
    roundTripMs: reading?.roundTripMs ?? null,
    redis: reading?.kind === "redis" ? reading.figures : null,
    postgres: reading?.kind === "postgres" ? reading.figures : null,
  };
}

export function observeQueue(
  reading: QueueReading,
  organization: string,
  { memory, nowMs }: { memory: Memory; nowMs: number },
): ObservedQueue {
  const key = `queue:${reading.id}`;
  const before = memory.get(key);
  const { state, label, cause } = reading;
  const pausedOrResumed = (label === "Paused") !== (before?.label === "Paused");
  const steady = settle(before, { state, label, cause }, nowMs, { atOnce: pausedOrResumed });
  memory.set(key, steady);
  return {
    ...reading,
    state: steady.state,
    label: steady.label,
    cause: steady.cause,
    since: isoOf(steady.sinceMs),
    organization,
  };
}

/** A queue whose source cannot be asked keeps its last figures and is `unknown`: never ok, never gone. */
export function unheardQueue(queue: ObservedQueue, since: string, cause: string): ObservedQueue {
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

type Seen = { state: QueueRow["state"]; label: string; organization: string };

/** What differs between two ticks, in words, for the list of recent changes. */
export function changesBetween(
  before: Tick | null,
  after: Pick<Tick, "servers" | "queues" | "observedAt" | "badFile">,
) {
  if (!before) return [];
  const changes: Tick["changes"] = [];
  const note = (subject: string, kind: Change["kind"], now: Seen, text: string, by: string) => {
    const state = now.state === "down" || now.state === "degraded" ? now.state : null;
    const change = { at: after.observedAt, text, by, kind, state };
    changes.push({ organization: now.organization, subject, change });
  };
  const servers = new Map(before.servers.map((server) => [server.id, server]));
  for (const server of after.servers) {
    const was = servers.get(server.id);
    if (!was || was.state === server.state) continue;
    const now = { ...server, label: "" };
    if (server.state === "ok") {
      if (was.state !== "unknown") note(server.name, "health", now, `${server.name} is ok again`, "Observed");
    } else note(server.name, "health", now, `${server.name} is ${server.state}`, server.cause ?? "Observed");
  }
  const queues = new Map(before.queues.map((queue) => [queue.id, queue]));
  for (const queue of after.queues) {
    const was = queues.get(queue.id);
    if (!was || was.label === queue.label || queue.state === "unknown" || was.state === "unknown") continue;
    const text =
      was.label === "Paused"
        ? `Queue ${queue.name} resumed`
        : (queueChange[queue.label]?.(queue.name) ?? `Queue ${queue.name} is ok again`);
    note(queue.name, "queue", queue, text, queue.cause ?? "Observed");
  }
  const file = after.badFile ?? before.badFile;
  if (file && (after.badFile === undefined) !== (before.badFile === undefined))
    for (const organization of new Set([platformOrganization.slug, ...file.organizations])) {
      const now = { organization, label: "", state: after.badFile ? ("degraded" as const) : ("ok" as const) };
      const text = after.badFile ? `${file.name} was edited badly` : `${file.name} is good again`;
      note(file.name, "health", now, text, "Observed");
    }
  return changes;
}

const queueChange: Record<string, (name: string) => string> = {
  Paused: (name) => `Queue ${name} paused`,
  "No worker": (name) => `Queue ${name} has no worker`,
  "Old jobs": (name) => `Queue ${name} has old jobs`,
  Failing: (name) => `Jobs of queue ${name} fail`,
};
