import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { OwnJob } from "#lib/feature.ts";
import { ownScheduleId } from "#lib/own-schedules.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createOwnRunner, dueOf } from "./runner.ts";
import { createOwnRunsStore } from "./store.ts";

const log = pino({ level: "silent" });
const leaseMs = 400;
let database: Database;
beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 5, log });
});
afterAll(() => database.close());
beforeEach(() =>
  sql`truncate schedule_runs, schedule_states`
    .execute(database.system)
    .catch(() => sql`delete from schedule_runs`.execute(database.system))
    .then(() => sql`delete from schedule_states`.execute(database.system)),
);

const daily = { name: "nightly", pattern: "0 1 * * *", after: null, timeoutMs: 60_000 };
const child = { name: "report", pattern: null, after: "nightly", timeoutMs: 60_000 };

type Step = (signal: AbortSignal) => Promise<unknown>;
const stepsOf = (steps: Record<string, Step>): OwnJob[] =>
  Object.entries(steps).map(([name, run]) => ({ name, on: "retention", run }));

function startRunner(runner: string, steps: Record<string, Step>, more: { timeoutMs?: number } = {}) {
  const store = createOwnRunsStore(database, runner, leaseMs);
  let isDead = false;
  const never = new Promise<never>(() => {});
  const runs = createOwnRunner({
    schedules: [
      Object.assign({ steps: stepsOf(steps) }, daily, more),
      Object.assign({ steps: stepsOf({ refresh: async () => "refreshed" }) }, child),
    ],
    // A dead process says nothing more.
    store: {
      ...store,
      renew: (...args) => (isDead ? never : store.renew(...args)),
      end: (...args) => (isDead ? never : store.end(...args)),
      giveBack: (...args) => (isDead ? never : store.giveBack(...args)),
    },
    log,
    renewEveryMs: leaseMs / 4,
  });
  return Object.assign(runs, {
    async look() {
      await runs.declare();
      await runs.check();
    },
    kill() {
      isDead = true;
    },
  });
}

const runsOf = async (name: string) => {
  const rows = await database.system
    .selectFrom("schedule_runs")
    .selectAll()
    .where("schedule", "=", ownScheduleId(name))
    .orderBy("due_at")
    .execute();
  return rows.map(({ outcome, trigger, detail, steps_done, attempts }) => ({
    outcome,
    trigger,
    detail,
    steps: steps_done,
    attempts,
  }));
};
const handledUntil = (at: string) =>
  sql`update schedule_states set handled_until = ${at}::timestamptz where schedule = 'own~nightly'`.execute(
    database.system,
  );

test("of three workers that look at once and again, one runs what is due, and what follows it runs once, too", async () => {
  let count = 0;
  const step = async () => {
    count += 1;
    return "12 rows";
  };
  const workers = ["a", "b", "c"].map((name) => startRunner(name, { step }));
  for (let round = 0; round < 3; round += 1) await Promise.all(workers.map(({ look }) => look()));
  await expect.poll(() => runsOf("report")).toHaveLength(1);
  await expect.poll(async () => (await runsOf("report"))[0]?.outcome).toBe("completed");
  await Promise.all(workers.map(({ idle }) => idle()));
  expect(count).toBe(1);
  expect(await runsOf("nightly")).toEqual([
    { outcome: "completed", trigger: "first", detail: "12 rows", steps: ["step"], attempts: 1 },
  ]);
  expect(await runsOf("report")).toMatchObject([{ trigger: "parent", detail: "refreshed" }]);
});

test("a worker that found a schedule which never ran does not run it again after another has", async () => {
  const [one, two] = [createOwnRunsStore(database, "a"), createOwnRunsStore(database, "b")];
  const worker = startRunner("a", { step: async () => {} });
  await worker.look();
  await worker.idle();
  const late = { atMs: Date.now() + 1_000, isFirst: true, missedMs: [] };
  expect(await two.claim(ownScheduleId("nightly"), late)).toBeNull();
  expect(await one.claim(ownScheduleId("nightly"), late)).toBeNull();
});

