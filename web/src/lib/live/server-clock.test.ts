import { expect, test } from "vitest";
import { createServerClock } from "./server-clock.ts";

test("ages follow the server's clock, not the client's, and delayed messages do not shift it", () => {
  let clientMs = 1_000_000;
  const clock = createServerClock(() => clientMs);
  expect(clock.now()).toBe(clientMs);
  clock.hear(new Date(clientMs + 60_000).toISOString());
  expect(clock.now()).toBe(clientMs + 60_000);
  clientMs += 5000;
  clock.hear(new Date(clientMs + 57_000).toISOString());
  expect(clock.now()).toBe(clientMs + 60_000);
});
