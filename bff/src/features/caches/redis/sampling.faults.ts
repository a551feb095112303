import { afterAll, beforeAll, expect, it } from "vitest";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { sampleOnce } from "../testing/sampling.fixture.ts";

let server: OwnRedis;
beforeAll(async () => {
  server = await startOwnRedis();
});
afterAll(() => server.dispose());

it("no command of the sampler takes Redis over 5 ms on a million keys with a hash of a million fields", async () => {
  const { slow, worst, scanMeanMicros, sample } = await sampleOnce({
    url: server.url,
    keys: 1_000_000,
    fields: 1_000_000,
    keysPerPass: 20_000,
  });
  const [command, tookMs] = worst ?? ["none", 0];
  process.stdout.write(`longest command: ${command}, ${tookMs} ms; SCAN mean ${scanMeanMicros} µs\n`);
  expect(slow).toEqual([]);
  expect(sample?.totalKeys).toBe(1_000_001);
}, 300_000);
