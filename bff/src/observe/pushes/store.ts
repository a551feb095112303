import type { Redis } from "ioredis";
import { z } from "zod";
import { loadLua, runLua } from "#lib/redis/lua.ts";
import { memberOf, type Pusher, pushersKey, pushersOfKey, seriesKeyPrefix } from "./keys.ts";

const script = loadLua(new URL("./keep-series.lua", import.meta.url));
/** A few milliseconds of server time. */
const seriesPerCall = 500;
const lateMs = 10 * 60_000;

export const pushLimits = { lifeMs: 3_600_000, instances: 2_000, series: 5_000 } as const;

/** One value of one series, named as Prometheus writes it. */
export type PushedSeries = {
  name: string;
  labels: ReadonlyMap<string, string>;
  value: number;
  /** The value is what was added since the one before; otherwise it replaces it. */
  isDelta: boolean;
  /** By the sender's clock. */
  timeMs: number;
  /** How long the value took to gather; null when only the next one tells. */
  intervalMs: number | null;
};
export type PushToKeep = { pusher: Pusher; series: readonly PushedSeries[] };

const reply = z.tuple([z.number(), z.number(), z.array(z.number())]);

type Chunk = { pusher: Pusher; series: readonly PushedSeries[] }[];

/** At most 500 series each; an instance without series stays, so that it counts as heard. */
function chunksOf(pushes: readonly PushToKeep[]): Chunk[] {
  const chunks: Chunk[] = [];
  let room = 0;
  for (const { pusher, series } of pushes)
    for (let from = 0; from === 0 || from < series.length; from += seriesPerCall) {
      const some = series.slice(from, from + seriesPerCall);
      // An instance costs about as much as a series.
      const cost = some.length + 1;
      if (cost > room) {
        chunks.push([]);
        room = seriesPerCall + 1;
      }
      chunks.at(-1)?.push({ pusher, series: some });
      room -= cost;
    }
  return chunks;
}

const fieldOf = ({ name, labels }: PushedSeries) => JSON.stringify([name, ...[...labels].sort().flat()]);

/** Keeps what instances push, by organization, service and instance, in Wheelhouse's own Redis. */
export function createPushStore({ redis }: { redis: Redis }) {
  return {
    /**
     * Keeps the series of one organization's instances. A value that was kept before is not added again.
     * @returns how many series were older than the kept ones, how many exceeded a limit, and how many are kept of
     * these instances.
     * @throws while Redis is unavailable.
     */
    async keep(
      organization: string,
      pushes: readonly PushToKeep[],
    ): Promise<{ late: number; over: number; kept: number }> {
      const { lifeMs, instances, series: mostSeries } = pushLimits;
      const answers = await Promise.all(
        chunksOf(pushes).map(async (chunk) =>
          reply.parse(
            await runLua(redis, script, {
              keys: [
                pushersKey,
                pushersOfKey(organization),
                ...chunk.map(({ pusher }) => `${seriesKeyPrefix}${memberOf(pusher)}`),
              ],
              args: [
                lifeMs,
                instances,
                mostSeries,
                lateMs,
                ...chunk.flatMap(({ pusher, series }) => [
                  memberOf(pusher),
                  series.length,
                  ...series.flatMap((each) => [
                    fieldOf(each),
                    each.isDelta ? "add" : "set",
                    Math.round(each.timeMs),
                    Math.round(each.intervalMs ?? 0),
                    String(each.value),
                  ]),
                ]),
              ],
            }),
          ),
        ),
      );
      const sum = (of: (answer: z.output<typeof reply>) => number) =>
        answers.reduce((total, answer) => total + of(answer), 0);
      return {
        late: sum(([late]) => late),
        over: sum(([, over]) => over),
        kept: sum(([, , kept]) => kept.reduce((total, count) => total + count, 0)),
      };
    },
  };
}
export type PushStore = ReturnType<typeof createPushStore>;
