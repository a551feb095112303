import { pino } from "pino";
import { systemClock } from "#lib/clock.ts";
import { createRedis } from "#lib/redis.ts";
import { createKeyspaceWalk } from "./caches-keyspace.ts";
import { createLatencyReader } from "./caches-latency.ts";
import type { KeyspaceSample } from "./caches-prefixes.ts";
import { createSlowLogReader } from "./caches-slow-log.ts";

const limitMicros = 5_000;
/** A process that is not scheduled looks slow for one command in one pass; what is slow by itself is so in each. */
const passes = 3;

const fill = `
  for at = ARGV[1], ARGV[2] do
    redis.call('SET', 'order:' .. at .. ':lines', 'x', 'PX', at % 2 == 0 and 3000000 or 5000000)
  end`;
const fillHash = "for at = ARGV[1], ARGV[2] do redis.call('HSET', KEYS[1], 'field-' .. at, at) end";

/**
 * Fills a Redis with that many keys and a hash of that many fields, samples it as the collector does, and asks the
 * server's own slow log which of the sampler's commands took it over 5 ms.
 */
export async function sampleOnce(deps: { url: string; keys: number; fields: number; keysPerPass: number }) {
  const { url, keys, fields, keysPerPass } = deps;
  const redis = createRedis({
    ...{ url, name: "test-sampling", log: pino({ level: "silent" }) },
    blocking: true,
  });
  await new Promise<void>((resolve) => redis.once("ready", resolve));
  const step = 5_000;
  for (let from = 1; from <= keys; from += step)
    await redis.eval(fill, 0, from, Math.min(keys, from + step - 1));
  for (let from = 1; from <= fields; from += step)
    await redis.eval(fillHash, 1, "catalogue", from, Math.min(fields, from + step - 1));

  const clock = systemClock;
  const walk = createKeyspaceWalk({ redis, database: 0, clock, keysPerPass });
  const latency = createLatencyReader({ redis, clock });
  const slowLog = createSlowLogReader({ redis, clock });
  // Of each command, the least that it took too long in any pass.
  let slow: Map<string, number> | undefined;
  let sample: KeyspaceSample | null = null;
  for (let pass = 0; pass < passes && slow?.size !== 0; pass += 1) {
    await redis.config("SET", "slowlog-log-slower-than", String(limitMicros));
    await redis.call("SLOWLOG", "RESET");
    sample = null;
    while (!sample) sample = await walk.step(80);
    await redis.info();
    await latency.read();
    await slowLog.read();
    // The hash itself, wherever the cursor went.
    await redis.memory("USAGE", "catalogue", "SAMPLES", 5);
    const logged = (await slowLog.read()).entries.map(
      ({ command, tookMs }) => [command.split(" ")[0] ?? "", tookMs] as const,
    );
    const before = slow;
    slow = new Map(logged.filter(([name]) => !before || before.has(name)));
  }
  redis.disconnect();
  return { slow: [...(slow ?? [])], sample };
}
