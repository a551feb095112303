import { describe, expect, test } from "vitest";
import { type Lane, type PaceLimits, pace } from "./pace.ts";

const limits: PaceLimits = {
  ceiling: 50,
  canary: 5,
  startRate: 5,
  batch: 2_000,
  failuresToHold: 20,
  items: "deliveries",
};
const fresh = (part: Partial<Lane> = {}): Lane => ({
  phase: "canary",
  cause: null,
  waitsForBreaker: false,
  total: 10_000,
  sent: 0,
  succeeded: 0,
  failed: 0,
  skipped: 0,
  canarySent: 0,
  canaryOk: 0,
  canaryBad: 0,
  failedInRow: 0,
  rate: null,
  budget: 0,
  pacedAtMs: 0,
  windowAtMs: 0,
  windowOk: 0,
  windowBad: 0,
  ...part,
});
const nothing = { ok: 0, bad: 0, breaker: "closed" as const };

/** Steps every 250 ms; everything sent gets its outcome at the next step by `answer`. */
function run(
  lane: Lane,
  withLimits: PaceLimits,
  steps: number,
  answer: (sent: number, step: number) => { ok: number; bad: number },
) {
  const sent: number[] = [];
  const notes: string[] = [];
  let last = 0;
  for (let step = 0; step < steps; step += 1) {
    const next = pace(lane, { ...answer(last, step), breaker: "closed" }, withLimits, step * 250);
    if (next.note) notes.push(`${next.note.what} ${next.note.detail}`);
    last = next.send;
    sent.push(last);
    lane = { ...next.lane, sent: next.lane.sent + last };
  }
  return { lane, sent, notes };
}
const allWell = (sent: number) => ({ ok: sent, bad: 0 });

describe("the pace of a run", () => {
  test("begins with a canary and sends nothing more until all of it has an outcome", () => {
    const first = pace(fresh(), nothing, limits, 0);
    expect(first.send).toBe(5);
    const waiting = { ...first.lane, sent: 5 };
    expect(pace(waiting, nothing, limits, 60_000).send).toBe(0);
    expect(pace(waiting, { ...nothing, ok: 4 }, limits, 60_000).send).toBe(0);
    const passed = pace(waiting, { ...nothing, ok: 4, bad: 1 }, limits, 60_000);
    expect(passed).toMatchObject({ lane: { phase: "sending", rate: 5 }, note: { what: "canary_passed" } });
  });

  test("pauses when most of a canary failed", () => {
    const sent = { ...pace(fresh(), nothing, limits, 0).lane, sent: 5 };
    const failed = pace(sent, { ...nothing, ok: 2, bad: 3 }, limits, 1);
    expect(failed).toMatchObject({
      send: 0,
      lane: { phase: "held", cause: "Canary failed: 2 of 5 succeeded" },
    });
    expect(pace(failed.lane, nothing, limits, 3_600_000).send).toBe(0);
  });

  test("grows while all succeed, up to the limit and never above it", () => {
    const { lane, sent } = run(fresh(), limits, 400, allWell);
    expect(lane.rate).toBe(50);
    for (let from = 0; from + 4 <= sent.length; from += 1)
      expect(sent.slice(from, from + 4).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(51);
    const lastSecond = sent.slice(-40).reduce((sum, each) => sum + each, 0) / 10;
    expect(lastSecond).toBeGreaterThan(49);
  });

  test("is halved for a second with failures, and recovers", () => {
    const { notes, lane } = run(fresh(), limits, 400, (sent, step) =>
      step === 200 ? { ok: sent - 1, bad: 1 } : allWell(sent),
    );
    expect(notes).toEqual(["canary_passed 5 of 5 succeeded", "slowed 1 failure: 25 /s"]);
    expect(lane.rate).toBe(50);
  });

  test("without a limit sends whole batches after the canary", () => {
    const { sent } = run(fresh(), { ...limits, ceiling: null }, 5, allWell);
    expect(sent).toEqual([5, 2_000, 2_000, 2_000, 2_000]);
  });

  test("waits for a receiver that is slower than the rate", () => {
    const { sent } = run(fresh(), limits, 400, (_sent, step) => ({ ok: step === 1 ? 5 : 0, bad: 0 }));
    expect(sent.reduce((sum, each) => sum + each, 0)).toBe(5 + 25);
  });

  test("holds while a breaker is open or half open and after consecutive failures", () => {
    const lane = fresh({ phase: "sending", rate: 10, sent: 30, succeeded: 10 });
    expect(pace(lane, { ...nothing, breaker: "open" }, limits, 1_000)).toMatchObject({
      lane: { phase: "held", cause: "Breaker opened" },
    });
    expect(pace(lane, { ...nothing, bad: 20 }, limits, 1_000).lane.phase).toBe("held");
    expect(pace(lane, { ...nothing, breaker: "half_open" }, limits, 1_000)).toMatchObject({
      send: 0,
      lane: { phase: "sending" },
    });
  });

  test("sends one delivery for each due probe of an open breaker, and begins with a new canary when it closes", () => {
    const held = pace(
      fresh({ phase: "sending", sent: 5, succeeded: 5 }),
      { ...nothing, breaker: "open" },
      limits,
      0,
    );
    expect(held).toMatchObject({ send: 0, lane: { phase: "held", waitsForBreaker: true } });
    const probe = pace(held.lane, { ...nothing, breaker: "probe_due" }, limits, 1);
    expect(probe.send).toBe(1);
    const sent = { ...probe.lane, sent: 6 };
    expect(pace(sent, { ...nothing, breaker: "probe_due" }, limits, 2).send).toBe(0);
    const closed = pace(sent, { ...nothing, ok: 1 }, limits, 3);
    expect(closed).toMatchObject({ send: 5, lane: { phase: "canary", waitsForBreaker: false, cause: null } });
  });

  test("is done when everything has an outcome or was skipped, never before", () => {
    const last = fresh({ total: 10, sent: 8, skipped: 2, succeeded: 7 });
    expect(pace(last, nothing, limits, 0).lane.phase).toBe("canary");
    expect(pace(last, { ...nothing, bad: 1 }, limits, 0)).toMatchObject({
      lane: { phase: "done" },
      note: { what: "lane_done", detail: "7 of 8 succeeded" },
    });
  });

  test("whatever happens, never sends more than waits, and counts every outcome", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 60; round += 1) {
      let lane = fresh({ total: 1 + random(400) });
      let told = 0;
      const ceiling = random(3) === 0 ? null : 1 + random(500);
      for (let step = 0; step < 60; step += 1) {
        const open = lane.sent - lane.succeeded - lane.failed;
        const ok = open === 0 ? 0 : random(open + 1);
        const bad = random(5) === 0 ? open - ok : 0;
        told += ok + bad;
        const next = pace(lane, { ok, bad, breaker: "closed" }, { ...limits, ceiling }, step * 300);
        expect(next.send).toBeLessThanOrEqual(lane.total - lane.sent - lane.skipped);
        lane = { ...next.lane, sent: next.lane.sent + next.send };
        if (lane.phase === "held") expect(next.send).toBe(0);
        expect(lane.succeeded + lane.failed).toBe(told);
      }
      expect(lane.sent).toBeLessThanOrEqual(lane.total);
    }
  });
});
