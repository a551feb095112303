import { setTimeout as sleep } from "node:timers/promises";
import { sql, type Transaction } from "kysely";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import type { Changes } from "#lib/change.ts";
import type { Events } from "#lib/events.ts";
import { mostChangedIds } from "#lib/events.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import type { ReplayConfig } from "../config.ts";
import type { Doorbell } from "../delivery/delivery.ts";
import { counted, pace, waitingOf } from "./pace.ts";
import { replayAudit } from "./runs.ts";
import { type Begun, type EndpointLane, type Outcomes, replaySteps } from "./steps.ts";
import type { ReplayRow, ReplaysStore } from "./store.ts";

type RunnerOptions = {
  database: Database;
  store: ReplaysStore;
  changes: Changes;
  breakers: Pick<Breakers, "view" | "isProbeDue">;
  doorbell: Pick<Doorbell, "ring">;
  events: Pick<Events, "emit">;
  config: ReplayConfig;
  clock: Clock;
  log: Logger;
};

const expireEveryMs = 30_000;
const actor = "Wheelhouse";
const runsAtOnce = 50;
const settleBusyMs = 1_000;
const shownCauses = 5;

/** Another process, or a person, moved the run first. */
class Overtaken extends Error {}

type Step = { run: ReplayRow; begun: Begun[]; isChanged: boolean; lanes: EndpointLane[] };

type Skipped = ReadonlyMap<string, number>;

/** Adds started and skipped deliveries to the lanes. */
function countBegun(lanes: ReadonlyMap<string, EndpointLane>, begun: readonly Begun[], skipped: Skipped) {
  for (const { endpointId } of begun) {
    const lane = lanes.get(endpointId);
    if (lane) lane.sent += 1;
  }
  for (const [endpointId, count] of skipped) {
    const lane = lanes.get(endpointId);
    if (!lane) continue;
    lane.skipped += count;
    // Skipped deliveries are not part of the canary: the next ones replace them.
    if (lane.phase === "canary" || lane.waitsForBreaker) lane.canarySent -= count;
  }
}

/** The sums over all lanes, stored with the run. */
async function saveCounts(tx: Transaction<Tables>, id: string, lanes: readonly EndpointLane[]) {
  const sum = (part: "sent" | "succeeded" | "failed" | "skipped") =>
    lanes.reduce((total, lane) => total + lane[part], 0);
  const counts = {
    sent: sum("sent"),
    succeeded: sum("succeeded"),
    failed: sum("failed"),
    skipped: sum("skipped"),
  };
  await tx.updateTable("webhook_replays").set(counts).where("id", "=", id).execute();
  return counts;
}

/**
 * Repeats `round`, each time after the delay returned by the previous one, until it is stopped. `rest`: what
 * is still running when the last round has ended.
 */
