/** When Wheelhouse runs something itself, once per cluster. */
export type OwnScheduleDeclaration = {
  /** Stored with each run, so never renamed. */
  name: string;
  /** Cron pattern in UTC; null if it follows another schedule. */
  pattern: string | null;
  /** The schedule after whose completed run it runs. */
  after: string | null;
  /** A run is aborted after this time. */
  timeoutMs: number;
};

const minuteMs = 60_000;

/** Wheelhouse's own schedules, in UTC. */
export const ownSchedules = {
  housekeeping: { name: "housekeeping", pattern: "20 * * * *", after: null, timeoutMs: 55 * minuteMs },
  "daily-aggregation": {
    name: "daily-aggregation",
    pattern: "0 1 * * *",
    after: null,
    timeoutMs: 60 * minuteMs,
  },
  reports: { name: "reports", pattern: null, after: "daily-aggregation", timeoutMs: 30 * minuteMs },
  "cache-warming": { name: "cache-warming", pattern: "*/30 * * * *", after: null, timeoutMs: 10 * minuteMs },
  "cache-statistics": {
    name: "cache-statistics",
    pattern: "0 * * * *",
    after: null,
    timeoutMs: 10 * minuteMs,
  },
  "cache-clean-up": { name: "cache-clean-up", pattern: "0 */6 * * *", after: null, timeoutMs: 60 * minuteMs },
  "database-statistics": {
    name: "database-statistics",
    pattern: "0 3 * * 0",
    after: null,
    timeoutMs: 30 * minuteMs,
  },
  retention: { name: "retention", pattern: "0 4 * * *", after: null, timeoutMs: 180 * minuteMs },
} as const satisfies Record<string, OwnScheduleDeclaration>;

export type OwnScheduleName = keyof typeof ownSchedules;
export const ownScheduleList: readonly OwnScheduleDeclaration[] = Object.values(ownSchedules);

/** Where the schedules are listed: their id in lists and stored runs. */
export const ownScheduleId = (name: string) => `own~${name}`;
