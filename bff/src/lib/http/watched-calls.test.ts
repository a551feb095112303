import { expect, test } from "vitest";
import { AddressRefusedError } from "#lib/security/address-filter.ts";
import type { CallTarget } from "./call-target.ts";
import type { WatchAnswer } from "./watch-http.ts";
import { createWatchedCalls } from "./watched-calls.ts";

const answerOf = (statusCode: number): WatchAnswer => ({
  statusCode,
  contentType: "",
  cacheControl: "",
  body: "its answer",
  isWhole: true,
  truncated: false,
  latencyMs: 1,
  ip: null,
  certificateExpiresAt: null,
});
const signal = AbortSignal.timeout(60_000);

function calling(given: Partial<CallTarget> = {}) {
  let nowMs = 1_000_000;
  let outcome: number | Error = 200;
  let hold: Promise<void> | null = null;
  const calls = createWatchedCalls({ clock: { now: () => nowMs } });
  const http = calls.around({
    async get() {
      await hold;
      if (outcome instanceof Error) throw outcome;
      return answerOf(outcome);
    },
    connect: async () => ({ latencyMs: 1, ip: null }),
  });
  const target: CallTarget = {
    organization: "acme",
    purpose: "health-checks",
    id: "orders",
    name: "orders",
    instance: "orders-1",
    intervalMs: given.intervalMs ?? 10_000,
    failsFromStatus: given.failsFromStatus ?? null,
  };
  return {
    calls,
    state: () => calls.all()[0]?.state,
    pass: (ms: number) => {
      nowMs += ms;
    },
    async get(next: number | Error, passMs = 10_000) {
      outcome = next;
      nowMs += passMs;
      return http.get("http://orders/", { signal, maxBytes: 1, accept: "*/*", target }).then(
        ({ statusCode }) => statusCode,
        (error: Error) => error.message,
      );
    },
    hold() {
      let release = () => {};
      hold = new Promise((resolve) => {
        release = () => {
          hold = null;
          resolve();
        };
      });
      return release;
    },
  };
}
const refused = new Error("connect ECONNREFUSED");

test("it opens after three failures in a row, and every call at its interval still gets the target's real answer", async () => {
  const { get, state, calls } = calling();
  for (const outcome of [refused, refused, 200, refused, refused]) await get(outcome);
  expect(state()).toBe("closed");
  await get(refused);
  expect(state()).toBe("open");
  expect(calls.all()).toMatchObject([{ failure: "connect ECONNREFUSED", nextProbeAtMs: 1_000_000 + 70_000 }]);
  expect(await get(refused)).toBe("connect ECONNREFUSED");
  expect(state()).toBe("open");
  expect(await get(200)).toBe(200);
  expect(state()).toBe("closed");
  expect(calls.all()[0]?.moves.map((move) => move.state)).toEqual([
    "open",
    "half_open",
    "open",
    "half_open",
    "closed",
  ]);
});

test("while the probe of an open breaker runs it is half-open", async () => {
  const { get, state, hold } = calling();
  for (let call = 0; call < 3; call += 1) await get(refused);
  const release = hold();
  const probe = get(200);
  expect(state()).toBe("half_open");
  release();
  await probe;
  expect(state()).toBe("closed");
});

test("a check's answer is never a failed call, a scrape's is from 500 on", async () => {
  const check = calling();
  for (let call = 0; call < 3; call += 1) expect(await check.get(503)).toBe(503);
  expect(check.state()).toBe("closed");
  const scrape = calling({ failsFromStatus: 500 });
  for (const status of [404, 500, 502, 503]) expect(await scrape.get(status)).toBe(status);
  expect(scrape.calls.all()).toMatchObject([{ state: "open", failure: "Responded with status 503" }]);
});

test("an address that may not be reached is no call, and a target that is no longer called is forgotten", async () => {
  const { get, calls, pass } = calling();
  for (let call = 0; call < 4; call += 1) await get(new AddressRefusedError("orders", "it is private"));
  expect(calls.all()).toEqual([]);
  await get(200);
  expect(calls.all()).toHaveLength(1);
  pass(61_000);
  expect(calls.all()).toEqual([]);
});
