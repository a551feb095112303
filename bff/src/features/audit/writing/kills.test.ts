import { expect, test } from "vitest";
import { killWhileWriting } from "../testing/kills.fixture.ts";

test("3 times SIGKILL of the database between change and seal: every change has its event, the chains are valid", async () => {
  expect(await killWhileWriting({ rounds: 3, random: Math.random })).toBeGreaterThan(0);
}, 60_000);
