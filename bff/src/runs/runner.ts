import type { Transaction } from "kysely";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Outcomes, RunConfig, RunItem, RunKind, RunLane, RunRow, Wanted } from "./kind.ts";
import { counted, pace, waitingOf } from "./pace.ts";
import { repeatRounds } from "./rounds.ts";
import { auditOf } from "./service.ts";
import type { Note, RunStore } from "./store.ts";

type RunnerOptions = { database: Database; store: RunStore; changes: Changes; clock: Clock; log: Logger };

const expireEveryMs = 30_000;
const actor = "Wheelhouse";
const runsAtOnce = 50;
const settleBusyMs = 1_000;
const shownCauses = 5;
/** About this many moments of a run have their rates noted, some hundred more in a long one. */
const ratesOfRun = 100;

/** Another process, or a person, moved the run first. */
class Overtaken extends Error {}

type Step<Item> = { run: RunRow; begun: readonly Item[]; isChanged: boolean; lanes: RunLane[] };

/** Adds begun and skipped items to the lanes. */
function countBegun(
  lanes: ReadonlyMap<string, RunLane>,
  items: readonly RunItem[],
  skipped: ReadonlyMap<string, number>,
) {
  for (const { laneId } of items) {
    const lane = lanes.get(laneId);
    if (lane) lane.sent += 1;
  }
  for (const [laneId, count] of skipped) {
    const lane = lanes.get(laneId);
    if (!lane) continue;
    lane.skipped += count;
    // Skipped items are not part of the canary: the next ones replace them.
    if (lane.phase === "canary" || lane.waitsForBreaker) lane.canarySent -= count;
  }
}

const leastOf = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));

/** What a lane gets of the run's rate and canary. */
function shareOf({ isShared, canary: own }: RunConfig, run: RunRow, lanes: readonly RunLane[]) {
  const canary = run.canary ?? own;
  if (!isShared) return { ceiling: run.rate, canary };
  const going = lanes.filter((lane) => lane.phase !== "held" && waitingOf(lane) > 0).length;
  return {
    ceiling: run.rate === null ? null : run.rate / Math.max(1, going),
    canary: Math.ceil(canary / Math.max(1, lanes.length)),
  };
}

/** The pace of each lane by the outcomes so far, and how many items each begins now. */
async function paceLanes<Item extends RunItem, Filter>(
  kind: RunKind<Item, Filter>,
  {
    tx,
    run,
    before,
    outcomes,
    now,
  }: {
    tx: Transaction<Tables>;
    run: RunRow;
    before: readonly RunLane[];
    outcomes: Outcomes;
    now: Date;
  },
) {
  const nowMs = now.getTime();
  const isSending = run.state === "running" && (run.starts_at?.getTime() ?? nowMs) <= nowMs;
  const limits = { ...kind.config, ...shareOf(kind.config, run, before), items: kind.items };
  const notes: Note[] = [];
  const lanes = new Map<string, RunLane>();
  const wanted: Wanted[] = [];
  for (const lane of before) {
    const { laneId } = lane;
    const seen = outcomes.get(laneId) ?? { ok: 0, bad: 0, undone: 0 };
    if (!isSending) {
      lanes.set(laneId, { ...lane, ...counted(lane, seen) });
      continue;
    }
    const isOver = lane.isOff || lane.isSkipped;
    const skipped = isOver && waitingOf(lane) > 0 ? await kind.skip(tx, run.id, lane, kind.config.batch) : 0;
    const paced = pace(
      { ...lane, skipped: lane.skipped + skipped },
      { ...seen, breaker: kind.gate(laneId, run.id) },
      { ...limits, ceiling: leastOf(limits.ceiling, lane.rateLimit) },
      nowMs,
    );
    lanes.set(laneId, { ...lane, ...paced.lane });
    if (paced.send > 0 && !isOver) wanted.push({ laneId, count: paced.send });
    if (paced.note) notes.push({ at: now, ...paced.note, laneId });
  }
  return { lanes, notes, wanted };
}

/**
 * Continues the runs of a kind in every worker at once: a step locks the run's row, records outcomes, decides
 * each lane's pace and begins the next items, all in one transaction. So an item begins together with its count
 * or not at all, even if a worker dies.
 */
