import { expect, test } from "vitest";
import { momentOf } from "./moment.ts";

const nowMs = Date.parse("2026-11-19T12:00:00Z");
const hourMs = 3_600_000;

test.each([
  ["of a frame of the same 10 s", 0.1, 9_000, true],
  ["of silence", 0.1, 30_000, false],
  ["of a frame of the same minute, yesterday", 24, 55_000, true],
  ["of silence, yesterday", 24, 300_000, false],
  ["of a frame of the same hour, last month", 800, hourMs, true],
])("ages at a past moment are %s", (_name, hoursAgo, gapMs, isGrain) => {
  const atMs = nowMs - hoursAgo * hourMs;
  const at = new Date(atMs).toISOString();
  const stored = new Date(atMs - gapMs).toISOString();
  expect(momentOf(at, stored, nowMs)).toEqual({ at, nowMs: isGrain ? atMs - gapMs : atMs });
});

test("without stored data, ages refer to the moment itself", () => {
  const at = "2026-11-19T11:00:00.000Z";
  expect(momentOf(at, null, nowMs).nowMs).toBe(Date.parse(at));
});