function repeatRounds(options: {
  round: () => Promise<number>;
  failedWaitMs: number;
  log: Logger;
  rest: () => Promise<void>;
}) {
  const { round, failedWaitMs, log, rest } = options;
  const stop = new AbortController();
  let failed = false;
  const running = (async () => {
    while (!stop.signal.aborted) {
      const waitMs = await round().then(
        (ms) => {
          failed = false;
          return ms;
        },
        (err: unknown) => {
          if (!failed) log.warn({ err }, "replays cannot continue right now");
          failed = true;
          return failedWaitMs;
        },
      );
      await sleep(waitMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
    }
    await rest();
  })();
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/**
 * Continues runs of replays in every worker at once: a step locks the run's row, records outcomes, decides
 * each endpoint's pace and starts the next deliveries, all in one transaction. So a delivery is started
 * together with its item or not at all, even if a worker dies; the sweeper creates missing jobs.
 */
export function createReplayRunner(options: RunnerOptions) {
  const { database, store, changes, breakers, doorbell, events, config, clock, log } = options;
  /**
   * By run: where the walk over sent deliveries continues, when it last ran, and whether a full batch was
   * started since.
   */
  const walks = new Map<string, { after: string | null; atMs: number; isBusy: boolean }>();
  let rung: Promise<void> = Promise.resolve();
  const tellChanged = (organizationId: string, id: string) =>
    events.emit("replays.changed", { organizationId, ids: [id], created: 0 });
  let expiredAtMs = 0;
  const idleMs = 4 * config.stepMs;

  async function settle(tx: Transaction<Tables>, run: ReplayRow): Promise<Outcomes> {
    const walk = walks.get(run.id);
    // Reading outcomes takes as long as starting deliveries.
    if (walk?.isBusy && performance.now() - walk.atMs < settleBusyMs) return new Map();
    if (run.sent === run.succeeded + run.failed) {
      walks.delete(run.id);
      return new Map();
    }
    const { outcomes, next } = await replaySteps.settle(tx, run.id, walk?.after ?? null, config.batch);
    walks.set(run.id, { after: next, atMs: performance.now(), isBusy: walk?.isBusy ?? false });
    return outcomes;
  }

  /** The pace of each endpoint by the outcomes so far, and how many deliveries each starts now. */
  async function paceLanes(tx: Transaction<Tables>, run: ReplayRow, outcomes: Outcomes, now: Date) {
    const { id } = run;
    const nowMs = now.getTime();
    const isSending = run.state === "running" && (run.starts_at?.getTime() ?? nowMs) <= nowMs;
    const limits = { ...config, ceiling: run.rate };
    const before = await replaySteps.lanes(tx, id);
    const notes: Parameters<ReplaysStore["note"]>[2][number][] = [];
    const lanes = new Map<string, EndpointLane>();
    const wanted: { endpointId: string; count: number }[] = [];
    for (const lane of before) {
      const { endpointId } = lane;
      const seen = outcomes.get(endpointId) ?? { ok: 0, bad: 0 };
      if (!isSending) {
        lanes.set(endpointId, { ...lane, ...counted(lane, seen) });
        continue;
      }
      const skipped =
        lane.isOff && waitingOf(lane) > 0 ? await replaySteps.skip(tx, id, endpointId, config.batch) : 0;
      const paced = pace(
        { ...lane, skipped: lane.skipped + skipped },
        { ...seen, breaker: breakers.isProbeDue(endpointId) ? "probe_due" : breakers.view(endpointId).state },
        limits,
        nowMs,
      );
      lanes.set(endpointId, { ...lane, ...paced.lane });
      if (paced.send > 0 && !lane.isOff) wanted.push({ endpointId, count: paced.send });
      if (paced.note) notes.push({ at: now, ...paced.note, endpointId });
    }
    return { lanes, notes, wanted };
  }

  /** Null while another process holds the run, or when it is no longer running. */
  const step = (id: string): Promise<Step | null> =>
    database.system.transaction().execute(async (tx) => {
      const run = await tx
        .selectFrom("webhook_replays")
        .selectAll()
        .where("id", "=", id)
        .forNoKeyUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (!run) return null;
      const now = new Date(clock.now());
      const outcomes = await settle(tx, run);
      const { lanes, notes, wanted } = await paceLanes(tx, run, outcomes, now);
      const { begun, skipped } =
        wanted.length === 0
          ? { begun: [], skipped: new Map<string, number>() }
          : await replaySteps.begin(tx, id, wanted, now);
      countBegun(lanes, begun, skipped);
      const after = [...lanes.values()];
      await replaySteps.saveLanes(tx, id, after);
      const counts = await saveCounts(tx, id, after);
      await store.note(tx, run, notes);
      const isChanged = begun.length + outcomes.size + skipped.size + notes.length > 0;
      return { run: { ...run, ...counts }, begun, isChanged, lanes: after };
    });

  /** A system action; does nothing when the run was moved meanwhile. */
  async function transit(
    run: ReplayRow,
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
        return { result: null, audit: replayAudit(run, { state: from }, after) };
      });
      tellChanged(run.org_id, run.id);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }

  async function conclude({ run, lanes }: Step) {
    if (run.state !== "running") return;
    const going = lanes.filter(({ phase }) => phase !== "done");
    if (going.length === 0) {
      walks.delete(run.id);
      const ended = { state: "completed", cause: null, ended_at: new Date(clock.now()) } as const;
      return transit(run, "webhooks.replay.complete", "running", ended);
    }
    const causes = going.flatMap(({ phase, waitsForBreaker, name, cause }) =>
      phase === "held" && !waitsForBreaker && cause
        ? `${name}, ${cause[0]?.toLowerCase()}${cause.slice(1)}`
        : [],
    );
    if (causes.length < going.length) return;
    const cause = [...causes.slice(0, shownCauses), ...(causes.length > shownCauses ? ["and others"] : [])];
    await transit(run, "webhooks.replay.pause", "running", { state: "paused", cause: cause.join("; ") });
  }

  /** @returns whether there is more to do at once. */
  async function carryOn(id: string): Promise<boolean> {
    const done = await step(id);
    if (!done) return false;
    const { run, begun } = done;
    if (begun.length > 0) {
      // The jobs of one step are created while the next step runs, but no more than one step, so that nothing
      // piles up.
      await rung;
      rung = doorbell.ring(begun.map((each) => ({ ...each, attempt: 1, delayMs: 0 })));
      events.emit("deliveries.changed", {
        organizationId: run.org_id,
        ids: begun.slice(-mostChangedIds).map(({ deliveryId }) => deliveryId),
        created: 0,
      });
    }
    if (done.isChanged) tellChanged(run.org_id, id);
    await conclude(done);
    const isBusy = begun.length >= config.batch;
    const walk = walks.get(id);
    if (walk) walk.isBusy = isBusy;
    return isBusy;
  }

  async function expirePlans() {
    if (clock.now() - expiredAtMs < expireEveryMs) return;
    expiredAtMs = clock.now();
    const expired = await database.system
      .selectFrom("webhook_replays")
      .selectAll()
      .where("state", "=", "planned")
      .where("expires_at", "<", new Date(clock.now()))
      .limit(runsAtOnce)
      .execute();
    const to = { state: "expired", cause: null, ended_at: new Date(clock.now()) } as const;
    for (const run of expired) await transit(run, "webhooks.replay.expire", "planned", to);
  }

  /**
   * One step of every running run.
   * @returns the delay before the next round, ms.
   */
  async function round(): Promise<number> {
    await expirePlans();
    const { rows } = await sql<{ id: string; state: string }>`
      select id, state from webhook_replays
      where (state = 'running' or sent > succeeded + failed) and starts_at <= ${new Date(clock.now())}::timestamptz
      order by id limit ${runsAtOnce}
    `.execute(database.system);
    let isBusy = false;
    let problem: unknown;
    for (const { id } of rows)
      await carryOn(id).then(
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
    return rows.some(({ state }) => state === "running") ? config.stepMs : idleMs;
  }

  return { start: () => repeatRounds({ round, failedWaitMs: idleMs, log, rest: () => rung }) };
}
