import { describe, expect, test } from "vitest";
import { rangeOfBars } from "./histogram.tsx";
import { trendPaths } from "./sparkline.tsx";

describe("charts", () => {
  test("a missing value interrupts the line instead of being drawn at zero", () => {
    const { line, area } = trendPaths([4, 4, null, 4, 4], { width: 100, height: 12, top: 4 });
    expect(line).toBe("M0 2L25 2M75 2L100 2");
    expect(area.split("Z")).toHaveLength(3);
  });

  test("an isolated value is visible, and no data draws nothing", () => {
    expect(trendPaths([null, 2, null], { width: 100, height: 12, top: 4 }).line).toBe("M50 6h.1");
    expect(trendPaths([null, null], { width: 100, height: 12, top: 0 })).toEqual({ line: "", area: "" });
  });

  test("dragging from right to left selects the same range", () => {
    expect(rangeOfBars(5, 2, 1000, 10)).toEqual(rangeOfBars(2, 5, 1000, 10));
    expect(rangeOfBars(2, 5, 1000, 10)).toEqual({ fromMs: 1020, toMs: 1060 });
  });
});
