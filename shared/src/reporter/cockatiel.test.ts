import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll, handleType } from "cockatiel";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attachCockatiel } from "./cockatiel.ts";

const failing = () => Promise.reject(new Error("no"));
const working = () => Promise.resolve("yes");

function attach(failures = 3) {
  const policy = circuitBreaker(handleAll, {
    halfOpenAfter: 1_000,
    breaker: new ConsecutiveBreaker(failures),
  });
  const changed = vi.fn();
  const attached = attachCockatiel("rates", policy, { coolDownMs: 1_000 }, { now: Date.now, changed });
  const read = () => {
    const seen = attached.read();
    if (!seen) throw new Error("the breaker is gone");
    return seen;
  };
  const fail = async (times: number) => {
    for (let call = 0; call < times; call += 1) await policy.execute(failing).catch(() => {});
  };
  return { policy, attached, changed, read, fail };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 5_000_000, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("it opens, stays open while idle with a probe that is due, and goes half-open with the next call", async () => {
  const { policy, read, fail, changed } = attach();
  expect(read()).toMatchObject({
    state: "closed",
    name: "rates",
    library: "cockatiel",
    refusedPerMinute: null,
  });
  await fail(3);
  expect(read()).toMatchObject({ state: "open", failedPerMinute: 3, failureRatio: 1 });
  expect(changed).toHaveBeenCalledTimes(1);
  vi.setSystemTime(5_060_000 - 1);
  expect(read().state).toBe("open");
  expect(read().nextProbeAt).toBe(new Date(5_001_000).toISOString());
  let answer = (_: string) => {};
  const probe = policy.execute(
    () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  );
  expect(read().state).toBe("half_open");
  answer("yes");
  await probe;
  expect(read().state).toBe("closed");
  expect(read().transitions.map(({ state }) => state)).toEqual(["open", "half_open", "closed"]);
});

test("it can be forced open until it is reset, and cannot be forced closed", async () => {
  const { policy, read, attached } = attach();
  expect(read().commands).toEqual(["open", "reset"]);
  attached.obey("open");
  attached.obey("open");
  vi.setSystemTime(5_900_000);
  await expect(policy.execute(working)).rejects.toThrow();
  expect(read()).toMatchObject({ state: "forced_open", nextProbeAt: null });
  expect(() => attached.obey("close")).toThrow("cannot force");
  attached.obey("reset");
  expect(read().state).toBe("closed");
  await expect(policy.execute(working)).resolves.toBe("yes");
});

test("a reset closes an open breaker", async () => {
  const { policy, read, fail, attached } = attach();
  await fail(3);
  await expect(policy.execute(working)).rejects.toThrow(BrokenCircuitError);
  attached.obey("reset");
  expect(read()).toMatchObject({ state: "closed", failedPerMinute: 0 });
  await expect(policy.execute(working)).resolves.toBe("yes");
});

test("a breaker isolated by its application stays isolated, and the operator gets the reason", () => {
  const { policy, read, attached } = attach();
  const own = policy.isolate();
  expect(() => attached.obey("reset")).toThrow("The application itself");
  expect(read().state).toBe("forced_open");
  own.dispose();
  expect(read().state).toBe("closed");
});

test("an error that the policy does not handle is a call and not a failure", async () => {
  const policy = circuitBreaker(handleType(TypeError), {
    halfOpenAfter: 1_000,
    breaker: new ConsecutiveBreaker(1),
  });
  const attached = attachCockatiel("rates", policy, {}, { now: Date.now, changed: () => {} });
  await policy.execute(failing).catch(() => {});
  expect(attached.read()).toMatchObject({ state: "closed", callsPerMinute: 1, failedPerMinute: 0 });
  expect(attached.read()).toMatchObject({ coolDownMs: null, threshold: null, nextProbeAt: null });
});
