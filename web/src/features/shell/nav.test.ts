import type { Overview } from "@wheelhouse/shared/overview.ts";
import { expect, test } from "vitest";
import { navItems } from "./nav.tsx";

const problem = (area: string, state: "down" | "degraded"): Overview["problems"][number] => ({
  id: `${area}:${state}`,
  area,
  state,
  label: "Down",
  subject: "x",
  title: "is down",
  cause: "",
  affects: "",
  since: "2026-01-05T12:00:00.000Z",
  path: area,
  changedBefore: null,
});
const figure = { value: null, trend: { intervalMs: 1_000, values: [] } };
const overview: Overview = {
  observedAt: null,
  intervalMs: 1_000,
  checks: {
    total: 0,
    ok: 0,
    degraded: 0,
    down: 0,
    unknown: 0,
    stale: 0,
    maintenance: 0,
    pending: 0,
    explained: 0,
  },
  problems: [problem("queues", "degraded"), problem("caches", "down"), problem("health", "down")],
  red: { ratePerSecond: figure, errorRatio: figure, durationMsP95: figure },
  tiles: {
    queues: { queues: 0, waiting: figure, oldestWaitingMs: null, noWorker: null, paused: null },
    breakers: { breakers: 0, open: 2, halfOpen: 0, worst: [] },
    redis: { servers: 0, usedMemoryBytes: figure, opsPerSecond: null, evictionPolicy: null },
    caches: { caches: 0, hitRatio: figure, lowest: null },
    webhooks: {
      endpoints: null,
      deadLetters: null,
      pending: null,
      deliveredPerSecond: figure,
      firstAttemptSuccessRatio: null,
    },
  },
  recentChanges: [],
  sources: [],
};

test("a page's line counts the problems of its topic, and nothing else", () => {
  const counts = navItems.map(({ label, count }) => [label, count(overview)?.text, count(overview)?.tone]);
  expect(counts).toEqual([
    ["Overview", "3", "bad"],
    ["Services", "1", "bad"],
    ["Breakers", "2", "bad"],
    ["Cache", "1", "bad"],
    ["Queues", "1", "warn"],
    ["Schedules", undefined, undefined],
    ["Webhooks", "?", ""],
    ["Alerts", undefined, undefined],
    ["Audit", undefined, undefined],
    ["Access", undefined, undefined],
  ]);
});
