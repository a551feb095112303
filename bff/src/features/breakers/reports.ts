import type { Report } from "@wheelhouse/shared/reporter/report.ts";
import type { BreakersSource } from "./board.ts";
import type { BreakerReading } from "./reading.ts";

const isoOf = (at: string) => new Date(at).toISOString();
const msOf = (at: string | null) => (at === null ? null : Date.parse(at));

export type ReportedBreakersDeps = {
  /** By id of the Redis server; an unchanged report is the same object. */
  reports(): ReadonlyMap<string, readonly Report[]>;
  /** Slug; null when the Redis server is no longer watched. */
  organizationOf(sourceId: string, service?: string): string | null;
};

/**
 * Breakers that processes report, read from each watched Redis server. A report belongs to the organization
 * that owns that server.
 */
export function createReportedBreakers(deps: ReportedBreakersDeps): BreakersSource {
  let made = new WeakMap<Report, { organization: string; readings: BreakerReading[] }>();

  const readingsOf = (
    report: Report,
    organization: string,
    source: string,
    nowMs: number,
  ): BreakerReading[] => {
    const known = made.get(report);
    if (known?.organization === organization) return known.readings;
    const readings = report.breakers.map(
      ({
        name,
        library,
        state,
        since,
        nextProbeAt,
        threshold,
        coolDownMs,
        commands,
        transitions,
        ...figures
      }) => ({
        organization,
        service: report.service,
        instance: report.instance,
        name,
        key: name,
        source,
        rank: 3 as const,
        library,
        kind: "failure" as const,
        state,
        note: null,
        sinceMs: msOf(since),
        nextProbeAtMs: msOf(nextProbeAt),
        moves: transitions.map((move) => ({ at: isoOf(move.at), state: move.state, failureRatio: null })),
        figures,
        threshold,
        coolDownMs,
        commands,
        // A clock that runs ahead would make a dead process look alive.
        observedAtMs: Math.min(Date.parse(report.reportedAt), nowMs),
        intervalMs: report.intervalMs,
      }),
    );
    made.set(report, { organization, readings });
    return readings;
  };

  return {
    read: ({ nowMs }) =>
      [...deps.reports()].flatMap(([sourceId, reports]) => {
        return reports.flatMap((report) => {
          const organization = deps.organizationOf(sourceId, report.service);
          return organization === null ? [] : readingsOf(report, organization, `report:${sourceId}`, nowMs);
        });
      }),
    isWatched: (source) =>
      source.startsWith("report:") && deps.organizationOf(source.slice("report:".length)) !== null,
    rest() {
      made = new WeakMap();
    },
  };
}
