import { isStale } from "@wheelhouse/shared/freshness.ts";
import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import type { Figures, FiguresSeen, Owned } from "./aspect.ts";

/** Figures by name, and how each is read of a row. A new one is one line; what was stored before has no value of it. */
export type Metrics<Row> = readonly (readonly [
  name: string,
  read: (row: Row) => number | null | undefined,
])[];

/** 1 while it works, 0 while it is down; the mean over a time is the uptime. Null while nobody knows. */
export const upOf = (state: HealthState) => (state === "unknown" ? null : state === "down" ? 0 : 1);

/** Whether a row was heard lately, so that its figures are those of now. */
export const isHeard = (row: { observedAt: string | null; intervalMs: number }, { atMs }: FiguresSeen) =>
  row.observedAt !== null && !isStale(row.observedAt, row.intervalMs, atMs);

/** Reads the figures that the history keeps of one kind of thing. */
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
    /** Of rows of organizations that are known; what is not known now has no values. */
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
