import { expect, test } from "vitest";
import { durationAt } from "./outcomes.ts";

test("a percentile of stored durations is off by less than the width of a place, and unknown without any", () => {
  const durations = Array.from({ length: 61 }, () => 0);
  const measured = Array.from({ length: 1_000 }, (_, n) => 1 + n * 3);
  for (const ms of measured) {
    const place = Math.ceil(Math.log(ms) / Math.log(1.25));
    durations[place] = (durations[place] ?? 0) + 1;
  }
  for (const share of [0.5, 0.95, 0.99]) {
    const exact = measured[Math.floor(share * measured.length)] ?? 0;
    const estimated = durationAt(durations, share) ?? 0;
    expect(Math.abs(estimated - exact) / exact).toBeLessThan(0.25);
  }
  expect(durationAt([], 0.95)).toBeNull();
  expect(
    durationAt(
      durations.map(() => 0),
      0.95,
    ),
  ).toBeNull();
});
