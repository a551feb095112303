import { expect, test } from "vitest";
import { type Patience, type Steady, settle, type Verdict } from "./steady-state.ts";

const ok: Verdict = { state: "ok", label: "OK", cause: null };
const down: Verdict = { state: "down", label: "Down", cause: "no answer" };
const degraded: Verdict = { state: "degraded", label: "Old jobs", cause: "old" };

/** Verdicts at 1, 2, 3 … s; after each, the state shown and since when, in seconds. */
function run(
  verdicts: readonly Verdict[],
  options: Partial<Patience> & { atOnce?: boolean; weight?: number } = {},
) {
  let steady: Steady | undefined;
  return verdicts.map((verdict, index) => {
    steady = settle(steady, verdict, (index + 1) * 1000, options);
    return `${steady.state}@${steady.sinceMs / 1000}`;
  });
}

test("down after three in a row, since the first of them; up after two", () => {
  expect(run([ok, down, down, down, down, ok, ok])).toEqual([
    "ok@1",
    "ok@1",
    "ok@1",
    "down@2",
    "down@2",
    "down@2",
    "ok@6",
  ]);
});

test("a single failure or a single good answer changes nothing", () => {
  expect(run([ok, down, ok, down, down, ok, down])).toEqual(Array(7).fill("ok@1"));
  expect(run([down, ok, down, ok, down])).toEqual(Array(5).fill("down@1"));
});

test("flapping between two different problems counts for neither", () => {
  expect(run([ok, down, degraded, down, degraded])).toEqual(Array(5).fill("ok@1"));
});

test("the first verdict takes effect at once, and so does an operator's action", () => {
  expect(run([down])).toEqual(["down@1"]);
  expect(run([ok, { ...ok, label: "Paused" }], { atOnce: true })).toEqual(["ok@1", "ok@2"]);
});

test("the cause is always the newest", () => {
  const steady = settle(settle(undefined, down, 0), { ...down, cause: "refused" }, 1);
  expect(steady).toMatchObject({ state: "down", cause: "refused", sinceMs: 0 });
});

test.each<[number, number, string[]]>([
  [1, 1, ["ok@1", "down@2", "down@2", "ok@4", "ok@4"]],
  [2, 1, ["ok@1", "ok@1", "down@2", "ok@4", "ok@4"]],
  [2, 3, ["ok@1", "ok@1", "down@2", "down@2", "down@2"]],
])("each target has its own thresholds: down after %i, up after %i", (downAfter, upAfter, expected) => {
  expect(run([ok, down, down, ok, ok], { downAfter, upAfter })).toEqual(expected);
});

test("a check that took as long as two counts twice", () => {
  expect(run([ok, down, down], { weight: 2 })).toEqual(["ok@1", "ok@1", "down@2"]);
});
