import CircuitBreaker from "opossum";
import { afterEach, expect, test, vi } from "vitest";
import { attachOpossum } from "./opossum.ts";
import { report } from "./report.ts";

const secret = "4111 1111 1111 1111";
const opened: { shutdown(): void }[] = [];
let working = true;

function attach(options: CircuitBreaker.Options = {}) {
  const call = async (card: string) => {
    if (!working) throw new Error(`cannot charge ${card}`);
    return card;
  };
  const breaker = new CircuitBreaker(call, {
    name: "charge-card",
    timeout: 50,
    resetTimeout: 1_000,
    errorThresholdPercentage: 50,
    volumeThreshold: 2,
    rollingCountTimeout: 10_000,
    ...options,
  });
  opened.push(breaker);
  const changed = vi.fn();
  const attached = attachOpossum(breaker, {}, { now: Date.now, changed });
  const read = () => {
    const seen = attached.read();
    if (!seen) throw new Error("the breaker is gone");
    return seen;
  };
  const fire = (times: number) =>
    Promise.all(Array.from({ length: times }, () => breaker.fire(secret).catch(() => {})));
  return { breaker, attached, changed, read, fire };
}

afterEach(() => {
  vi.useRealTimers();
  working = true;
  for (const breaker of opened.splice(0)) breaker.shutdown();
});

test("a new breaker is closed, and has no ratio before its first call", () => {
  const { read } = attach();
  expect(read()).toMatchObject({
    name: "charge-card",
    library: "opossum",
    state: "closed",
    nextProbeAt: null,
    failureRatio: null,
    callsPerMinute: 0,
    latencyMsP95: null,
    threshold: 0.5,
    coolDownMs: 1_000,
    commands: ["open", "close", "reset"],
    transitions: [],
  });
});

test("it opens, reports since when and when a probe may pass, and goes through half-open to closed", async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const { read, fire, changed, breaker } = attach();
  await vi.advanceTimersByTimeAsync(5_000);
  working = false;
  await fire(2);
  expect(read()).toMatchObject({ state: "open", failureRatio: 1, failedPerMinute: 2 });
  expect(read().since).toBe(new Date(1_005_000).toISOString());
  expect(read().nextProbeAt).toBe(new Date(1_006_000).toISOString());
  expect(changed).toHaveBeenCalledTimes(1);
  await fire(3);
  expect(read()).toMatchObject({ callsPerMinute: 2, refusedPerMinute: 3 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(read().state).toBe("half_open");
  working = true;
  await breaker.fire("ok");
  expect(read().state).toBe("closed");
  expect(read().transitions.map(({ state }) => state)).toEqual(["open", "half_open", "closed"]);
});

test("a call that timed out counts once", async () => {
  vi.useFakeTimers();
  const { attached, breaker } = attach({ volumeThreshold: 10 });
  breaker.on("failure", () => {});
  const hanging = new CircuitBreaker(() => new Promise<string>(() => {}), { timeout: 50, name: "hangs" });
  opened.push(hanging);
  const seen = attachOpossum(hanging, {}, { now: Date.now, changed: () => {} });
  const fired = hanging.fire().catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(60);
  expect(await fired).toContain("Timed out");
  expect(seen.read()).toMatchObject({ callsPerMinute: 1, failedPerMinute: 1 });
  expect(seen.read()?.latencyMsP50).toBeGreaterThan(40);
  attached.detach();
});

test("forced open lasts beyond opossum's own timer, whatever is called, until it is reset", async () => {
  vi.useFakeTimers();
  const { read, attached, breaker } = attach();
  expect(attached.obey("open")).toBe("Forced open");
  expect(read()).toMatchObject({ state: "forced_open", nextProbeAt: null });
  let passed = 0;
  for (let second = 0; second < 5; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    await breaker.fire("x").then(
      () => (passed += 1),
      () => {},
    );
  }
  breaker.close();
  await breaker.fire("x").then(
    () => (passed += 1),
    () => {},
  );
  expect(passed).toBe(0);
  expect(read()).toMatchObject({ state: "forced_open", refusedPerMinute: 6 });
  attached.obey("reset");
  expect(read().state).toBe("closed");
  await expect(breaker.fire("x")).resolves.toBe("x");
  // No override is left in a timer.
  await vi.advanceTimersByTimeAsync(5_000);
  expect(read().state).toBe("closed");
});

test("forced closed lets failing calls pass, keeps timeouts and continues counting", async () => {
  const { read, attached, fire, breaker } = attach();
  working = false;
  await fire(2);
  expect(read().state).toBe("open");
  attached.obey("close");
  await fire(10);
  expect(read()).toMatchObject({ state: "disabled", failedPerMinute: 12, refusedPerMinute: 0 });
  expect(breaker.closed).toBe(true);
  expect(read().transitions.map(({ state }) => state)).toEqual(["open", "disabled"]);
});

test("failures before a reset do not count towards opening", async () => {
  const { read, attached, fire } = attach({ volumeThreshold: 4 });
  working = false;
  await fire(4);
  expect(read().state).toBe("open");
  attached.obey("reset");
  expect(read()).toMatchObject({ state: "closed", failureRatio: null });
  await fire(3);
  expect(read().state).toBe("closed");
  await fire(1);
  expect(read().state).toBe("open");
});

test("a repeated command has no further effect, and the second of two commands wins", async () => {
  const { read, attached } = attach();
  for (const command of ["open", "open", "close", "close"] as const) attached.obey(command);
  expect(read().state).toBe("disabled");
  attached.obey("reset");
  attached.obey("reset");
  expect(read().state).toBe("closed");
});

test("a breaker disabled by its application is disabled, and takes no commands", () => {
  const { breaker, attached, read } = attach();
  breaker.disable();
  expect(read().state).toBe("disabled");
  expect(() => attached.obey("open")).toThrow("The application itself");
});

test("a breaker that was shut down is removed", () => {
  const { breaker, attached, changed } = attach();
  breaker.shutdown();
  expect(attached.read()).toBeNull();
  expect(changed).toHaveBeenCalled();
});

test("reports contain neither arguments nor messages of calls", async () => {
  const { read, fire } = attach();
  working = false;
  await fire(3);
  const whole = report.parse({
    version: 1,
    service: "payments",
    instance: "a",
    intervalMs: 1_000,
    caches: [],
    reportedAt: new Date().toISOString(),
    breakers: [read()],
  });
  expect(JSON.stringify(whole)).not.toMatch(/4111|cannot charge/);
});

test("once detached, it leaves no listener behind and removes its override", async () => {
  const breaker = new CircuitBreaker(async () => "", { name: "bare" });
  opened.push(breaker);
  const count = () => breaker.eventNames().reduce((sum, name) => sum + breaker.listenerCount(name), 0);
  const before = count();
  const attached = attachOpossum(breaker, {}, { now: Date.now, changed: () => {} });
  attached.obey("open");
  attached.detach();
  expect(count()).toBe(before);
  breaker.close();
  expect(breaker.closed).toBe(true);
});
