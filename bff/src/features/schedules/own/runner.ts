import type { Logger } from "pino";
import type { OwnJob } from "#lib/feature.ts";
import { type OwnScheduleDeclaration, ownScheduleId } from "#lib/own-schedules.ts";
import { timeBefore, timesBetween } from "#lib/time/cron.ts";
import type { HeldRun, OwnRunsStore, OwnScheduleState } from "./store.ts";

const usualRenewalMs = 10_000;
/** A run whose processes died this often ends as failed. */
const attemptsMax = 3;
const missedMax = 20;

export type OwnSchedule = OwnScheduleDeclaration & { steps: readonly OwnJob[] };

class TimeIsOver extends Error {}
class Stopping extends Error {}

const utc = (pattern: string) => ({ pattern, timeZone: "UTC" });

/** What is due by the database's clock: the latest time only, so that what was due while nobody ran runs once. */
export function dueOf({ pattern }: OwnScheduleDeclaration, { nowMs, handledMs }: OwnScheduleState) {
  if (pattern === null) return null;
  if (handledMs === null) return { atMs: nowMs, isFirst: true, missedMs: [] };
  const atMs = timeBefore(utc(pattern), nowMs);
  if (atMs === null || atMs <= handledMs) return null;
  return { atMs, isFirst: false, missedMs: timesBetween(utc(pattern), handledMs, atMs, missedMax).times };
}

/** Runs what is due, one run of a schedule at a time in the cluster. */
export function createOwnRunner(deps: {
  schedules: readonly OwnSchedule[];
  store: OwnRunsStore;
  log: Logger;
  renewEveryMs?: number;
}) {
  const { schedules, store, log, renewEveryMs = usualRenewalMs } = deps;
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  let checking: Promise<void> | undefined;
  let askedAgain = false;

  /** Does the steps that are not done yet; one that fails keeps no other from running. */
  async function work({ steps }: OwnSchedule, run: HeldRun, signal: AbortSignal) {
    const told: string[] = [];
    const failed: string[] = [];
    for (const { name, run: step } of steps) {
      if (run.stepsDone.includes(name)) continue;
      signal.throwIfAborted();
      try {
        const result = await step(signal);
        if (typeof result === "string") told.push(result);
      } catch (err) {
        if (signal.aborted) throw signal.reason;
        log.warn({ err, schedule: run.schedule, step: name }, "a step of a schedule failed");
        failed.push(`${name}: ${err instanceof Error ? err.message : String(err)}`);
        continue;
      }
      if (!(await store.renew(run, name))) throw new Stopping();
    }
    return failed.length > 0
      ? { outcome: "failed" as const, detail: failed.join("; ") }
      : { outcome: "completed" as const, detail: told.length === 0 ? null : told.join("; ") };
  }

  async function carryOut(schedule: OwnSchedule, run: HeldRun) {
    const time = new AbortController();
    const signal = AbortSignal.any([time.signal, stopping.signal]);
    const timer = setTimeout(() => time.abort(new TimeIsOver()), schedule.timeoutMs).unref();
    // The lease is renewed until the step has really ended, so that a step that ignores its signal never runs twice.
    const renewal = setInterval(() => {
      store.renew(run).then(
        (isOurs) => isOurs || time.abort(new Stopping()),
        () => {},
      );
    }, renewEveryMs).unref();
    try {
      const ending =
        run.attempts > attemptsMax
          ? { outcome: "failed" as const, detail: `Its process ended ${attemptsMax} times in mid-run` }
          : await work(schedule, run, signal);
      const children = schedules.filter(({ after }) => after === schedule.name);
      await store.end(
        run,
        ending,
        ending.outcome === "completed" ? children.map(({ name }) => ownScheduleId(name)) : [],
      );
    } catch (error) {
      if (error instanceof TimeIsOver)
        await store.end(
          run,
          { outcome: "timed_out", detail: `Not finished within ${schedule.timeoutMs / 60_000} min` },
          [],
        );
      else await store.giveBack(run);
    } finally {
      clearTimeout(timer);
      clearInterval(renewal);
    }
  }

  function start(schedule: OwnSchedule, run: HeldRun) {
    const done = carryOut(schedule, run)
      // Its lease ends, and any process continues it.
      .catch((err: unknown) =>
        log.warn({ err, schedule: schedule.name }, "a run could not be ended in order"),
      )
      .finally(() => {
        running.delete(schedule.name);
        // What fell due meanwhile, and what follows it.
        if (!stopping.signal.aborted) void check();
      });
    running.set(schedule.name, done);
  }

  async function checkOnce() {
    for (const state of await store.states()) {
      const schedule = schedules.find(({ name }) => ownScheduleId(name) === state.schedule);
      if (!schedule || running.has(schedule.name) || stopping.signal.aborted) continue;
      if (state.open !== null) {
        const run = state.open.isFree ? await store.takeOver(state.schedule) : null;
        if (run) start(schedule, run);
        continue;
      }
      const due = state.isPaused ? null : dueOf(schedule, state);
      const run = due && (await store.claim(state.schedule, due));
      if (run) start(schedule, run);
    }
  }

  async function check(): Promise<void> {
    if (checking) {
      askedAgain = true;
      return checking;
    }
    checking = (async () => {
      do {
        askedAgain = false;
        await checkOnce();
      } while (askedAgain && !stopping.signal.aborted);
    })()
      .catch((err: unknown) => log.debug({ err }, "due schedules could not be read; the next check does"))
      .finally(() => {
        checking = undefined;
      });
    return checking;
  }

  return {
    declare: () => store.declare(schedules),
    /** Starts what is due and returns without waiting for it. Never rejects. */
    check,
    /** Resolves when nothing runs. */
    async idle() {
      while (checking || running.size > 0) await Promise.all([checking, ...running.values()]);
    },
    /** Gives running work back to the other processes. */
    async stop() {
      stopping.abort(new Stopping());
      await checking;
      await Promise.all(running.values());
    },
  };
}
