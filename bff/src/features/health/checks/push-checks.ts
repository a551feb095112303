import { formatSetSpan } from "@wheelhouse/shared/span.ts";
import type { Clock } from "#lib/time/clock.ts";
import { timesAfter } from "#lib/time/cron.ts";
import type { WatchedService, WatchedSources } from "#observe/sources/sources.ts";
import type { Check } from "./check.ts";
import { checkKey } from "./check-key.ts";
import type { Heartbeat, Heartbeats } from "./heartbeats.ts";

type PushTarget = {
  key: string;
  serviceId: string;
  instanceId: string;
  intervalMs: number;
  deadlineMs: number;
  /** Of a job: when it runs, and how late its heartbeat may come. */
  schedule: WatchedService["schedule"];
};

const readEveryMs = 1_000;

/**
 * Services that report by themselves: a heartbeat is a check, and silence past the deadline (interval plus
 * timeout) is an outage. Before the first heartbeat the deadline starts when the service is first watched.
 * While heartbeats cannot be read, nothing is concluded and the known data ages.
 */
export function createPushChecks({ heartbeats, clock }: { heartbeats: Heartbeats; clock: Clock }) {
  let targets: PushTarget[] = [];
  const checks = new Map<string, Check>();
  const watchedSince = new Map<string, number>();
  let reading = false;
  let readAtMs = Number.NEGATIVE_INFINITY;

  const conclude = (target: PushTarget, beat: Heartbeat | null) => {
    const { key, serviceId, instanceId, intervalMs, deadlineMs, schedule } = target;
    const nowMs = clock.now();
    const sinceMs = beat?.atMs ?? watchedSince.get(key) ?? nowMs;
    const dueMs = schedule && (timesAfter(schedule, sinceMs, 1)[0] ?? Number.POSITIVE_INFINITY);
    const lateAtMs = schedule && dueMs !== undefined ? dueMs + schedule.graceMs : sinceMs + deadlineMs;
    const isLate = nowMs > lateAtMs;
    if (!isLate && beat === null) return;
    // A new result each interval, as if it had been checked.
    const atMs = isLate ? lateAtMs + Math.floor((nowMs - lateAtMs) / intervalMs) * intervalMs : sinceMs;
    const before = checks.get(key);
    if (before?.atMs === atMs) return;
    const heard = beat ? `since ${new Date(beat.atMs).toISOString().slice(0, 19)}Z` : "yet";
    const common = {
      serviceId,
      instanceId,
      atMs,
      certain: true,
      latencyMs: null,
      httpStatus: null,
      components: [],
      conditions: [],
      version: null,
      certificateExpiresAt: null,
    };
    checks.set(
      key,
      isLate
        ? {
            ...common,
            state: "down",
            connected: false,
            timedOut: true,
            cause:
              dueMs === undefined
                ? `No heartbeat ${heard}; expected every ${formatSetSpan(intervalMs)}`
                : `No heartbeat ${heard}; its run was due at ${new Date(dueMs).toISOString().slice(0, 16)}Z`,
          }
        : {
            ...common,
            state: beat?.state ?? "unknown",
            connected: true,
            timedOut: false,
            cause: beat === null || beat.state === "ok" ? null : (beat.message ?? `Reports ${beat.state}`),
          },
    );
  };

  return {
    setSources({ services }: WatchedSources) {
      targets = services
        .filter(({ format }) => format === "push")
        .flatMap(({ id, instances, intervalMs, timeoutMs, schedule }) =>
          instances.map((instance) => ({
            key: checkKey(id, instance.id),
            serviceId: id,
            instanceId: instance.id,
            intervalMs,
            deadlineMs: intervalMs + timeoutMs,
            schedule,
          })),
        );
      const wanted = new Set(targets.map(({ key }) => key));
      for (const key of [...checks.keys(), ...watchedSince.keys()])
        if (!wanted.has(key)) {
          checks.delete(key);
          watchedSince.delete(key);
        }
    },
    poke(nowMs: number) {
      for (const { key } of targets) if (!watchedSince.has(key)) watchedSince.set(key, nowMs);
      if (targets.length === 0 || reading || nowMs - readAtMs < readEveryMs) return;
      reading = true;
      readAtMs = nowMs;
      const asked = targets;
      heartbeats
        .read(asked.map(({ key }) => key))
        .then((beats) => {
          for (const [i, target] of asked.entries())
            if (targets === asked) conclude(target, beats[i] ?? null);
        })
        .catch(() => {})
        .finally(() => {
          reading = false;
        });
    },
    checks: (): ReadonlyMap<string, Check> => checks,
    rest() {
      checks.clear();
      watchedSince.clear();
    },
  };
}