export function createRunner<Item extends RunItem, Filter>(
  kind: RunKind<Item, Filter>,
  { database, store, changes, clock, log }: RunnerOptions,
) {
  const { config, actions } = kind;
  /**
   * By run: where the walk over begun items continues, when it last ran, and whether a full batch began since.
   */
  const walks = new Map<string, { after: string | null; atMs: number; isBusy: boolean }>();
  /** When the rates of a run were noted. */
  const ratedAtMs = new Map<string, number>();
  let effects: Promise<void> = Promise.resolve();
  let expiredAtMs = 0;
  const idleMs = 4 * config.stepMs;

  async function settle(tx: Transaction<Tables>, run: RunRow): Promise<Outcomes> {
    const walk = walks.get(run.id);
    // Reading outcomes takes as long as beginning items.
    if (walk?.isBusy && performance.now() - walk.atMs < settleBusyMs) return new Map();
    if (run.sent === run.succeeded + run.failed) {
      walks.delete(run.id);
      return new Map();
    }
    const { outcomes, next } = await kind.settle(tx, run.id, walk?.after ?? null, config.batch);
    walks.set(run.id, { after: next, atMs: performance.now(), isBusy: walk?.isBusy ?? false });
    return outcomes;
  }

  /** Null while another process holds the run. */
  const step = (id: string): Promise<Step<Item> | null> =>
    database.system.transaction().execute(async (tx) => {
      const run = await store.claim(tx, id);
      if (!run) return null;
      const now = new Date(clock.now());
      const outcomes = await settle(tx, run);
      const before = await store.lanes(tx, id, await kind.describe(tx, id, run));
      const { lanes, notes, wanted } = await paceLanes(kind, { tx, run, before, outcomes, now });
      const { items, skipped } =
        wanted.length === 0
          ? { items: [], skipped: new Map<string, number>() }
          : await kind.begin(tx, id, wanted, now);
      countBegun(lanes, items, skipped);
      const after = [...lanes.values()];
      await store.saveLanes(tx, id, after);
      const counts = await store.saveCounts(tx, id, after);
      await store.note(tx, run, notes);
      if (isRateDue(run, now)) await store.addRates(tx, run, now, after);
      const isChanged = items.length + outcomes.size + skipped.size + notes.length > 0;
      return { run: { ...run, ...counts }, begun: items, isChanged, lanes: after };
    });

  /** Every second at first, then at intervals that grow with the run. */
  function isRateDue({ id, state, starts_at }: RunRow, now: Date): boolean {
    if (state !== "running" || starts_at === null || starts_at > now) return false;
    const everyMs = Math.max(1_000, (now.getTime() - starts_at.getTime()) / ratesOfRun);
    const last = ratedAtMs.get(id);
    if (last !== undefined && now.getTime() - last < everyMs) return false;
    ratedAtMs.set(id, now.getTime());
    return true;
  }

  /** A system action; does nothing when the run was moved meanwhile. */
  async function transit(
    run: RunRow,
    action: Parameters<Changes["runAsSystem"]>[2],
    from: "running" | "planned",
    to: { state: "completed" | "paused" | "expired"; cause: string | null; ended_at?: Date },
  ) {
    try {
      await changes.runAsSystem(run.org_id, actor, action, async (tx) => {
        if (!(await store.move(tx, run.id, [from], to))) throw new Overtaken();
        if (to.state !== "expired")
          await store.note(tx, run, [{ at: new Date(clock.now()), what: to.state, detail: to.cause }]);
        const { total, sent, succeeded, failed, skipped } = run;
        const after = { state: to.state, cause: to.cause, total, sent, succeeded, failed, skipped };
        return { result: null, audit: auditOf(kind, run, { state: from }, after) };
      });
      kind.changed(run.org_id, run.id);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }

  async function conclude({ run, lanes }: Step<Item>) {
    if (run.state !== "running") return;
    const going = lanes.filter(({ phase }) => phase !== "done");
    if (going.length === 0) {
      walks.delete(run.id);
      ratedAtMs.delete(run.id);
      const ended = { state: "completed", cause: null, ended_at: new Date(clock.now()) } as const;
      return transit(run, actions.complete, "running", ended);
    }
    const causes = going.flatMap(({ phase, waitsForBreaker, name, cause }) =>
      phase === "held" && !waitsForBreaker && cause
        ? `${name}, ${cause[0]?.toLowerCase()}${cause.slice(1)}`
        : [],
    );
    if (causes.length < going.length) return;
    const cause = [...causes.slice(0, shownCauses), ...(causes.length > shownCauses ? ["and others"] : [])];
    await transit(run, actions.pause, "running", { state: "paused", cause: cause.join("; ") });
  }

  /** @returns whether there is more to do at once. */
  async function carryOn(seen: RunRow): Promise<boolean> {
    const { id } = seen;
    await kind.ask?.(seen);
    const done = await step(id);
    if (!done) return false;
    const { run, begun } = done;
    if (begun.length > 0) {
      // The effects of one step take place while the next step runs, but no more than one step, so that nothing
      // piles up.
      await effects;
      effects = kind.effect(run, begun).catch((err: unknown) => {
        log.warn({ err, run: id }, "the effects of a run are late");
      });
    }
    if (done.isChanged) kind.changed(run.org_id, id);
    await conclude(done);
    const isBusy = begun.length >= config.batch;
    const walk = walks.get(id);
    if (walk) walk.isBusy = isBusy;
    return isBusy;
  }

  async function expirePlans() {
    if (clock.now() - expiredAtMs < expireEveryMs) return;
    expiredAtMs = clock.now();
    const to = { state: "expired", cause: null, ended_at: new Date(clock.now()) } as const;
    for (const run of await store.late(new Date(clock.now()), runsAtOnce))
      await transit(run, actions.expire, "planned", to);
  }

  /**
   * One step of every running run.
   * @returns the delay before the next round, ms.
   */
  async function round(): Promise<number> {
    await expirePlans();
    const going = await store.going(new Date(clock.now()), runsAtOnce);
    let isBusy = false;
    let problem: unknown;
    for (const run of going)
      await carryOn(run).then(
        (hasMore) => {
          isBusy ||= hasMore;
        },
        (err: unknown) => {
          problem = err;
        },
      );
    // Thrown late, so that the other runs get their step.
    if (problem !== undefined) throw problem;
    if (isBusy) return 0;
    return going.some(({ state }) => state === "running") ? config.stepMs : idleMs;
  }

  return {
    start: () =>
      repeatRounds({
        round,
        failedWaitMs: idleMs,
        failure: `${kind.noun}s cannot continue right now`,
        log,
        rest: () => effects,
      }),
  };
}
