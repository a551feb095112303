import { ruleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { describe, expect, test } from "vitest";
import { judgeProblem, judgeSeries, matcherOf } from "./conditions.ts";
import { advance, type Phase, shifted, type Verdict } from "./lifecycle.ts";
import { createWindow } from "./windows.ts";

const timing = {
  forMs: 10_000,
  resolveForMs: 5_000,
  keepFiringForMs: 0,
  flapHoldMs: 60_000,
  noData: "keep",
} as const;

/** The states after each second's verdict, as first letters; `-` for none. */
function run(verdicts: string, of: Partial<typeof timing> | { noData: "fire" | "ok" } = {}): string {
  const words: Record<string, Verdict> = { h: "holds", c: "clear", b: "between", u: "unknown", w: "warming" };
  let phase: Phase | null = null;
  return [...verdicts]
    .map((letter, at) => {
      phase = advance(phase, words[letter] ?? "unknown", { ...timing, ...of }, at * 1_000);
      return phase === null ? "-" : phase.state[0];
    })
    .join("");
}

describe("life cycle", () => {
  test.each([
    [
      "pending becomes firing after `for`, and resolved after its own time",
      "hhhhhhhhhhhcccccc",
      "ppppppppppffffffr",
    ],
    ["a condition that stops while pending begins again", "hhhhhchhhhhhhhhhh", "ppppp-ppppppppppf"],
    [
      "between the thresholds nothing begins and nothing ends",
      "bbhhhhhhhhhhhbbbbbbbbb",
      "--ppppppppppffffffffff",
    ],
    [
      "the time to resolve begins again when the condition returns",
      "hhhhhhhhhhhccchcccccc",
      "ppppppppppffffffffffr",
    ],
    [
      "no data neither fires what is pending nor resolves what fires",
      "hhhhuuuuuuuuuuuuu",
      "ppppppppppppppppp",
    ],
    ["no data while it fires keeps it", "hhhhhhhhhhhuuuuuuuuuuuuuu", "ppppppppppfffffffffffffff"],
    ["no data does not count towards resolving", "hhhhhhhhhhhccuuuuuuccccc", "ppppppppppffffffffffffff"],
    ["a window that is filled again keeps everything", "hhhhhhhhhhhwwwwwwwwww", "ppppppppppfffffffffff"],
  ])("%s", (_, verdicts, states) => {
    expect(run(verdicts)).toBe(states);
  });

  test("a window that fills again after a silence says that there is data", () => {
    let phase = advance(null, "holds", { ...timing, forMs: 0 }, 0);
    phase = advance(phase, "unknown", timing, 1_000);
    expect(phase?.noDataSinceMs).toBe(1_000);
    expect(advance(phase, "warming", timing, 2_000)).toMatchObject({ state: "firing", noDataSinceMs: null });
  });

  test("what no data means is a setting", () => {
    expect(run("uuuuuuuuuuu", { noData: "fire" })).toBe("ppppppppppf");
    expect(run("hhhhhhhhhhhuuuuuu", { noData: "ok" })).toBe("ppppppppppffffffr");
    expect(run("uuuuuu")).toBe("------");
  });

  test("keepFiringFor holds it after the condition last held", () => {
    expect(run("hccccccccc", { forMs: 0, resolveForMs: 0, keepFiringForMs: 4_000 } as never)).toBe(
      "fffffrrrrr",
    );
  });

  test("a step of the clock, forwards or backwards, moves nothing earlier or later", () => {
    for (const stepMs of [3_600_000, -3_600_000]) {
      let phase = advance(null, "holds", timing, 0);
      phase = advance(phase, "holds", timing, 4_000);
      if (phase === null) throw new Error("it is pending");
      phase = shifted(phase, stepMs);
      expect(advance(phase, "holds", timing, stepMs + 9_000)?.state).toBe("pending");
      expect(advance(phase, "holds", timing, stepMs + 10_000)?.state).toBe("firing");
    }
  });
});

const latency = ruleDefinition.parse({
  name: "Latency",
  severity: "warning",
  condition: { kind: "series", of: "queue", metric: "age", when: "over", threshold: 5, resolveAt: 2 },
}).condition;
const judged = (change: object, figures: Record<string, number | null>) => {
  if (latency.kind !== "series") throw new Error("a series");
  return judgeSeries({ ...latency, ...change }, (metric) => figures[metric] ?? null, {
    window: null,
    atMs: 0,
  });
};

describe("conditions", () => {
  test.each([
    ["over", 6, "holds"],
    ["over", 5, "between"],
    ["over", 3, "between"],
    ["over", 2, "clear"],
    ["over", null, "unknown"],
  ] as const)("%s the threshold: %s %s", (when, age, verdict) =>
    expect(judged({ when }, { age }).verdict).toBe(verdict),
  );
  test("under the threshold, with its own value to resolve", () => {
    const of = { when: "under", threshold: 2, resolveAt: 4 };
    expect([1, 2, 3, 4].map((age) => judged(of, { age }).verdict)).toEqual([
      "holds",
      "between",
      "between",
      "clear",
    ]);
  });
  test("a ratio of two, and nothing to divide by", () => {
    const of = { dividedBy: "limit", threshold: 0.9, resolveAt: 0.8 };
    expect(judged(of, { age: 95, limit: 100 })).toEqual({ verdict: "holds", value: 0.95 });
    expect(judged(of, { age: 95, limit: 0 }).verdict).toBe("clear");
    expect(judged(of, { age: 95, limit: null }).verdict).toBe("unknown");
  });
  test("a second comparison must hold, too", () => {
    const of = { and: { metric: "waiting", when: "over", threshold: 0 } };
    expect(judged(of, { age: 9, waiting: 1 }).verdict).toBe("holds");
    expect(judged(of, { age: 9, waiting: 0 }).verdict).toBe("clear");
    expect(judged(of, { age: 9, waiting: null }).verdict).toBe("unknown");
  });
  test("a state of the board that is not found any more is no data, unless the rule says that it is over", () => {
    const of: Parameters<typeof judgeProblem>[0] = {
      kind: "problem",
      nodes: ["service:*"],
      absent: "unknown",
    };
    expect(judgeProblem(of, null).verdict).toBe("unknown");
    expect(judgeProblem({ ...of, absent: "clear" }, null).verdict).toBe("clear");
    expect(judgeProblem(of, { problem: null, check: "stale" }).verdict).toBe("unknown");
    expect(judgeProblem(of, { problem: null, check: "ok" }).verdict).toBe("clear");
    expect(judgeProblem(of, { problem: { state: "down", label: "Down" }, check: "down" }).verdict).toBe(
      "holds",
    );
  });
  test("a rule watches what it names, without what it leaves out", () => {
    const matches = matcherOf({ things: ["orders*", "!orders~mail"] });
    expect(matches("orders~pay", null)).toBe(true);
    expect(matches("orders~mail", null)).toBe(false);
    expect(matches("b1", "orders~pay")).toBe(true);
    expect(matches("stock", null)).toBe(false);
  });
});

describe("windows", () => {
  const filled = (values: readonly number[], everyMs = 1_000) => {
    const window = createWindow(10_000);
    for (const [at, value] of values.entries()) window.add(at * everyMs, value);
    return { window, atMs: (values.length - 1) * everyMs };
  };
  test("aggregates of the last ten seconds", () => {
    const { window, atMs } = filled([100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const of = (aggregate: Parameters<typeof window.value>[0]) => window.value(aggregate, atMs)?.value;
    expect(of("max")).toBe(11);
    expect(of("min")).toBe(1);
    expect(of("rise")).toBe(10);
    expect(of("risePerMinute")).toBe(60);
    expect(of("mean")).toBe(6);
    expect(of("sum")).toBe(66);
    expect(of("last")).toBe(11);
  });
  test("says how much of it is covered, and is empty once its values are older", () => {
    const { window } = filled([1, 2, 3]);
    expect(window.value("mean", 2_000)).toEqual({ value: 2, isWarm: false });
    expect(window.value("mean", 9_000)?.isWarm).toBe(true);
    expect(window.value("mean", 60_000)).toBeNull();
  });
});
