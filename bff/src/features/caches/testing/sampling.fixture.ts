import { pino } from "pino";
import { z } from "zod";
import { createRedis } from "#lib/redis/redis.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createKeyspaceWalk } from "../redis/keyspace.ts";
import { createLatencyReader } from "../redis/latency.ts";
import type { KeyspaceSample } from "../redis/prefixes.ts";
import { createSlowLogReader } from "../redis/slow-log.ts";
import { countKeys, removeSome } from "../removals/keys.ts";

const limitMicros = 5_000;
/** Reported as well, so that a run shows the distance to the limit. */
const noticedMicros = 200;
const noticedMax = 20_000;
/**
 * A process that is not scheduled looks slow for one command in one pass; a slow command is slow in every
 * pass.
 */
const passes = 5;

const logged = z.tuple([z.number(), z.number(), z.number(), z.array(z.string())]).rest(z.unknown());

const fill = `
  for at = ARGV[1], ARGV[2] do
    redis.call('SET', 'order:' .. at .. ':lines', 'x', 'PX', at % 2 == 0 and 3000000 or 5000000)
  end`;
const fillHash = "for at = ARGV[1], ARGV[2] do redis.call('HSET', KEYS[1], 'field-' .. at, at) end";

/**
 * Fills a Redis server with `keys` keys and a hash of `fields` fields, samples it like the collector, and
 * reads from the slow log which sampler commands took over 5 ms and which took longest. Key removal by an
 * operator is measured as well.
 */
export async function sampleOnce(deps: { url: string; keys: number; fields: number; keysPerPass: number }) {
  const { url, keys, fields, keysPerPass } = deps;
  const redis = createRedis({
    url,
    name: "test-sampling",
    log: pino({ level: "silent" }),
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
  const range = { by: "prefix", prefix: "order:9", value: "" } as const;
  // Minimum over all passes, per command.
  let slow: Map<string, number> | undefined;
  /** Of the quietest pass. */
  let worst: readonly [string, number] | undefined;
  let sample: KeyspaceSample | null = null;
  for (let pass = 0; pass < passes && slow?.size !== 0; pass += 1) {
    await redis.config("SET", "slowlog-log-slower-than", String(noticedMicros));
    await redis.config("SET", "slowlog-max-len", String(noticedMax));
    // Resetting a long log takes time and is itself logged.
    for (let time = 0; time < 2; time += 1) await redis.call("SLOWLOG", "RESET");
    let whole: KeyspaceSample | null = null;
    while (!whole) whole = await walk.step(80);
    sample ??= whole;
    await redis.info();
    await latency.read();
    await slowLog.read();
    // The hash itself, wherever the cursor went.
    await redis.memory("USAGE", "catalogue", "SAMPLES", 5);
    // The commands of a removal; the first pass removes the keys for good.
    await countKeys(redis, range, 1_000);
    for (let place: string | null = "0"; place !== null; )
      ({ place } = await removeSome(redis, range, place));
    const entries = z.array(logged).parse(await redis.call("SLOWLOG", "GET", noticedMax));
    const taken = entries.map(
      ([, , micros, words]) => [words[0]?.toUpperCase() ?? "", micros / 1_000] as const,
    );
    const longest = taken.reduce((most, each) => (each[1] > most[1] ? each : most), [
      "none noticed",
      0,
    ] as const);
    if (worst === undefined || longest[1] < worst[1]) worst = longest;
    const tooLong = taken.filter(([, tookMs]) => tookMs * 1_000 > limitMicros);
    const before = slow;
    slow = new Map(tooLong.filter(([name]) => !before || before.has(name)));
  }
  const means = await redis.info("commandstats");
  redis.disconnect();
  const scanMeanMicros = Number(/cmdstat_scan:.*usec_per_call=([\d.]+)/.exec(means)?.[1]);
  return { scanMeanMicros, slow: [...(slow ?? [])], worst, sample };
}
