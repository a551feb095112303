import { describe, expect, test } from "vitest";
import { momentAt, neighbourOf, spanFor } from "./moments.ts";

const nowMs = Date.parse("2026-11-19T09:14:00Z");
const minuteMs = 60_000;

describe("the scrubber", () => {
  test("reaches back as far as the moment it shows", () => {
    expect(spanFor(60 * minuteMs, null, nowMs)).toBe(60 * minuteMs);
    expect(spanFor(60 * minuteMs, nowMs - 30 * minuteMs, nowMs)).toBe(60 * minuteMs);
    expect(spanFor(60 * minuteMs, nowMs - 90 * minuteMs, nowMs)).toBe(360 * minuteMs);
  });

  test("steps to the nearest change on either side, never to the current one", () => {
    const marks = ["2026-11-19T09:00:00.000Z", "2026-11-19T08:00:00.000Z", "2026-11-19T09:10:00.000Z"].map(
      (at) => ({ at }),
    );
    const at = Date.parse("2026-11-19T09:00:00Z");
    expect(neighbourOf(marks, at, "before")).toBe("2026-11-19T08:00:00.000Z");
    expect(neighbourOf(marks, at, "after")).toBe("2026-11-19T09:10:00.000Z");
    expect(neighbourOf(marks, nowMs, "after")).toBeNull();
  });

  test("ends at now, which is live", () => {
    expect(momentAt(nowMs + 1, nowMs)).toBeNull();
    expect(momentAt(nowMs - 1_000, nowMs)).toBe("2026-11-19T09:13:59.000Z");
  });
});
