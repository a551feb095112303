import type { Pushed } from "#observe/pushes/pushes.ts";
import type { BreakersSource } from "./board.ts";
import { breakersOf, createFollower, type Follower, readingsOf } from "./readers/readers.ts";
import type { BreakerReading } from "./reading.ts";

const sourcePrefix = "pushed:";
const keyOf = ({ organization, service, instance }: Pushed) =>
  JSON.stringify([organization, service, instance]);

/** Breakers that instances push over OpenTelemetry, read like a scrape of each instance. */
export function createPushedBreakers({ pushed }: { pushed(): readonly Pushed[] }): BreakersSource {
  const followers = new Map<string, Follower>();
  const made = new Map<string, { of: Pushed; readings: BreakerReading[] }>();

  const readingsFor = (key: string, of: Pushed): BreakerReading[] => {
    const known = made.get(key);
    if (known?.of === of) return known.readings;
    const follower = followers.get(key) ?? createFollower();
    followers.set(key, follower);
    const { organization, service, instance, heardAtMs: observedAtMs, intervalMs } = of;
    const place = { organization, service, instance, source: `${sourcePrefix}${key}`, rank: 2 as const };
    const readings = readingsOf(follower.followAll(breakersOf(of.samples), observedAtMs), {
      place,
      observedAtMs,
      intervalMs,
    });
    made.set(key, { of, readings });
    return readings;
  };

  return {
    read() {
      const byKey = new Map(pushed().map((each) => [keyOf(each), each]));
      for (const key of made.keys())
        if (!byKey.has(key)) {
          made.delete(key);
          followers.delete(key);
        }
      return [...byKey].flatMap(([key, each]) => readingsFor(key, each));
    },
    // An instance that stopped pushing is unknown before it is removed.
    isWatched: (source) => source.startsWith(sourcePrefix),
    rest() {
      followers.clear();
      made.clear();
    },
  };
}
