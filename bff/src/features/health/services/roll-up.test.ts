import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Member, rollUp, stateOfMembers, type Watchable } from "./roll-up.ts";

const states = ["ok", "degraded", "down", "unknown"] as const;
const letters: Record<string, HealthState> = { o: "ok", d: "degraded", x: "down", u: "unknown" };
const at = (second: number) => new Date(second * 1000).toISOString();
const member = (id: string, state: HealthState, part: Partial<Member> = {}): Member => ({
  id,
  state,
  cause: state === "ok" ? null : `${id} is ${state}`,
  sinceMs: 0,
  observedAt: at(0),
  ...part,
});
const thing = (id: string, state: HealthState, dependsOn: string[] = [], sinceMs = 0): Watchable => ({
  id,
  members: [member("1", state, { sinceMs })],
  expected: ["1"],
  dependsOn,
  before: null,
});

describe("a whole from its members", () => {
  test.each<[string, string[], HealthState, string | null]>([
    ["o", [], "ok", null],
    ["ooo", [], "ok", null],
    ["", [], "unknown", "No instance reports"],
    ["x", [], "down", "0 is down"],
    ["xxx", [], "down", "3 of 3 down: 0 is down"],
    ["xoo", [], "degraded", "1 of 3 down: 0 is down"],
    ["do", [], "degraded", "1 of 2 degraded: 0 is degraded"],
    ["d", [], "degraded", "0 is degraded"],
    ["uo", [], "unknown", "1 of 2 unknown: 0 is unknown"],
    ["u", [], "unknown", "0 is unknown"],
    ["xu", [], "down", "1 of 2 down: 0 is down"],
    ["xud", [], "degraded", "1 of 3 down: 0 is down"],
    ["oo", ["0", "1", "2"], "unknown", "1 of 3 unknown: 2 no longer reports"],
    ["", ["api-1"], "unknown", "api-1 no longer reports"],
    ["x", ["0", "1"], "down", "1 of 2 down: 0 is down"],
  ])("%j of %j is %s: %s", (drawn, expected, state, cause) => {
    const members = [...drawn].map((letter, index) => member(String(index), letters[letter] ?? "unknown"));
    expect(stateOfMembers(members, expected)).toEqual({ state, cause });
  });

  test("the whole is as old as its oldest part, and age does not change the state", () => {
    const of = (observedAt: (string | null)[]) =>
      rollUp(
        [
          {
            id: "a",
            expected: [],
            dependsOn: [],
            before: null,
            members: observedAt.map((date, index) => member(String(index), "ok", { observedAt: date })),
          },
        ],
        9_000,
      ).get("a");
    expect(of([at(5), at(3), at(8)])).toMatchObject({ state: "ok", observedAt: at(3) });
    expect(of([null])).toMatchObject({ state: "ok", observedAt: null });
  });

  test("a continuing state keeps its start, also when other members have it", () => {
    const rolled = rollUp(
      [
        { ...thing("kept", "down", [], 8_000), before: { state: "down", sinceMs: 2_000 } },
        { ...thing("new", "down", [], 8_000), before: { state: "ok", sinceMs: 2_000 } },
      ],
      9_000,
    );
    expect([rolled.get("kept")?.sinceMs, rolled.get("new")?.sinceMs]).toEqual([2_000, 8_000]);
  });
});

