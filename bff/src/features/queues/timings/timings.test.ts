import { describe, expect, test } from "vitest";
import { createSketch } from "./sketch.ts";
import { createTimings } from "./timings.ts";

const minuteMs = 60_000;
const startMs = 1_000 * minuteMs;

describe("percentiles", () => {
  test("are within 5 % of the exact ones, from a millisecond to days", () => {
    for (const scale of [1, 40, 3_000, 90_000_000]) {
      const sketch = createSketch(5);
      for (let n = 1; n <= 1_000; n += 1) sketch.add(n * scale, startMs);
      const read = sketch.read(startMs);
      for (const [name, exact] of [
        ["p50", 500],
        ["p95", 950],
        ["p99", 990],
      ] as const) {
        const wanted = Math.min(exact * scale, 1.1 ** 220);
        expect(Math.abs((read?.[name] ?? 0) - wanted) / wanted).toBeLessThan(0.055);
      }
    }
  });

  test("forget what is older than their minutes", () => {
    const sketch = createSketch(5);
    sketch.add(10, startMs);
    expect(sketch.count(startMs + 4 * minuteMs)).toBe(1);
    expect(sketch.read(startMs + 5 * minuteMs)).toBeNull();
  });
});

describe("times of jobs", () => {
  const line = (event: string, jobId: string, atMs: number, detail = "") => ({
    event,
    jobId,
    detail,
    atMs: startMs + atMs,
  });
  const read = (timings: ReturnType<typeof createTimings>) => timings.of("email", startMs + 10_000);

  test("are from waiting to active, and from there to the end of the attempt", () => {
    const timings = createTimings();
    timings.add(
      "email",
      [
        line("added", "1", 0, "mail"),
        line("waiting", "1", 0),
        line("active", "1", 1_000),
        line("delayed", "1", 1_200),
        // The delay between two attempts is no waiting.
        line("waiting", "1", 9_000),
        line("active", "1", 9_100),
        line("completed", "1", 9_300),
      ],
      new Map(),
    );
    const times = read(timings);
    expect(times?.wait?.p99).toBeCloseTo(1_000, -2);
    expect(times?.wait?.p50).toBeCloseTo(100, -1);
    expect(times?.run?.p99).toBeCloseTo(200, -1.2);
    const [byName] = timings.byName(startMs, startMs + 10_000);
    expect(byName?.names).toMatchObject([{ name: "mail", jobs: 2 }]);
  });

  test("of a job whose beginning was not seen are unknown, and a stall is counted", () => {
    const timings = createTimings();
    expect(read(timings)).toBeNull();
    timings.add("email", [line("completed", "1", 0), line("stalled", "2", 1)], new Map());
    expect(read(timings)).toEqual({ wait: null, run: null, stalled: 1 });
  });

  test("take bounded memory, whatever is added and never ends", () => {
    const timings = createTimings();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 200; n += 1)
      timings.add(
        `queue-${n % 3}`,
        Array.from({ length: 1_000 }, (_, at) => line("waiting", `${n}-${at}`, at)),
        new Map(),
      );
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(120 * 1024 * 1024);
  });
});
