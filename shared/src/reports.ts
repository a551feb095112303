import { z } from "zod";
import { defineEndpoint, timestamp } from "./endpoint.ts";

const sums = {
  deliveries: z.number(),
  completed: z.number(),
  deadLetters: z.number(),
  attempts: z.number(),
  auditEvents: z.number(),
  auditRefused: z.number(),
};

/** Figures of one day in UTC; a day that is not listed has not been counted. */
export const dayFigures = z.object({ day: z.iso.date(), ...sums, auditActors: z.number() });
export const periodFigures = z.object({
  period: z.enum(["week", "month"]),
  startsOn: z.iso.date(),
  /** Days of it that are counted. */
  days: z.number(),
  ...sums,
});
export type PeriodFigures = z.infer<typeof periodFigures>;

const figuresReport = z.object({
  /** When the newest of it was counted; null before the first time. */
  madeAt: timestamp.nullable(),
  /** Oldest first, at most 92. */
  days: z.array(dayFigures),
  /** Newest first. */
  periods: z.array(periodFigures),
  /** Caches at the last full hour, by service. */
  caches: z.array(
    z.object({
      service: z.string(),
      cache: z.string(),
      at: timestamp,
      hits: z.number(),
      misses: z.number(),
      entries: z.number().nullable(),
      sizeBytes: z.number().nullable(),
      /** 0–1 over the samples of the last day; null without calls. */
      dayHitRatio: z.number().nullable(),
    }),
  ),
});
export type FiguresReport = z.infer<typeof figuresReport>;

export const readFigures = defineEndpoint({
  method: "GET",
  path: "/reports/figures",
  summary:
    "Deliveries and audit events by day, week and month, and caches by hour, as the nightly schedules counted them",
  access: "audit:read",
  query: z.strictObject({ days: z.coerce.number().int().min(1).max(92).default(28) }),
  response: figuresReport,
});

/** Statistics of Wheelhouse's own database. */
export const databaseReport = z.object({
  version: z.string(),
  sizeBytes: z.number(),
  /** The largest first, with indexes and partitions, at most 30. */
  tables: z.array(
    z.object({
      name: z.string(),
      sizeBytes: z.number(),
      rows: z.number(),
      deadRows: z.number(),
      partitions: z.number(),
      lastVacuumAt: timestamp.nullable(),
    }),
  ),
  /** Indexes that no statement has used since the statistics began, the largest first, at most 30. */
  unusedIndexes: z.array(z.object({ name: z.string(), table: z.string(), sizeBytes: z.number() })),
  /** Since when the server counts. */
  countedSince: timestamp.nullable(),
  /** The statements that took most time, at most 20; null without `pg_stat_statements`. */
  statements: z
    .array(z.object({ text: z.string(), calls: z.number(), totalMs: z.number(), meanMs: z.number() }))
    .nullable(),
});
export type DatabaseReport = z.infer<typeof databaseReport>;

export const readDatabaseReport = defineEndpoint({
  method: "GET",
  path: "/reports/database",
  summary: "The newest statistics of Wheelhouse's own database, and the one before; for the platform",
  access: "audit:read",
  response: z.object({
    reports: z.array(z.object({ madeAt: timestamp, report: databaseReport })).max(2),
  }),
});
