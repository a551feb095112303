import { afterEach, expect, test } from "vitest";
import { createEventLoop } from "./event-loop.ts";

let nowMs = 0;
const loop = createEventLoop({ windowMs: 1_000, now: () => nowMs });
afterEach(() => loop.stop());

test("a blocked event loop shows lag and load, and all readers within a window get the same values", async () => {
  expect(loop.read()).toBeNull();
  loop.start();
  expect(loop.read()).toBeNull();
  const turn = () => new Promise((resolve) => setTimeout(resolve, 25));
  const blockedRead = async () => {
    await turn();
    const until = performance.now() + 80;
    while (performance.now() < until);
    await turn();
    nowMs += 1_000;
    return loop.read();
  };
  // The first window covers the start.
  expect(await blockedRead()).toBeNull();
  await expect.poll(async () => (await blockedRead())?.delayMsMax ?? 0).toBeGreaterThan(50);
  const figures = loop.read();
  expect(figures).toMatchObject({ windowMs: 1_000, busyRatio: expect.any(Number) });
  expect(figures?.busyRatio).toBeGreaterThan(0.3);
  nowMs += 999;
  expect(loop.read()).toBe(figures);
});
