import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTargetRunner, type Target } from "./runner.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});
const clock = { now: () => Date.now() };

type Call = {
  target: Target;
  atMs: number;
  signal: AbortSignal;
  answer(value: string): void;
  fail(e: Error): void;
};
function setUp({ concurrency = 4, isFailing = (value: string) => value === "down" } = {}) {
  const calls: Call[] = [];
  const runner = createTargetRunner<Target, string>({
    check: (target, signal) =>
      new Promise((resolve, reject) => {
        calls.push({ target, atMs: clock.now(), signal, answer: resolve, fail: reject });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    concurrency,
    clock,
    isFailing,
    random: () => 0.5,
  });
  const open = () => calls.filter(({ signal }) => !signal.aborted);
  const advance = async (ms: number, answer?: (call: Call) => void) => {
    for (let passed = 0; passed < ms; passed += 100) {
      await vi.advanceTimersByTimeAsync(100);
      runner.poke(clock.now());
      if (answer) {
        const before = calls.length;
        for (const call of calls) answer(call);
        await vi.advanceTimersByTimeAsync(0);
        if (calls.length > before) for (const call of calls) answer(call);
      }
    }
  };
  return { runner, calls, open, advance };
}
const target = (key: string, intervalMs = 1_000, timeoutMs = 500): Target => ({ key, intervalMs, timeoutMs });

test("a target is checked once per interval, and never twice at a time", async () => {
  const { runner, calls, advance } = setUp();
  runner.setTargets([target("a", 1_000, 10_000)]);
  await advance(3_000);
  expect(calls).toHaveLength(1);
  calls[0]?.answer("ok");
  await advance(10_000, ({ answer }) => answer("ok"));
  expect(calls.length).toBeGreaterThanOrEqual(9);
  expect(calls.length).toBeLessThanOrEqual(11);
  expect(runner.results().get("a")).toMatchObject({ latest: { value: "ok" }, failure: null });
});

test("no more checks run at a time than there are slots, and each target gets its turn", async () => {
  const { runner, calls, advance } = setUp({ concurrency: 3 });
  runner.setTargets(Array.from({ length: 10 }, (_, i) => target(`t${i}`, 1_000, 60_000)));
  await advance(1_000);
  expect(calls).toHaveLength(3);
  await advance(1_000, ({ answer }) => answer("ok"));
  expect(new Set(calls.map(({ target: { key } }) => key)).size).toBe(10);
});

test("a target that accepts and never answers costs the others neither slots nor time", async () => {
  const { runner, calls, advance } = setUp({ concurrency: 4 });
  const hanging = Array.from({ length: 8 }, (_, i) => target(`hangs${i}`, 1_000, 900));
  const well = Array.from({ length: 8 }, (_, i) => target(`well${i}`, 1_000, 900));
  runner.setTargets([...hanging, ...well]);
  await advance(6_000, ({ target: { key }, answer }) => key.startsWith("well") && answer("ok"));
  calls.length = 0;
  await advance(10_000, ({ target: { key }, answer }) => key.startsWith("well") && answer("ok"));
  for (const { key } of well) {
    const times = calls.filter((call) => call.target.key === key);
    expect(times.length, key).toBeGreaterThanOrEqual(8);
  }
  expect(runner.results().get("hangs0")).toMatchObject({ failure: "No answer within 900 ms", latest: null });
});

test("a time-out aborts a run and frees its slot, even if the run does not end", async () => {
  const ends: AbortSignal[] = [];
  const runner = createTargetRunner<Target, string>({
    check: ({ key }, signal) => {
      ends.push(signal);
      return key === "deaf" ? new Promise(() => {}) : Promise.resolve("ok");
    },
    concurrency: 1,
    clock,
    random: () => 0,
  });
  runner.setTargets([target("deaf"), target("well")]);
  for (let i = 0; i < 40; i++) {
    runner.poke(clock.now());
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(ends[0]?.aborted).toBe(true);
  expect(runner.results().get("well")?.latest?.value).toBe("ok");
  expect(runner.results().get("deaf")?.failure).toBe("No answer within 500 ms");
});

test("a third failure follows the first within one interval, and lasting failures slow it down by half at most", async () => {
  const { runner, calls, advance } = setUp();
  runner.setTargets([target("a", 3_000)]);
  await advance(20_000, ({ answer }) => answer("ok"));
  calls.length = 0;
  await advance(9_000, ({ answer }) => answer("down"));
  const [first, , third] = calls;
  expect((third?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThanOrEqual(3_000);
  await advance(200_000, ({ answer }) => answer("down"));
  const gaps = calls.slice(1).map(({ atMs }, i) => atMs - (calls[i]?.atMs ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(3_000 * 1.5 * 1.05 + 100);
  expect(gaps.at(-1)).toBeGreaterThan(4_000);
});

test("starts are spread, so that many targets do not begin at once", async () => {
  const started: number[] = [];
  let seed = 0;
  const runner = createTargetRunner<Target, string>({
    check: async () => {
      started.push(clock.now());
      return "ok";
    },
    concurrency: 1_000,
    clock,
    random: () => (seed = (seed + 0.618_033_988_7) % 1),
  });
  runner.setTargets(Array.from({ length: 1_000 }, (_, i) => target(`t${i}`, 5_000)));
  for (let i = 0; i < 51; i++) {
    runner.poke(clock.now());
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(runner.results().size).toBe(1_000);
  expect([...runner.results().values()].every(({ latest }) => latest !== null)).toBe(true);
  const perTurn = new Map<number, number>();
  for (const atMs of started) perTurn.set(atMs, (perTurn.get(atMs) ?? 0) + 1);
  const busiest = Math.max(...perTurn.values());
  expect(busiest).toBeLessThanOrEqual(40);
});

test("an unchanged target keeps its results; a changed or removed one loses them and is aborted", async () => {
  const { runner, calls, advance } = setUp();
  runner.setTargets([target("stays"), target("changes"), target("goes", 1_000, 5_000)]);
  await advance(300, ({ target: { key }, answer }) => key !== "goes" && answer("ok"));
  const going = calls.find(({ target: { key } }) => key === "goes");
  runner.setTargets([target("stays"), target("changes", 2_000)]);
  expect(runner.results().get("stays")?.latest?.value).toBe("ok");
  expect(runner.results().get("changes")?.latest).toBeNull();
  expect(runner.results().has("goes")).toBe(false);
  expect(going?.signal.aborted).toBe(true);
});

test("a stopped runner runs nothing and knows nothing; the next poke starts it again", async () => {
  const { runner, calls, open, advance } = setUp();
  runner.setTargets([target("a"), target("b", 1_000, 5_000)]);
  await advance(300, ({ target: { key }, answer }) => key === "a" && answer("ok"));
  runner.rest();
  expect(open().filter(({ target: { key } }) => key === "b")).toHaveLength(0);
  expect(runner.results().get("a")?.latest).toBeNull();
  const before = calls.length;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(calls).toHaveLength(before);
  await advance(1_000, ({ answer }) => answer("ok"));
  expect(runner.results().get("a")?.latest?.value).toBe("ok");
});

test("an error of a check is described in words", async () => {
  const { runner, advance } = setUp();
  runner.setTargets([target("a")]);
  await advance(200, ({ fail }) => fail(Object.assign(new Error("x"), { code: "ECONNREFUSED" })));
  expect(runner.results().get("a")).toMatchObject({ failure: "It refuses connections" });
});
