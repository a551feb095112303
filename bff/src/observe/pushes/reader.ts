import { unknownAfterMs } from "@wheelhouse/shared/freshness.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Sample } from "#lib/metric-sample.ts";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";
import type { Clock } from "#lib/time/clock.ts";
import { createProbe } from "#observe/targets/targets.ts";
import { memberOf, type Pusher, pusherOf, pushersKey, seriesKeyPrefix } from "./keys.ts";

const script = loadLua(new URL("./read-series.lua", import.meta.url));
const instancesPerCall = 100;
const seriesPerCall = 5_000;
const callsPerTick = 10;

/** Before a second value shows the interval: what most exporters use. */
const usualIntervalMs = 60_000;
const shortestIntervalMs = 1_000;
const longestIntervalMs = 600_000;
/** A series that its instance left out this often is gone; one that counts additions is left out while idle. */
const missedIntervals = 2;
/** An instance that stopped pushing is unknown this long, then left out. */
const leftOutAfterMs = 15 * 60_000;

const reply = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.array(z.union([z.string(), z.number(), z.array(z.string())])),
]);
const row = z.tuple([z.string(), z.number(), z.array(z.string())]);
const series = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.array(z.string()).min(1));
const kept = /^(add|set) (\d+) (\d+) (\d+) (\S+)$/;

/** What one instance pushed, like one scrape of it. Made once for each push and never changed. */
export type Pushed = Pusher & {
  samples: readonly Sample[];
  /** When it pushed last, by our clock. */
  heardAtMs: number;
  intervalMs: number;
};

type Value = { sample: Sample; isDelta: boolean; receivedMs: number; intervalMs: number };

function keptValue(field: string, text: string): Value | null {
  const [, mode, , receivedMs, intervalMs, value] = kept.exec(text) ?? [];
  const [name, ...pairs] = series.safeParse(field).data ?? [];
  if (name === undefined || mode === undefined) return null;
  const labels = new Map<string, string>();
  for (let at = 0; at + 1 < pairs.length; at += 2) labels.set(pairs[at] ?? "", pairs[at + 1] ?? "");
  const known = Number(intervalMs);
  return {
    sample: { name, labels, value: Number(value) },
    isDelta: mode === "add",
    receivedMs: Number(receivedMs),
    intervalMs: Math.min(
      longestIntervalMs,
      Math.max(shortestIntervalMs, known === 0 ? usualIntervalMs : known),
    ),
  };
}

function pushedOf(pusher: Pusher, cells: readonly string[], heardMs: number, heardAtMs: number): Pushed {
  const values = Array.from({ length: cells.length / 2 }, (_, at) =>
    keptValue(cells[2 * at] ?? "", cells[2 * at + 1] ?? ""),
  ).filter((value) => value !== null);
  const current = values.filter(
    ({ isDelta, receivedMs, intervalMs }) => isDelta || heardMs - receivedMs < missedIntervals * intervalMs,
  );
  const { organization, service, instance } = pusher;
  return {
    organization,
    service,
    instance,
    samples: current.map(({ sample }) => sample),
    heardAtMs,
    intervalMs: current.reduce((longest, value) => Math.max(longest, value.intervalMs), shortestIntervalMs),
  };
}

/** Reads what instances pushed since the last read, with one command, whatever their number. */
export function createPushReader({ redis, clock, everyMs }: { redis: Redis; clock: Clock; everyMs: number }) {
  const read = createReadOnlyLua(redis, script);
  const known = new Map<string, Pushed>();
  let cursor = 0;

  const sample = async () => {
    for (let calls = 0; calls < callsPerTick; calls += 1) {
      const args = [cursor, instancesPerCall, seriesPerCall, seriesKeyPrefix];
      const [answer] = await read([{ keys: [pushersKey], args }]);
      const [serverMs, last, more, cells] = reply.parse(answer);
      const nowMs = clock.now();
      cursor = last;
      for (let at = 0; at < cells.length; at += 3) {
        const [member, heardMs, content] = row.parse(cells.slice(at, at + 3));
        const pusher = pusherOf(member);
        const heardAtMs = nowMs - Math.max(0, serverMs - heardMs);
        if (pusher) known.set(memberOf(pusher), pushedOf(pusher, content, heardMs, heardAtMs));
      }
      if (more === 0) break;
    }
    const nowMs = clock.now();
    for (const [member, { heardAtMs, intervalMs }] of known)
      if (nowMs - heardAtMs > Math.max(leftOutAfterMs, unknownAfterMs(intervalMs))) known.delete(member);
  };
  const probe = createProbe(sample, { clock, everyMs });

  return {
    /** Reads if a read is due; never rejects. */
    poke: probe.poke,
    /** What was read last; while Redis is away it grows older. */
    pushed: (): Pushed[] => [...known.values()],
  };
}
