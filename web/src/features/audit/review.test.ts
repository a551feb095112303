import { afterEach, describe, expect, it, vi } from "vitest";
import { fetchExport, trailerRows } from "./export/file.ts";
import { byDay, bySlot, heatStep, oddHour, plotFilter } from "./plot.ts";
import { daysOf, recentWeeks } from "./review/weeks.ts";
import { slotAt, slotName } from "./slots.ts";

const hash = "a".repeat(64);

describe("the end of an export", () => {
  it.each([
    [`{"seq":1}\n{"trailer":{"rows":7,"sha256":"${hash}","firstSeq":1}}\n`, "ndjson", 7],
    [`1,a\nend of export,7,${hash}\n`, "csv", 7],
    [`1,a\nend of export,7,${hash},,,,\n`, "csv", 7],
  ] as const)("%j of %s has its count", (tail, format, rows) => {
    expect(trailerRows(tail, format)).toBe(rows);
  });

  it.each([
    [`{"seq":1}\n{"trailer":{"rows":7,"sha256":"${hash}"}}`, "ndjson"],
    [`{"seq":1}\n`, "ndjson"],
    ["", "ndjson"],
    [`1,a\nend of export,7,${hash.slice(1)}\n`, "csv"],
    [`1,"x end of export,7,${hash}\n2,b`, "csv"],
  ] as const)("%j of %s was cut off", (tail, format) => {
    expect(trailerRows(tail, format)).toBeUndefined();
  });
});

describe("the filter of a plot", () => {
  const nowMs = Date.parse("2026-11-21T12:00:00.000Z");
  const chosen = { actor: ["a"], slot: ["4-02"], action: ["access.session.create"] };

  it.each([
    ["hour", { actor: ["a"], action: chosen.action }],
    ["day", chosen],
    ["action", { actor: ["a"], slot: chosen.slot }],
  ] as const)("by %s: uses the selections of the other plots, not its own", (plot, expected) => {
    expect(plotFilter(chosen, plot, nowMs)).toEqual(expected);
  });

  it("a day in these weeks narrows hours and actions, but not the days", () => {
    const range = { from: "2026-11-19T00:00:00.000Z", to: "2026-11-20T00:00:00.000Z" };
    expect(plotFilter(range, "hour", nowMs)).toEqual(range);
    expect(plotFilter(range, "action", nowMs)).toEqual(range);
    expect(plotFilter(range, "day", nowMs)).toEqual({});
  });

  it("all plots follow an older range; the days also show the weeks before it", () => {
    const range = { from: "2026-08-20T00:00:00.000Z", to: "2026-08-21T00:00:00.000Z" };
    expect(plotFilter(range, "hour", nowMs)).toEqual(range);
    expect(plotFilter(range, "day", nowMs)).toEqual({ ...range, from: "2026-07-24T00:00:00.000Z" });
  });

  it("never asks for more than the server counts, nor for the future", () => {
    const since = plotFilter({ from: "2026-01-01T00:00:00.000Z" }, "hour", nowMs);
    expect(since).toEqual({ from: "2026-08-21T12:00:00.000Z", to: "2026-11-21T12:00:00.000Z" });
    expect(plotFilter({ from: "2027-01-01T00:00:00.000Z" }, "hour", nowMs)).toEqual({});
    expect(plotFilter({ to: "2027-01-01T00:00:00.000Z" }, "hour", nowMs).to).toBe("2026-11-21T12:00:00.000Z");
  });
});

describe("activity", () => {
  const hours = [
    { at: "2026-11-05T02:00:00.000Z", success: 2, refused: 0 },
    { at: "2026-11-12T02:00:00.000Z", success: 1, refused: 1 },
    { at: "2026-11-19T02:00:00.000Z", success: 60, refused: 4 },
    { at: "2026-11-19T10:00:00.000Z", success: 30, refused: 0 },
    { at: "2026-11-12T10:00:00.000Z", success: 30, refused: 0 },
  ];
  const range = { from: "2026-10-24T00:00:00Z", to: "2026-11-21T00:00:00Z" };

  it("the same hour of each week is counted together", () => {
    expect(slotAt(Date.parse("2026-11-22T23:59:59Z"))).toBe("7-23");
    expect(bySlot(hours).get("4-02")).toBe(68);
    expect(slotName("4-02")).toBe("Thu 02:00");
  });

  it("each day has its successes and refusals, including days without events", () => {
    const { bars, fromMs } = byDay({ hours, ...range });
    expect(bars).toHaveLength(28);
    expect(new Date(fromMs).toISOString()).toBe("2026-10-24T00:00:00.000Z");
    expect(bars[26]).toEqual([90, 4]);
    expect(bars[0]).toEqual([0, 0]);
  });

  it("an hour that deviates from its other weeks stands out; one that is always busy does not", () => {
    expect(oddHour({ hours, ...range })).toEqual({ slot: "4-02", events: 64, usual: 2 });
    expect(oddHour({ hours: hours.slice(0, 2), ...range })).toBeUndefined();
  });

  it("zero has the lightest shade, the busiest hours the darkest", () => {
    expect([0, 1, 40, 100, 500].map((value) => heatStep(value, 100))).toEqual([0, 1, 2, 4, 4]);
  });
});

describe("weeks", () => {
  it("begin on Monday in UTC and have ISO numbers, also across years", () => {
    expect(recentWeeks(Date.parse("2026-11-21T16:00:00Z"))[0]).toEqual({
      name: "week 47",
      from: "2026-11-16T00:00:00.000Z",
      to: "2026-11-23T00:00:00.000Z",
      isOver: false,
    });
    expect(recentWeeks(Date.parse("2027-01-10T12:00:00Z")).map(({ name }) => name)).toEqual([
      "week 1",
      "week 53",
      "week 52",
      "week 51",
    ]);
  });

  it("include only the days that have begun", () => {
    const [week = { from: "", to: "" }] = recentWeeks(Date.parse("2026-11-18T00:00:00Z"));
    const days = daysOf(week, Date.parse("2026-11-18T00:00:00Z"));
    expect(days.map(({ name }) => name)).toEqual(["Mon", "Tue", "Wed"]);
    expect(days[2]).toMatchObject({ from: "2026-11-18T00:00:00.000Z", to: "2026-11-19T00:00:00.000Z" });
  });
});

describe("an interrupted export", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("resumes after the received bytes and is then complete", async () => {
    const whole = `{"seq":2}\n{"seq":1}\n{"trailer":{"rows":2,"sha256":"${"a".repeat(64)}","filter":{}}}\n`;
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      asked.push(url);
      const have = Number(new URL(url, "http://x").searchParams.get("have") ?? 0);
      const part = new TextEncoder().encode(whole.slice(have, have === 0 ? 15 : undefined));
      return new Response(new Blob([part]).stream(), { headers: { "x-export-resume": "tok" } });
    });
    const question = { organization: "acme", filter: { actor: ["Ann"] }, format: "ndjson" as const };
    const reported: number[] = [];
    const how = { signal: new AbortController().signal, onProgress: (lines: number) => reported.push(lines) };
    const before = await fetchExport(question, how);
    expect(before).toMatchObject({ isWhole: false, rows: 1 });
    const after = await fetchExport({ ...question, before }, how);
    expect(asked[1]).toBe("/api/v1/audit/export?actor=Ann&format=ndjson&resume=tok&have=15");
    expect(after).toMatchObject({ isWhole: true, rows: 2 });
    expect(await after.blob.text()).toBe(whole);
    expect(reported.at(-1)).toBe(3);
  });
});
