import { pino } from "pino";
import { expect, test } from "vitest";
import { createCrons } from "./crons.ts";
import { createObservedRuns } from "./watched/watched.ts";

const at = (text: string) => Date.parse(text);
const cron = {
  id: "nightly-dump",
  name: "nightly-dump",
  organization: "acme",
  pattern: "0 2 * * *",
  timeZone: "Europe/Berlin",
  graceMs: 600_000,
};

test("a heartbeat is the end of the run that was due; one that does not come in time is missed", async () => {
  let nowMs = at("2026-03-02T12:00:00Z");
  let beat: { atMs: number; state: "ok" | "down"; message: string | null } | null = null;
  const store = { lastRuns: async () => new Map(), save: async () => {} };
  const runs = createObservedRuns({ store, log: pino({ level: "silent" }) });
  const crons = createCrons({
    declared: () => [cron],
    read: async () => [beat],
    runs,
    clock: { now: () => nowMs },
  });
  const look = async () => crons.rows(await crons.sample(), nowMs)[0];

  expect(await look()).toMatchObject({ label: "Not run yet", nextAt: "2026-03-03T01:00:00.000Z" });
  nowMs = at("2026-03-03T01:05:00Z");
  beat = { atMs: at("2026-03-03T01:04:00Z"), state: "ok", message: null };
  expect(await look()).toMatchObject({ label: "Completed", last: { dueAt: "2026-03-03T01:00:00.000Z" } });

  nowMs = at("2026-03-04T03:00:00Z");
  expect(await look()).toMatchObject({ label: "Missed", overdueSince: "2026-03-04T01:00:00.000Z" });
  nowMs = at("2026-03-05T01:20:00Z");
  beat = { atMs: at("2026-03-05T01:10:00Z"), state: "down", message: "disk is full" };
  expect(await look()).toMatchObject({
    label: "Failed",
    cause: "disk is full",
    recent: ["completed", "missed", "failed"],
  });
});
