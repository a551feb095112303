import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { Figures, FiguresSeen, Owned } from "./aspect.ts";

/** Figures by name, and how to read each from a row. A new figure is one line; older data has no value for it. */
export type Metrics<Row> = readonly (readonly [
  name: string,
  read: (row: Row) => number | null | undefined,
])[];

/** 1 while it is up, 0 while it is down, null while unknown; the mean over a period is the uptime. */
export const upOf = (state: HealthState) => (state === "unknown" ? null : state === "down" ? 0 : 1);

/** Whether the row has recent data, so that its figures are current. */
export const isHeard = (row: { observedAt: string | null; intervalMs: number }, { atMs }: FiguresSeen) =>
  row.observedAt !== null && !isStale(row.observedAt, row.intervalMs, atMs);

/** Reads the figures that the history stores for one kind of thing. */
export function defineFigures<Row>(kind: HistoryKind, metrics: Metrics<Row>) {
  const names = metrics.map(([name]) => name);
  const one = (row: Row, of: { organizationId: string; entity: string; isKnown: boolean }): Figures => ({
    organizationId: of.organizationId,
    kind,
    entity: of.entity,
    metrics: names,
    values: metrics.map(([, read]) => {
      const value = of.isKnown ? read(row) : null;
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    }),
  });
  return {
    one,
    /** Only for rows of known organizations; a figure that is unknown now has no value. */
    all(
      rows: readonly (Row & Owned)[],
      seen: FiguresSeen,
      isKnown: (row: Row & Owned, seen: FiguresSeen) => boolean,
    ): Figures[] {
      return rows.flatMap((row) => {
        const organizationId = seen.organizationIdOf(row.organization);
        return organizationId === undefined
          ? []
          : one(row, { organizationId, entity: row.id, isKnown: isKnown(row, seen) });
      });
    },
  };
}
