import type { RunNote } from "../rows.ts";
import { schedulerIdOf } from "../rows.ts";
import { askedJobId } from "./effects.ts";
import type { ObservedRuns } from "./runs.ts";
import type { ScheduledQueue, SchedulerReading, SchedulersSource } from "./source.ts";
import { createSchedulerTrack, intervalOf, noteOf, repetitionOf, type SchedulerTrack } from "./tracker.ts";

export { createScheduleCommands, type OnEnd, type ScheduleCommands } from "./commands.ts";
export { readScheduler } from "./effects.ts";
export { createObservedRuns, type ObservedRuns } from "./runs.ts";
export { createSchedulersSource, type ScheduledQueue, type SchedulerReading } from "./source.ts";
export { type CommandAct, commandAct, type KeptScheduler, keptScheduler } from "./template.ts";
export { intervalOf, repetitionOf } from "./tracker.ts";

const askedMax = 10;
const addedWithinMs = 90_000;

/** The job schedulers of one Redis server, as the board reads them. */
export type SampledSchedulers = {
  sourceId: string;
  /** How long a reading may take; 2 s if absent. */
  timeoutMs?: number;
  /** Slug of the organization that owns a queue. */
  organizationOf(queue: { prefix: string }): string;
  /** Why nothing there may be changed; null if it may. */
  readOnly: string | null;
  /** A queue whose schedulers are Wheelhouse's own rings. */
  isOwn(queue: { prefix: string; name: string }): boolean;
  source: SchedulersSource;
};

/** A watched scheduler in one reading. */
export type WatchedScheduler = {
  id: string;
  organization: string;
  sourceId: string;
  readOnly: string | null;
  queue: ScheduledQueue;
  scheduler: SchedulerReading;
};
export type WatchedReading = {
  serverMs: number;
  schedulers: readonly WatchedScheduler[];
  /** Why some cannot be read, one reason at most. */
  refusal: string | null;
};

/** Reads the schedulers of one server and follows their runs. */
export function createWatchedSchedulers(sampled: SampledSchedulers, runs: ObservedRuns) {
  const { sourceId, source, organizationOf, isOwn, readOnly } = sampled;
  let tracks = new Map<string, SchedulerTrack>();
  let before: readonly WatchedScheduler[] = [];

  const isOpen = ({ outcome }: RunNote) => outcome === "running" || outcome === "waiting";
  const askedRuns = (id: string) =>
    (runs.of(id) ?? []).filter((run) => isOpen(run) && run.trigger === "person").slice(0, askedMax);
  const asks = () => {
    const open = new Map<string, [string, number][]>();
    for (const { id, queue, scheduler } of before) {
      const asked = askedRuns(id).map(({ dueMs }): [string, number] => [
        askedJobId(scheduler.key, dueMs),
        dueMs,
      ]);
      const jobs = [...(tracks.get(id)?.asks(scheduler) ?? []), ...asked];
      if (jobs.length > 0) open.set(queue.base, [...(open.get(queue.base) ?? []), ...jobs]);
    }
    return open;
  };

  return async function sample(): Promise<WatchedReading> {
    const { serverMs, queues } = await source.read(asks());
    const found = queues.flatMap(({ queue, schedulers, jobs }) =>
      isOwn(queue)
        ? []
        : schedulers.map((scheduler) => ({
            jobs,
            watched: {
              id: schedulerIdOf(sourceId, queue, scheduler.key),
              organization: organizationOf(queue),
              sourceId,
              readOnly,
              queue,
              scheduler,
            },
          })),
    );
    await runs
      .load(found.map(({ watched: { organization, id } }) => ({ organization, schedule: id })))
      // Without Postgres the runs of before are not shown; those of now are.
      .catch(() => {});
    const next = new Map<string, SchedulerTrack>();
    for (const { watched, jobs } of found) {
      const { id, organization, scheduler } = watched;
      const open = (runs.of(id) ?? [])
        .filter((run) => isOpen(run) && run.trigger !== "person")
        .map(({ dueMs }) => dueMs);
      const track = tracks.get(id) ?? createSchedulerTrack(open);
      next.set(id, track);
      const asked = askedRuns(id).flatMap((run) => {
        const job = jobs.get(askedJobId(scheduler.key, run.dueMs));
        // It is added after it was asked for, perhaps a while later.
        if (job === undefined || (job.state === "gone" && serverMs - run.dueMs < addedWithinMs)) return [];
        return [Object.assign(noteOf(run.dueMs, job), { trigger: run.trigger, askedBy: run.askedBy })];
      });
      const notes = [...track.take(scheduler, { serverMs, jobs }), ...asked];
      if (notes.length === 0) continue;
      const everyMs = intervalOf(repetitionOf(scheduler, scheduler.nextMs), scheduler.nextMs);
      for (const note of notes) runs.note({ organization, schedule: id, everyMs }, note);
    }
    for (const { id } of before) if (!next.has(id)) runs.forget(id);
    tracks = next;
    before = found.map(({ watched }) => watched);
    const refused = queues.find(({ refusal }) => refusal !== null);
    return { serverMs, schedulers: before, refusal: refused?.refusal ?? null };
  };
}
