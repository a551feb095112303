import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BreakerReading, noFigures } from "./reading.ts";
import { labelOf, rollUpFigures, worstOf } from "./roll-up.ts";
import { iso, reading, stage, startMs } from "./testing/board.fixture.ts";

const minuteMs = 60_000;

describe("one row over all instances", () => {
  test("shows how many instances are open with the worst state, and sums up lost calls", () => {
    const { tell } = stage();
    const figures = (calls: number, failed: number, ratio: number | null, p95: number) => ({
      ...noFigures,
      callsPerMinute: calls,
      failedPerMinute: failed,
      failureRatio: ratio,
      latencyMsP95: p95,
    });
    const { rows } = tell(
      0,
      reading("b", "open", { figures: figures(100, 90, 0.9, 50) }),
      reading("a", "closed", { figures: figures(300, 30, 0.1, 400) }),
      reading("c", "closed", { figures: figures(0, 0, null, 10) }),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      id: "orders~payments",
      organization: "acme",
      state: "open",
      label: "1 of 3 open",
      callsPerMinute: 400,
      failedPerMinute: 120,
      failureRatio: 0.3,
      latencyMsP95: 400,
    });
    expect(rows[0]?.instances.map(({ instance }) => instance)).toEqual(["a", "b", "c"]);
    expect(rows[0]?.cause).toBe("30.0% of calls failed, threshold 50.0%");
  });

  test.each<[string, BreakerState[], BreakerState, string]>([
    ["all closed", ["closed", "closed"], "closed", "0 of 2 open"],
    ["open before half-open", ["half_open", "open", "closed"], "open", "1 of 3 open, 1 half-open"],
    ["half-open before forced", ["forced_open", "half_open"], "half_open", "1 of 2 half-open, 1 forced open"],
    ["forced open", ["forced_open", "forced_open"], "forced_open", "2 of 2 forced open"],
    ["disabled", ["disabled", "closed"], "disabled", "1 of 2 forced closed"],
    [
      "an instance without data does not hide the state of the others",
      ["closed", "unknown"],
      "closed",
      "0 of 2 open, 1 without data",
    ],
    ["none heard is unknown, never closed", ["unknown", "unknown"], "unknown", "2 of 2 without data"],
    ["no instance at all", [], "unknown", "0 of 0 without data"],
  ])("%s", (_name, states, worst, label) => {
    const instances = states.map((state) => ({ state, nextProbeAt: null }));
    expect([worstOf(instances), labelOf(instances, "failure", startMs)]).toEqual([worst, label]);
  });

  test("whatever the instances report: never closed with an open one, never better than the worst, ratios within 0 and 1", () => {
    const state = fc.constantFrom<BreakerState>(
      "closed",
      "open",
      "half_open",
      "forced_open",
      "disabled",
      "unknown",
    );
    const ratio = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
    const calls = fc.option(fc.nat(10_000), { nil: null });
    fc.assert(
      fc.property(fc.array(fc.tuple(state, ratio, calls), { minLength: 1, maxLength: 8 }), (all) => {
        const { tell } = stage();
        const { rows } = tell(
          0,
          ...all.map(([each, failureRatio, callsPerMinute], index) =>
            reading(String(index), each, { figures: { ...noFigures, failureRatio, callsPerMinute } }),
          ),
        );
        const row = rows[0];
        const states = all.map(([each]) => each);
        if (states.includes("open")) expect(row?.state).toBe("open");
        if (row?.state === "closed")
          expect(states.every((each) => each === "closed" || each === "unknown")).toBe(true);
        if (row?.state === "unknown") expect(new Set(states)).toEqual(new Set(["unknown"]));
        const rolled = rollUpFigures(row?.instances ?? []).failureRatio;
        if (rolled !== null) expect(rolled).toBeGreaterThanOrEqual(0);
        if (rolled !== null) expect(rolled).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  test("open breakers come first, the others by lost calls per minute", () => {
    const { tell } = stage();
    const lossy = (name: string, state: BreakerState, failedPerMinute: number, failureRatio: number) =>
      reading("a", state, { name, key: name, figures: { ...noFigures, failedPerMinute, failureRatio } });
    const { rows } = tell(
      0,
      lossy("rare", "open", 2, 1),
      lossy("busy", "closed", 900, 0.1),
      lossy("idle", "closed", 0, 0),
    );
    expect(rows.map(({ name }) => name)).toEqual(["rare", "busy", "idle"]);
  });

  test("a command is offered when every reporting instance supports it", () => {
    const { tell } = stage();
    const { rows } = tell(0, reading("a", "closed"), reading("b", "closed", { commands: ["open", "reset"] }));
    expect(rows[0]?.commands).toEqual(["open", "reset"]);
  });
});

describe("several sources", () => {
  const scraped = (state: BreakerState, part: Partial<BreakerReading> = {}) =>
    reading("a", state, {
      source: "target:a",
      rank: 2,
      commands: [],
      threshold: null,
      coolDownMs: null,
      note: "derived",
      figures: { ...noFigures, callsPerMinute: 60, latencyMsP99: 9 },
      ...part,
    });

  test("the same breaker from two sources is one row: the report wins, the scrape fills in", () => {
    const { tell } = stage();
    const { rows } = tell(
      0,
      scraped("unknown"),
      reading("a", "open", { figures: { ...noFigures, callsPerMinute: 90 } }),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ state: "open", threshold: 0.5, callsPerMinute: 90, latencyMsP99: 9 });
    expect(rows[0]?.instances).toMatchObject([{ state: "open", note: null }]);
    expect(rows[0]?.commands).toHaveLength(3);
  });

  test("a scrape replaces a report that is too old", () => {
    const { tell } = stage();
    const { rows } = tell(minuteMs, scraped("closed"), reading("a", "open", { observedAtMs: startMs + 1 }));
    expect(rows[0]).toMatchObject({ state: "closed", commands: [] });
  });

  test("the same name in another organization is another breaker", () => {
    const { tell } = stage();
    expect(
      tell(0, reading("a", "open"), reading("a", "closed", { organization: "rival" })).rows,
    ).toHaveLength(2);
  });
});

describe("over time", () => {
  test("an instance that disappears turns unknown, is recorded as such, and is removed after 15 minutes", () => {
    const { tell } = stage();
    tell(0, reading("a", "closed"), reading("b", "closed"));
    const soon = tell(20_000, reading("a", "closed"));
    expect(soon.rows[0]?.label).toBe("0 of 2 open");
    const later = tell(50_000, reading("a", "closed"));
    expect(later.rows[0]).toMatchObject({ state: "closed", label: "0 of 2 open, 1 without data" });
    expect(later.rows[0]?.instances[1]).toMatchObject({
      state: "unknown",
      since: iso(50_000),
      observedAt: iso(0),
    });
    expect(tell(15 * minuteMs, reading("a", "closed")).rows[0]?.label).toBe("0 of 1 open");
  });

  test("when no instance reports, the row is unknown, then removed; the journal records it once", () => {
    const { tell } = stage();
    tell(0, reading("a", "open"));
    const { rows, changes } = tell(50_000);
    expect(rows[0]).toMatchObject({ state: "unknown", label: "1 of 1 without data", failureRatio: null });
    expect(rows[0]?.cause).toBe("No data since 12:00:00 UTC");
    expect(changes.map(({ change }) => change.text)).toEqual(["payments stopped reporting"]);
    expect(tell(51_000).changes).toEqual([]);
    expect(tell(15 * minuteMs).rows).toEqual([]);
  });

  test("breakers of a source that is no longer watched are removed at once", () => {
    const { tell, unwatch } = stage();
    tell(0, reading("a", "open"));
    unwatch();
    expect(tell(1_000).rows).toEqual([]);
  });

  test("an idle open breaker shows that its probe is due, once its time has passed", () => {
    const { tell, wait } = stage();
    const before = tell(0, reading("a", "open", { nextProbeAtMs: startMs + 5_000, intervalMs: 60_000 }));
    expect(before.rows[0]).toMatchObject({ label: "1 of 1 open" });
    expect(before.rows[0]?.cause).toContain("Next probe at 12:00:05 UTC");
    expect(wait(5_000).rows[0]).toMatchObject({ label: "1 of 1 open, probe due" });
    expect(wait(5_000).rows[0]?.cause).toContain("Probe due with the next call");
  });

  test("changes are recorded per row with their start, and a newly found row is not a change", () => {
    const { tell } = stage();
    const failing = { ...noFigures, failureRatio: 0.614 };
    expect(tell(0, reading("a", "closed"), reading("b", "closed")).changes).toEqual([]);
    const opened = tell(10_000, reading("a", "open", { figures: failing }), reading("b", "closed"));
    expect(opened.changes).toEqual([
      {
        organization: "acme",
        subject: "payments",
        subjectId: "orders~payments",
        turn: "worse",
        change: {
          at: iso(10_000),
          text: "payments opened on 1 of 2",
          by: "61.4% failures",
          kind: "breaker",
          state: "down",
        },
      },
    ]);
    expect(opened.rows[0]).toMatchObject({ since: iso(10_000) });
    const more = tell(20_000, reading("a", "open"), reading("b", "open"));
    expect(more.changes).toEqual([]);
    expect(more.rows[0]).toMatchObject({ label: "2 of 2 open", since: iso(10_000) });
    const closed = tell(30_000, reading("a", "closed"), reading("b", "closed"));
    expect(closed.changes.map(({ change }) => change.text)).toEqual(["payments closed"]);
    expect(closed.rows[0]?.moves.map(({ state, at }) => `${state} ${at.slice(14, 19)}`)).toEqual([
      "closed 00:00",
      "open 00:10",
      "closed 00:30",
    ]);
  });

  test("what opened and closed between two reads is still in the history reported by its source", () => {
    const { tell } = stage();
    tell(0, reading("a", "closed"));
    const moves = [
      { at: iso(2_000), state: "open" as const, failureRatio: null },
      { at: iso(4_000), state: "closed" as const, failureRatio: null },
    ];
    const { rows } = tell(10_000, reading("a", "closed", { moves, sinceMs: startMs + 4_000 }));
    expect(rows[0]?.instances[0]).toMatchObject({ state: "closed", since: iso(4_000) });
    expect(rows[0]?.instances[0]?.moves.map(({ state }) => state)).toEqual(["closed", "open", "closed"]);
  });

  test("a flapping breaker keeps 20 states, and the newest is the current one", () => {
    const { tell } = stage();
    let rows = tell(0, reading("a", "closed")).rows;
    for (let step = 1; step <= 60; step += 1)
      rows = tell(step * 1_000, reading("a", step % 2 === 0 ? "closed" : "open")).rows;
    expect(rows[0]?.instances[0]?.moves).toHaveLength(20);
    expect(rows[0]?.moves.at(-1)).toMatchObject({ at: iso(60_000), state: "closed" });
  });

  test("a new leader continues from the state of the previous one", () => {
    const first = stage();
    first.tell(0, reading("a", "closed"));
    const { rows: known } = first.tell(10_000, reading("a", "open"));
    const second = stage();
    second.board.adopt(known);
    const early = second.wait(11_000);
    expect(early.rows[0]).toMatchObject({ state: "open", since: iso(10_000), threshold: 0.5 });
    const { rows, changes } = second.tell(20_000, reading("a", "open"));
    expect([rows[0]?.since, changes]).toEqual([iso(10_000), []]);
    expect(second.tell(30_000, reading("a", "closed")).changes).toHaveLength(1);
  });

  test("an unchanged row is the same object", () => {
    const { tell, wait } = stage();
    const mail = reading("b", "open", { name: "mail", key: "mail", observedAtMs: startMs + 1 });
    const { rows } = tell(1, reading("a", "closed"), mail);
    expect(wait(1_000).rows).toBe(rows);
    const next = tell(2_000, reading("a", "closed"), mail);
    expect(next.rows.find(({ name }) => name === "mail")).toBe(rows.find(({ name }) => name === "mail"));
  });

  test("5,000 instances are the limit", () => {
    const { tell } = stage();
    const many = Array.from({ length: 5_200 }, (_, index) => reading(`i${index}`, "closed"));
    expect(tell(0, ...many).rows[0]?.instances).toHaveLength(5_000);
  });
});
