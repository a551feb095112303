import { describe, expect, test } from "vitest";
import { describeFreshness } from "./freshness.ts";

const nowMs = Date.parse("2026-11-19T09:14:10Z");
const observed = (ageMs: number, intervalMs = 1000) => ({
  observedAt: new Date(nowMs - ageMs).toISOString(),
  intervalMs,
});

describe("freshness chip", () => {
  const open = { state: "open", sinceMs: nowMs } as const;
  const closed = (forMs: number) => ({ state: "closed", sinceMs: nowMs - forMs }) as const;
  const base = { connection: open, observation: observed(400), collectorLost: false, pausedNewCount: null };

  test.each([
    ["current data", base, "live", "Live · 1 s ago"],
    ["a paused list", { ...base, pausedNewCount: 37 }, "paused", "Paused · 37 new"],
    ["a lost connection", { ...base, connection: closed(6000) }, "reconnecting", "Reconnecting 6 s"],
    ["a long outage", { ...base, connection: closed(41_000) }, "offline", "Offline 41 s"],
    ["old data over an open socket", { ...base, observation: observed(4000) }, "stale", "Stale 4 s"],
    [
      "very old data over an open socket",
      { ...base, observation: observed(240_000) },
      "unknown",
      "Unknown 4 m",
    ],
    [
      "a silent collector",
      { ...base, collectorLost: true, observation: observed(4000) },
      "stale",
      "Collector lost 4 s",
    ],
    [
      "no data yet",
      { ...base, observation: { observedAt: null, intervalMs: 1000 } },
      "unknown",
      "No data yet",
    ],
  ] as const)("%s has its text", (_name, parts, tone, text) => {
    expect(describeFreshness(parts, nowMs)).toEqual({ tone, text });
  });

  test("a lost connection outranks everything else", () => {
    const parts = { ...base, connection: closed(2000), collectorLost: true, pausedNewCount: 3 };
    expect(describeFreshness(parts, nowMs).tone).toBe("reconnecting");
  });
});
