import { type Job, Worker } from "bullmq";
import type { Logger } from "pino";
import type { Clock } from "#lib/time/clock.ts";
import type { WebhooksConfig } from "../config.ts";
import { type AttemptRef, attemptRef, jobIdOf } from "./attempt-ref.ts";
import { type Doorbell, later } from "./doorbell.ts";

/** `done`: the job is finished. `later`: run the same job again at the given time. */
export type Delivered = { kind: "done" } | { kind: "later"; atMs: number };

/** `closing`: nothing new may be claimed; `abort`: what is under way ends now. */
export type StopSignals = { closing: AbortSignal; abort: AbortSignal };

export type Deliver = (ref: AttemptRef, signals: StopSignals) => Promise<Delivered>;

type DeliveryJob = Job<AttemptRef>;

export class DeliveryWorker extends Worker<AttemptRef> {
  /** Completes a job; with `isMore` in the same step it takes the next one, if any waits. */
  async completeJob(job: DeliveryJob, token: string, isMore: boolean): Promise<DeliveryJob | undefined> {
    const next = await job.moveToCompleted(null, token, isMore);
    if (!Array.isArray(next) || !next[0]) return undefined;
    return this.nextJobFromJobData(next[0], next[1], token);
  }
}

type HandOptions = {
  deliver: Deliver;
  doorbell: Pick<Doorbell, "ring">;
  config: Pick<WebhooksConfig, "jobs">;
  clock: Clock;
  log: Logger;
};

/** The part of its places that a worker gives to attempts passed on in its process; the rest is for jobs of all. */
const passedShare = 1 / 4;

/** Attempts that this process holds, by the id of their job: jobs with the token of their lock, and those passed on. */
export function createHand(worker: DeliveryWorker, { deliver, doorbell, config, clock, log }: HandOptions) {
  const abort = new AbortController();
  const closing = new AbortController();
  const signals = { closing: closing.signal, abort: abort.signal };
  const held = new Map<string, { token: string | null; done: Promise<void> }>();
  const passedMost = Math.floor(config.jobs * passedShare);
  let passed = 0;
  let onRoom: (() => void) | undefined;

  const attempt = async (ref: AttemptRef): Promise<Delivered> =>
    closing.signal.aborted ? { kind: "later", atMs: clock.now() } : deliver(ref, signals);

  async function runJob(job: DeliveryJob, token: string): Promise<DeliveryJob | undefined> {
    const ref = attemptRef.safeParse(job.data);
    if (!ref.success) log.warn({ jobId: job.id }, "dropped an invalid job from the delivery queue");
    const delivered: Delivered = ref.success ? await attempt(ref.data) : { kind: "done" };
    if (delivered.kind === "done")
      return worker.completeJob(job, token, held.size <= config.jobs && !closing.signal.aborted);
    await job.moveToDelayed(Date.now() + Math.max(1, Math.round(delivered.atMs - clock.now())), token);
    return undefined;
  }

  async function runPassed(ref: AttemptRef): Promise<undefined> {
    const delivered = await attempt(ref);
    if (delivered.kind === "later") await doorbell.ring([later(ref, delivered.atMs - clock.now())]);
  }

  function hold(id: string, token: string | null, running: Promise<DeliveryJob | undefined>): void {
    if (token === null) passed += 1;
    const done = running
      // Another worker has it, or Redis lost it: Postgres knows what is still due.
      .catch((err: unknown) => {
        log.debug({ err, jobId: id }, "could not end a delivery job");
        return undefined;
      })
      .then((next) => {
        if (token === null) passed -= 1;
        if (held.get(id)?.done === done) held.delete(id);
        if (next && token !== null) start(next, token);
        onRoom?.();
      });
    held.set(id, { token, done });
  }

  function start(job: DeliveryJob, token: string): void {
    const id = job.id ?? "";
    // The sweeper rings for what was passed on and still waits for room.
    const isPassed = held.get(id)?.token === null;
    if (isPassed) hold(`${id} again`, token, worker.completeJob(job, token, false));
    else hold(id, token, runJob(job, token));
  }

  return {
    closing: closing.signal,
    room: () => config.jobs - held.size,
    start,
    /** Makes attempts without a job of their own. @returns those for which there is no room. */
    take(due: readonly AttemptRef[]): readonly AttemptRef[] {
      const room = closing.signal.aborted ? 0 : Math.min(passedMost - passed, config.jobs - held.size);
      for (const ref of due.slice(0, Math.max(0, room)))
        if (!held.has(jobIdOf(ref))) hold(jobIdOf(ref), null, runPassed(ref));
      return due.slice(Math.max(0, room));
    },
    holds: (ref: AttemptRef) => held.has(jobIdOf(ref)),
    /** Resolves once fewer jobs are held than may be, or the worker is closing. */
    async untilRoom(): Promise<void> {
      while (held.size >= config.jobs && !closing.signal.aborted)
        await new Promise<void>((resolve) => {
          onRoom = resolve;
          closing.signal.addEventListener("abort", () => resolve(), { once: true });
        });
    },
    /** The locks that have to be renewed. */
    locks() {
      const locked = [...held].flatMap(([id, { token }]) => (token === null ? [] : [{ id, token }]));
      return { ids: locked.map(({ id }) => id), tokens: locked.map(({ token }) => token) };
    },
    /** From now on every job goes back. */
    refuse: () => closing.abort(),
    async finished(): Promise<void> {
      while (held.size > 0) await Promise.allSettled([...held.values()].map(({ done }) => done));
    },
    /** Waits for the jobs held at the time of the call. */
    async abort(): Promise<void> {
      abort.abort();
      await Promise.allSettled([...held.values()].map(({ done }) => done));
    },
  };
}
export type Hand = ReturnType<typeof createHand>;