describe("root causes", () => {
  /** `a x b,c 5`: id, state, what it calls, since when. */
  const explained = (lines: readonly string[]) => {
    const watched = lines.map((line) => {
      const [id = "", letter = "", calls = "-", since = "0"] = line.split(" ");
      return thing(id, letters[letter] ?? "ok", calls === "-" ? [] : calls.split(","), Number(since));
    });
    return Object.fromEntries(
      [...rollUp(watched, 9_000)].map(([id, { explainedBy, affects }]) => [
        id,
        explainedBy ?? (affects > 0 ? affects : null),
      ]),
    );
  };
  test.each<[string, string[], Record<string, string | number | null>]>([
    ["nothing fails", ["web o api", "api o"], { web: null, api: null }],
    ["a dependency explains its caller", ["web d api", "api x"], { web: "api", api: 1 }],
    ["what serves in spite of it is not affected", ["web o api", "api x"], { web: null, api: null }],
    ["the last one in a chain is the root", ["a x b", "b x c", "c x"], { a: "c", b: "c", c: 2 }],
    [
      "a chain that serves in between explains nothing",
      ["a x b", "b o c", "c x"],
      { a: null, b: null, c: null },
    ],
    ["a milder failure explains nothing worse", ["web x api", "api d"], { web: null, api: null }],
    ["but it leads to what is as bad", ["web x api", "api d db", "db x"], { web: "db", api: "db", db: 2 }],
    ["an unknown one explains only what is unknown", ["a u c", "b d c", "c u"], { a: "c", b: null, c: 1 }],
    ["of two the worse", ["a d b,c", "b d", "c x"], { a: "c", b: null, c: 1 }],
    ["of two alike the older", ["a x b,c", "b x - 7", "c x - 3"], { a: "c", b: null, c: 1 }],
    ["in a circle the older leads", ["a x b 3", "b x a 5"], { a: 1, b: "a" }],
    ["in a circle the worse leads", ["a d b 3", "b x a 5"], { a: "b", b: 1 }],
    ["a circle is explained by what it calls", ["a x b", "b x a,c", "c x"], { a: "c", b: "c", c: 2 }],
    ["who calls itself explains nothing", ["a x a"], { a: null }],
    ["what is not watched explains nothing", ["a x nobody"], { a: null }],
  ])("%s", (_name, lines, expected) => {
    expect(explained(lines)).toEqual(expected);
  });

  const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.array(
      fc.record({
        state: fc.constantFrom(...states),
        calls: fc.array(fc.integer({ min: 0, max: size }), { maxLength: 4 }),
        sinceMs: fc.integer({ min: 0, max: 5 }),
        extra: fc.array(fc.constantFrom(...states), { maxLength: 2 }),
        expected: fc.array(fc.constantFrom("0", "1", "lost"), { maxLength: 2 }),
      }),
      { minLength: size, maxLength: size },
    ),
  );
  const build = (
    drawn: readonly {
      state: HealthState;
      calls: number[];
      sinceMs: number;
      extra: HealthState[];
      expected: string[];
    }[],
  ) =>
    drawn.map(
      ({ state, calls, sinceMs, extra, expected }, index): Watchable => ({
        id: `s${index}`,
        expected,
        before: null,
        dependsOn: calls.map((callee) => `s${callee}`),
        members: [state, ...extra].map((each, nth) => member(String(nth), each, { sinceMs })),
      }),
    );

  test("in any graph: unknown is never ok, and every failure has a reachable root at least as severe", () => {
    const rank = { ok: 0, unknown: 1, degraded: 2, down: 3 };
    fc.assert(
      fc.property(graph, (drawn) => {
        const watched = build(drawn);
        const rolled = rollUp(watched, 9_000);
        const of = (id: string) => rolled.get(id);
        const counted = new Map<string, number>();
        for (const { id, members, expected } of watched) {
          const own = of(id);
          const all = members.every(({ state }) => state === "ok");
          const complete = expected.every((wanted) => members.some((each) => each.id === wanted));
          expect(own?.state === "ok").toBe(all && complete);
          if (own === undefined || own.explainedBy === null) continue;
          const root = of(own.explainedBy);
          counted.set(own.explainedBy, (counted.get(own.explainedBy) ?? 0) + 1);
          expect(own.explainedBy).not.toBe(id);
          expect(root?.explainedBy).toBeNull();
          expect(rank[root?.state ?? "ok"]).toBeGreaterThanOrEqual(rank[own.state]);
          expect(reaches(watched, rolled, id)).toContain(own.explainedBy);
        }
        for (const { id } of watched) {
          expect(of(id)?.affects).toBe(counted.get(id) ?? 0);
          if (of(id)?.state === "ok" || of(id)?.explainedBy !== null) continue;
          // A root: every node it reaches that is at least as severe calls it back.
          for (const other of reaches(watched, rolled, id))
            if (rank[of(other)?.state ?? "ok"] >= rank[of(id)?.state ?? "ok"])
              expect(reaches(watched, rolled, other)).toContain(id);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("the order of watched things does not matter", () => {
    fc.assert(
      fc.property(graph, (drawn) => {
        const watched = build(drawn);
        const sorted = (rolled: ReturnType<typeof rollUp>) =>
          [...rolled].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(rollUp(watched.toReversed(), 9_000))).toEqual(sorted(rollUp(watched, 9_000)));
      }),
      { numRuns: 100 },
    );
  });

  test("a chain of 10 000 is explained by its last one", () => {
    const watched = Array.from({ length: 10_000 }, (_, index) =>
      thing(`s${index}`, "down", [`s${index + 1}`]),
    );
    const rolled = rollUp(watched, 9_000);
    expect(rolled.get("s0")?.explainedBy).toBe("s9999");
    expect(rolled.get("s9999")?.affects).toBe(9_999);
  });
});

/** Everything reachable over calls between failing things. */
function reaches(
  watched: readonly Watchable[],
  rolled: ReturnType<typeof rollUp>,
  from: string,
): Set<string> {
  const found = new Set<string>();
  const next = [from];
  for (let id = next.pop(); id !== undefined; id = next.pop())
    for (const callee of watched.find((each) => each.id === id)?.dependsOn ?? []) {
      const state = rolled.get(callee)?.state;
      if (callee === id || state === undefined || state === "ok" || found.has(callee)) continue;
      found.add(callee);
      next.push(callee);
    }
  return found;
}
