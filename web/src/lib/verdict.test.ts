import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import { describe, expect, test } from "vitest";
import { judgeOverview } from "./verdict.ts";

const nowMs = Date.parse("2026-11-19T09:14:10Z");
const figure = { value: null, trend: { intervalMs: 10_000, values: [] } };
const problem = (state: Problem["state"], since: string): Problem => ({
  id: `${state} ${since}`,
  state,
  label: state,
  subject: "email",
  title: "jobs wait",
  cause: "",
  affects: "",
  since,
  area: "queues",
  path: "queues",
  changedBefore: null,
});
const checksOf = (part: Partial<Overview["checks"]>): Overview["checks"] => ({
  total: 0,
  ok: 0,
  degraded: 0,
  down: 0,
  unknown: 0,
  stale: 0,
  maintenance: 0,
  pending: 0,
  explained: 0,
  ...part,
});
const overview = (change: Partial<Overview>): Overview => ({
  observedAt: "2026-11-19T09:14:06Z",
  intervalMs: 2000,
  checks: checksOf({ total: 38, ok: 38 }),
  problems: [],
  red: { ratePerSecond: figure, errorRatio: figure, durationMsP95: figure },
  tiles: {
    queues: { queues: 0, waiting: figure, oldestWaitingMs: null, noWorker: 0, paused: 0 },
    breakers: { breakers: 0, open: 0, halfOpen: 0, worst: [] },
    redis: { servers: 1, usedMemoryBytes: figure, opsPerSecond: null, evictionPolicy: null },
    caches: { caches: 0, hitRatio: figure, lowest: null },
    webhooks: {
      endpoints: 0,
      deadLetters: 0,
      pending: 0,
      deliveredPerSecond: figure,
      firstAttemptSuccessRatio: null,
    },
  },
  recentChanges: [],
  sources: [],
  ...change,
});
const headline = (value: Overview) =>
  judgeOverview(value, nowMs, "utc")
    .parts.map(({ text }) => text)
    .join(", ");

describe("verdict", () => {
  test("all checks passing is stated with the age of the data", () => {
    expect(headline(overview({}))).toBe("All 38 checks pass, verified 4 s ago");
  });

  test("problems are counted worst first and the oldest moment of the worst is named", () => {
    const problems = [
      problem("degraded", "2026-11-19T08:47:00Z"),
      problem("down", "2026-11-19T09:02:00Z"),
      problem("stale", "2026-11-19T09:11:00Z"),
    ];
    const checks = checksOf({ total: 38, ok: 30, degraded: 4, down: 3, stale: 1 });
    const verdict = judgeOverview(overview({ problems, checks }), nowMs, "utc");
    expect(verdict.parts.map(({ text }) => text)).toEqual(["1 down", "1 degraded", "1 stale"]);
    expect(verdict.tone).toBe("down");
    expect(verdict.short).toBe("1 down");
    expect(verdict.sentence).toBe(
      "30 of 38 checks pass. These 3 problems explain the other 8. Oldest down since 09:02 UTC.",
    );
  });

  test("checks that all pass and problems that are no checks add up", () => {
    const apart = { ...problem("degraded", "2026-11-19T08:47:00Z"), isCheck: false };
    const counted = { ...problem("degraded", "2026-11-19T08:50:00Z"), isCheck: true };
    const checks = checksOf({ total: 14, ok: 13, degraded: 1 });
    expect(judgeOverview(overview({ problems: [apart, counted], checks }), nowMs, "utc").sentence).toBe(
      "13 of 14 checks pass. 1 problem is not among the checks. Oldest degraded since 08:47 UTC.",
    );
  });

  test("a check that fails because of a problem that is no check is accounted for", () => {
    const apart = { ...problem("degraded", "2026-11-19T08:47:00Z"), isCheck: false };
    const checks = checksOf({ total: 13, ok: 12, degraded: 1, explained: 1 });
    expect(judgeOverview(overview({ problems: [apart], checks }), nowMs, "utc").sentence).toBe(
      "12 of 13 checks pass. 1 problem is not among the checks. The other 1 fails because of it. Since 08:47 UTC.",
    );
  });

  test("old data is never OK: the verdict states the last known state", () => {
    const old = overview({ observedAt: "2026-11-19T09:12:10Z" });
    const verdict = judgeOverview(old, nowMs, "utc");
    expect(verdict.tone).toBe("unknown");
    expect(headline(old)).toBe("Was all checks passed, 2 m ago");
  });

  test("checks that are not judged are not counted as passing", () => {
    const checks = checksOf({ total: 38, ok: 36, unknown: 2 });
    expect(judgeOverview(overview({ checks }), nowMs, "utc").tone).toBe("unknown");
  });

  test("maintenance is no problem, and counts neither as passing nor as unknown", () => {
    const checks = checksOf({ total: 38, ok: 36, maintenance: 2 });
    const verdict = judgeOverview(overview({ checks }), nowMs, "utc");
    expect(verdict).toMatchObject({ tone: "ok", short: "OK", sentence: "2 in maintenance." });
    expect(verdict.parts[0]?.text).toBe("36 of 38 checks pass");
  });

  test("checks affected by maintenance are not OK", () => {
    const checks = checksOf({ total: 3, ok: 1, maintenance: 1, down: 1, explained: 1 });
    expect(judgeOverview(overview({ checks }), nowMs, "utc").tone).toBe("unknown");
  });

  test("unchecked items are distinguished from those the problems explain", () => {
    const problems = [problem("down", "2026-11-19T09:02:00Z")];
    const checks = checksOf({ total: 9, ok: 4, down: 3, pending: 2, explained: 2 });
    expect(judgeOverview(overview({ problems, checks }), nowMs, "utc").sentence).toBe(
      "4 of 9 checks pass. This problem explains the other 3. 2 not checked yet. Since 09:02 UTC.",
    );
  });

  test("nothing watched and no data are not OK either", () => {
    const checks = checksOf({});
    expect(judgeOverview(overview({ checks }), nowMs, "utc").tone).toBe("unknown");
    expect(headline(overview({ observedAt: null }))).toBe("No data yet");
  });
});