test("what was due while nobody ran runs once, and the times before it are kept as missed", async () => {
  let count = 0;
  const worker = startRunner("a", { step: async () => (count += 1) });
  await worker.declare();
  const threeDaysAgo = new Date(Date.now() - 3.5 * 86_400_000).toISOString();
  await handledUntil(threeDaysAgo);
  await worker.look();
  await worker.idle();
  expect(count).toBe(1);
  const outcomes = (await runsOf("nightly")).map(({ outcome }) => outcome);
  expect(outcomes.at(-1)).toBe("completed");
  expect(outcomes.slice(0, -1).every((outcome) => outcome === "missed")).toBe(true);
  expect(outcomes.length).toBeGreaterThanOrEqual(3);
});

test("a worker killed in mid-run: another goes on with the step it was in, and none runs twice", async () => {
  const done: string[] = [];
  const dying = startRunner("a", {
    one: async () => done.push("a one"),
    two: () => new Promise(() => {}),
  });
  await dying.look();
  await expect.poll(async () => (await runsOf("nightly"))[0]?.steps).toEqual(["one"]);
  const heir = startRunner("b", {
    one: async () => done.push("b one"),
    two: async () => done.push("b two"),
  });
  await heir.look();
  expect(done).toEqual(["a one"]);
  dying.kill();
  await expect
    .poll(async () => {
      await heir.check();
      return done;
    })
    .toEqual(["a one", "b two"]);
  await heir.idle();
  expect(await runsOf("nightly")).toMatchObject([
    { outcome: "completed", steps: ["one", "two"], attempts: 2 },
  ]);
});

test("a run that takes too long is aborted and ends as timed out; one that fails says why, and nothing follows it", async () => {
  const slow = startRunner(
    "a",
    {
      forever: (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    },
    { timeoutMs: 50 },
  );
  await slow.look();
  await slow.idle();
  expect(await runsOf("nightly")).toMatchObject([{ outcome: "timed_out" }]);

  await handledUntil("2020-01-01");
  const failing = startRunner("b", {
    bad: () => Promise.reject(new Error("no space left")),
    good: async () => "fine",
  });
  await failing.look();
  await failing.idle();
  expect((await runsOf("nightly")).find(({ outcome }) => outcome === "failed")).toMatchObject({
    detail: "bad: no space left",
    steps: ["good"],
  });
  expect(await runsOf("report")).toEqual([]);
});

test("a process that stops gives its run back, and the run continues elsewhere", async () => {
  const stopping = startRunner("a", {
    step: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  await stopping.look();
  await stopping.stop();
  const other = startRunner("b", { step: async () => "done elsewhere" });
  await other.look();
  await other.idle();
  expect(await runsOf("nightly")).toMatchObject([{ outcome: "completed", detail: "done elsewhere" }]);
});

test("a paused schedule does not run, and after the pause what fell due meanwhile is skipped", async () => {
  let count = 0;
  const worker = startRunner("a", { step: async () => (count += 1) });
  await worker.declare();
  await handledUntil("2020-01-01");
  await sql`update schedule_states set paused_at = now(), paused_by = 'P', pause_reason = 'r'`.execute(
    database.system,
  );
  await worker.look();
  await worker.idle();
  expect(count).toBe(0);
  await sql`update schedule_states set paused_at = null, handled_until = greatest(handled_until, now())`.execute(
    database.system,
  );
  await worker.look();
  await worker.idle();
  expect(count).toBe(0);
});

test("a clock that steps back makes nothing due again, and one that steps ahead makes the latest time due once", () => {
  const at = (text: string) => Date.parse(text);
  const state = { schedule: "own~nightly", isPaused: false, open: null };
  const handledMs = at("2026-03-02T01:00:00Z");
  const due = (now: string) => dueOf(daily, { ...state, handledMs, nowMs: at(now) });
  expect(due("2026-03-02T01:00:01Z")).toBeNull();
  expect(due("2026-03-01T23:00:00Z")).toBeNull();
  expect(due("2026-03-09T12:00:00Z")).toMatchObject({ atMs: at("2026-03-09T01:00:00Z") });
});
