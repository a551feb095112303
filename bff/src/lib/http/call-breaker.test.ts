import type { AttachedBreaker } from "@wheelhouse/shared/reporter/attached.ts";
import { expect, test } from "vitest";
import { CallRefused, createCallBreaker } from "./call-breaker.ts";

const down = new Error("no answer");
const said = new Error("no such code");

function calling() {
  let nowMs = 1_000_000;
  const clock = { now: () => nowMs };
  const breaker = createCallBreaker({
    name: "provider",
    failuresMax: 3,
    coolDownMs: 30_000,
    isFailure: (error) => error === down,
    clock,
  });
  let attached: AttachedBreaker | undefined;
  breaker.report({
    breaker: (_, make) => {
      attached = make({ now: clock.now, changed: () => {} });
    },
  });
  return {
    call: (outcome: "well" | Error) =>
      breaker
        .run(async () => {
          if (outcome !== "well") throw outcome;
          return "well";
        })
        .catch((error: Error) => (error instanceof CallRefused ? "refused" : error.message)),
    hanging: () => {
      let end = () => {};
      const done = breaker.run(() => new Promise<void>((resolve) => (end = resolve)));
      return { end, done };
    },
    state: () => attached?.read()?.state,
    tell: (command: "open" | "close" | "reset") => attached?.obey(command),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("opens after three failures in a row, lets one call through after its cool-down, and closes with it", async () => {
  const { call, hanging, state, pass } = calling();
  for (const outcome of [down, down, said, down, down]) await call(outcome);
  expect(state()).toBe("closed");
  await call(down);
  expect([state(), await call("well")]).toEqual(["open", "refused"]);
  pass(30_000);
  const probe = hanging();
  expect([state(), await call("well")]).toEqual(["half_open", "refused"]);
  probe.end();
  await probe.done;
  expect([state(), await call("well")]).toEqual(["closed", "well"]);
});

test("a probe that fails opens it again for the whole cool-down", async () => {
  const { call, state, pass } = calling();
  for (let i = 0; i < 3; i += 1) await call(down);
  pass(30_000);
  expect([await call(down), state(), await call("well")]).toEqual(["no answer", "open", "refused"]);
});

test("an operator's override holds until it is reset", async () => {
  const { call, state, tell, pass } = calling();
  tell("open");
  pass(60_000);
  expect([state(), await call("well")]).toEqual(["forced_open", "refused"]);
  tell("close");
  for (let i = 0; i < 5; i += 1) expect(await call(down)).toBe("no answer");
  expect(state()).toBe("disabled");
  tell("reset");
  expect([state(), await call("well")]).toEqual(["closed", "well"]);
});
