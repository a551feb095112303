import { createSketch, type Percentiles, type Sketch } from "./sketch.ts";

/** Figures are of this many minutes. */
export const windowMinutes = 5;
/** Jobs between two events, over all queues; the oldest are forgotten first. */
const mostOpen = 100_000;
const mostNames = 50;
/** Rows do not need a new figure more often. */
const readEveryMs = 2_000;

type TimedEvent = { event: string; jobId: string; detail: string; atMs: number };
type Open = { name: string | null; waitsSinceMs: number | null; runsSinceMs: number | null };

export type QueueTimings = {
  /** How long jobs waited until a worker took them, and how long it worked; null without any. */
  wait: Percentiles | null;
  run: Percentiles | null;
  /** How often a job was taken from a worker that had stopped renewing its lock. */
  stalled: number;
};
export type NameTimings = { name: string; jobs: number; wait: Percentiles | null; run: Percentiles | null };

type Figures = { wait: Sketch; run: Sketch };
type Watched = Figures & {
  stalled: Sketch;
  names: Map<string, Figures>;
  read: QueueTimings | null;
  readMs: number;
  eventMs: number;
};

const sketches = (): Figures => ({ wait: createSketch(windowMinutes), run: createSketch(windowMinutes) });

/**
 * Wait and run times of jobs, from the events of their queues: a job waits from `waiting` to `active`, and runs from there
 * to `completed`, `failed` or a retry. A job whose first event was not seen has no time. What is kept does not grow with
 * the number of jobs.
 */
export function createTimings() {
  const queues = new Map<string, Watched>();
  const open = new Map<string, Open>();

  const watchedOf = (queue: string): Watched => {
    const known = queues.get(queue);
    if (known) return known;
    const { wait, run } = sketches();
    const fresh = {
      wait,
      run,
      stalled: createSketch(windowMinutes),
      names: new Map<string, Figures>(),
      read: null,
      readMs: Number.NEGATIVE_INFINITY,
      eventMs: 0,
    };
    queues.set(queue, fresh);
    return fresh;
  };

  const figuresOf = (watched: Watched, name: string): Figures | null => {
    const known = watched.names.get(name);
    if (known) return known;
    if (watched.names.size >= mostNames) return null;
    const fresh = sketches();
    watched.names.set(name, fresh);
    return fresh;
  };

  const note = (watched: Watched, kind: keyof Figures, ms: number, name: string | null, atMs: number) => {
    if (ms < 0) return;
    watched[kind].add(ms, atMs);
    if (name !== null) figuresOf(watched, name)?.[kind].add(ms, atMs);
  };

  const take = (queue: string, watched: Watched, event: TimedEvent, names: ReadonlyMap<string, string>) => {
    const key = `${queue} ${event.jobId}`;
    const job = open.get(key) ?? { name: null, waitsSinceMs: null, runsSinceMs: null };
    const { atMs } = event;
    job.name ??= event.event === "added" ? event.detail : (names.get(event.jobId) ?? null);
    switch (event.event) {
      case "added":
        break;
      case "waiting":
      case "prioritized":
        job.waitsSinceMs = atMs;
        job.runsSinceMs = null;
        break;
      case "active":
        if (job.waitsSinceMs !== null) note(watched, "wait", atMs - job.waitsSinceMs, job.name, atMs);
        job.waitsSinceMs = null;
        job.runsSinceMs = atMs;
        break;
      case "stalled":
        watched.stalled.add(0, atMs);
        break;
      case "delayed":
      case "waiting-children":
        if (job.runsSinceMs !== null) note(watched, "run", atMs - job.runsSinceMs, job.name, atMs);
        job.runsSinceMs = null;
        break;
      case "completed":
      case "failed":
        if (job.runsSinceMs !== null) note(watched, "run", atMs - job.runsSinceMs, job.name, atMs);
        open.delete(key);
        return;
      default:
        open.delete(key);
        return;
    }
    open.delete(key);
    open.set(key, job);
    const oldest = open.keys().next().value;
    if (open.size > mostOpen && oldest !== undefined) open.delete(oldest);
  };

  return {
    /** Takes events of a queue in their order. `names`: of the jobs, as far as they are known. */
    add(queue: string, events: readonly TimedEvent[], names: ReadonlyMap<string, string>) {
      if (events.length === 0) return;
      const watched = watchedOf(queue);
      for (const event of events) {
        watched.eventMs = Math.max(watched.eventMs, event.atMs);
        if (event.jobId !== "") take(queue, watched, event, names);
      }
    },
    /** Figures of the last minutes; null for a queue whose events were never read here. */
    of(queue: string, nowMs: number): QueueTimings | null {
      const watched = queues.get(queue);
      if (!watched) return null;
      if (watched.read !== null && nowMs - watched.readMs < readEveryMs) return watched.read;
      watched.read = {
        wait: watched.wait.read(nowMs),
        run: watched.run.read(nowMs),
        stalled: watched.stalled.count(nowMs),
      };
      watched.readMs = nowMs;
      return watched.read;
    },
    /** The same by name of job, for queues with an event since a time. */
    byName(sinceMs: number, nowMs: number): { queue: string; names: NameTimings[] }[] {
      return [...queues]
        .filter(([, { eventMs }]) => eventMs >= sinceMs)
        .map(([queue, { names }]) => ({
          queue,
          names: [...names].map(([name, { wait, run }]) => ({
            name,
            jobs: run.count(nowMs),
            wait: wait.read(nowMs),
            run: run.read(nowMs),
          })),
        }));
    },
    forget() {
      queues.clear();
      open.clear();
    },
  };
}
export type Timings = ReturnType<typeof createTimings>;
