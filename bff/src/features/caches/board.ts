import { cacheTopic } from "@wheelhouse/shared/caches/caches.ts";
import type { Board, ObservedChange } from "#observe/aspect.ts";
import { isSilent, reportedId } from "#observe/reports/reports.ts";
import { type Steady, settle } from "#observe/tick/tick.ts";
import { type CountedCache, type HeardCache, rollUpCache } from "./rollup.ts";
import type { ObservedCache } from "./rows.ts";
import { judgeCache, lowRatio } from "./state.ts";

/** A cache that is no longer reported is shown this long. */
const keptForMs = 24 * 3_600_000;
const defaultIntervalMs = 1_000;

type Known = {
  id: string;
  organization: string;
  service: string;
  name: string;
  /** By instance; `cache` is null without current data. */
  instances: Map<string, { heardAtMs: number; cache: HeardCache | null }>;
  steady: Steady | undefined;
  row: ObservedCache | undefined;
};

const isoOf = (ms: number) => new Date(ms).toISOString();

/** The caches that one process reports. */
export type CachesReport = {
  service: string;
  instance: string;
  reportedAt: string;
  intervalMs: number;
  caches: readonly CountedCache[];
};

export type ReportedCaches = {
  reports(): ReadonlyMap<string, readonly CachesReport[]>;
  organizationOf(sourceId: string, service: string): string | undefined;
};

/**
 * Named caches from service reports, one row per cache over all instances. `reports`: contents of each
 * watched Redis server at the last read, where later entries take precedence; `organizationOf`: slug of the
 * organization that owns a service's reports there.
 */
export function createCachesBoard({ reports, organizationOf }: ReportedCaches): Board<ObservedCache> {
  let known = new Map<string, Known>();

  const hear = (nowMs: number) => {
    const heardNow = new Set<string>();
    for (const [sourceId, found] of reports()) {
      for (const report of found) {
        const organization = organizationOf(sourceId, report.service);
        if (organization === undefined) continue;
        for (const cache of report.caches) {
          const id = reportedId(report.service, cache.name);
          const key = `${organization} ${id}`;
          const of = known.get(key) ?? {
            id,
            organization,
            service: report.service,
            name: cache.name,
            instances: new Map(),
            steady: undefined,
            row: undefined,
          };
          known.set(key, of);
          heardNow.add(`${key} ${report.instance}`);
          const { instance, intervalMs } = report;
          const heardAtMs = Date.parse(report.reportedAt);
          of.instances.set(instance, {
            heardAtMs,
            cache: isSilent(report, nowMs) ? null : { instance, cache, intervalMs, heardAtMs },
          });
        }
      }
    }
    return heardNow;
  };

  /**
   * Instances that withdrew their report are removed; the last one is kept as missing, so that a cache never
   * silently disappears.
   */
  const forget = (nowMs: number, heardNow: ReadonlySet<string>) => {
    for (const [key, { instances }] of known) {
      const isHeard = (instance: string) => heardNow.has(`${key} ${instance}`);
      const someHeard = [...instances.keys()].some(isHeard);
      for (const [instance, entry] of instances)
        if (!isHeard(instance)) {
          if (someHeard) instances.delete(instance);
          else instances.set(instance, { ...entry, cache: null });
        }
      const lastMs = Math.max(...[...instances.values()].map(({ heardAtMs }) => heardAtMs));
      if (nowMs - lastMs > keptForMs) known.delete(key);
    }
  };

  return {
    adopt(rows) {
      known = new Map(
        rows.map((row) => [
          `${row.organization} ${row.id}`,
          {
            id: row.id,
            organization: row.organization,
            service: row.service,
            name: row.name,
            row,
            instances: new Map(
              row.instances.map(({ instance, observedAt }) => [
                instance,
                {
                  cache: null,
                  heardAtMs: Date.parse(observedAt ?? row.observedAt ?? row.since ?? isoOf(0)),
                },
              ]),
            ),
            steady: {
              state: row.state,
              label: row.label,
              cause: row.cause,
              pending: null,
              sinceMs: Date.parse(row.since ?? isoOf(0)),
            },
          },
        ]),
      );
    },
    observe({ nowMs }) {
      forget(nowMs, hear(nowMs));
      const changes: ObservedChange[] = [];
      const rows = [...known.values()].map((each) => {
        const { row, change } = observeCache(each, nowMs);
        if (change) {
          const { id, organization, name } = each;
          const turn = change.state === null ? "better" : "worse";
          changes.push({ organization, subject: name, subjectId: id, turn, change });
        }
        return row;
      });
      return { rows: rows.sort((a, b) => cacheTopic.order(a, b, nowMs)), changes };
    },
    rest() {},
  };
}

function observeCache(known: Known, nowMs: number) {
  const all = [...known.instances].map(([instance, entry]) => ({ instance, ...entry }));
  const heard = all.flatMap(({ cache }) => cache ?? []);
  const silent = all.filter(({ cache }) => cache === null);
  const before = known.row;
  const figures = heard.length > 0 || !before ? rollUpCache(heard) : lastKnown(before);
  const was = known.steady;
  const verdict = judgeCache({
    heard,
    silent,
    hitRatio: figures.hitRatio,
    threshold: figures.threshold,
    wasLow: was?.label === lowRatio,
  });
  const steady = settle(was, verdict, nowMs);
  known.steady = steady;
  const observedAt = all.length === 0 ? null : isoOf(Math.max(...all.map(({ heardAtMs }) => heardAtMs)));
  const row: ObservedCache = {
    id: known.id,
    name: known.name,
    service: known.service,
    organization: known.organization,
    state: steady.state,
    label: steady.label,
    cause: steady.cause,
    since: isoOf(steady.sinceMs),
    ...figures,
    instances: all
      .map(({ instance, heardAtMs }) => ({ instance, observedAt: isoOf(heardAtMs) }))
      .sort((a, b) => a.instance.localeCompare(b.instance)),
    observedAt,
    intervalMs:
      heard.length > 0
        ? Math.max(...heard.map(({ intervalMs }) => intervalMs))
        : (before?.intervalMs ?? defaultIntervalMs),
  };
  const same = before && JSON.stringify(before) === JSON.stringify(row) ? before : row;
  known.row = same;
  return { row: same, change: changeOf(known.name, was, steady, nowMs) };
}

/** A cache that is no longer reported keeps its size and shape, but not its rates. */
function lastKnown(row: ObservedCache): ReturnType<typeof rollUpCache> {
  const { hitRatio, threshold, sizeBytes, tags, invalidateBy, loadMsMean } = row;
  return {
    hitRatio,
    threshold,
    sizeBytes,
    tags,
    invalidateBy,
    loadMsMean,
    levels: row.levels.map((level) => ({ ...level, hitsPerMinute: null })),
    hitsPerMinute: null,
    missesPerMinute: null,
    setsPerMinute: null,
    evictedPerMinute: null,
    savedMsPerMinute: null,
    coalescedPerMinute: null,
    groups: [],
  };
}

function changeOf(name: string, was: Steady | undefined, now: Steady, nowMs: number) {
  if (!was || (was.state === now.state && was.label === now.label)) return undefined;
  const text =
    now.state === "ok"
      ? `Cache ${name} recovered`
      : now.label === lowRatio
        ? `Cache ${name}: hit ratio below threshold`
        : `Cache ${name} is ${now.state}`;
  const state = now.state === "down" || now.state === "degraded" ? now.state : null;
  return { at: isoOf(nowMs), text, by: now.cause ?? "", kind: "cache" as const, state };
}
