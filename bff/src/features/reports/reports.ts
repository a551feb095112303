import { databaseReport, readDatabaseReport, readFigures } from "@wheelhouse/shared/reports.ts";
import type { Core, Feature, OwnJob } from "#lib/feature.ts";
import { notFound } from "#lib/http/errors.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import { route } from "#lib/http/route.ts";
import type { NamedCache } from "#lib/redis/own-caches.ts";
import { cleanOwnCaches, type ReportedCaches, sampleCaches } from "./caches.ts";
import { readDatabaseStatistics, summaryOf } from "./database.ts";
import { createReportsStore } from "./store.ts";

const usualDays = 28;
const slotMs = 30 * 60_000;
const hourMs = 3_600_000;

/** Figures by day, week and month, and statistics of caches and the database: made by schedules, read by people. */
export function createReports(
  { database, redis, clock }: Pick<Core, "database" | "redis" | "clock">,
  { cache, reported }: { cache: NamedCache; reported: ReportedCaches },
) {
  const store = createReportsStore(database);

  /** Warmed every half hour for all, so that the page of the report waits for no query. */
  const figuresOf = async (organizationId: string, days: number) => {
    const slot = Math.floor(clock.now() / slotMs);
    // What was counted since is shown at once.
    const version = await store.countedAt(organizationId);
    const key = `${organizationId}:${days}:${slot}:${version}`;
    return cache({ key, tags: ["figures"], ttlMs: slotMs }, () => store.figures(organizationId, days));
  };

  async function eachOrganization(
    signal: AbortSignal,
    work: (id: string, createdMs: number) => Promise<unknown>,
  ) {
    const organizations = await store.organizations();
    for (const { id, created_at } of organizations) {
      signal.throwIfAborted();
      await work(id, created_at.getTime());
    }
    return organizations.length;
  }

  const jobs: OwnJob[] = [
    {
      name: "figures of days",
      on: "daily-aggregation",
      async run(signal) {
        let days = 0;
        const organizations = await eachOrganization(signal, async (id, createdMs) => {
          for (const day of await store.daysToCount(id, createdMs, clock.now())) {
            signal.throwIfAborted();
            await store.countDay(id, day);
            days += 1;
          }
        });
        return `${days} days of ${organizations} organizations`;
      },
    },
    {
      name: "figures of weeks and months",
      on: "reports",
      run: async (signal) => `${await eachOrganization(signal, store.refreshPeriods)} organizations`,
    },
    {
      name: "figures for pages",
      on: "cache-warming",
      run: async (signal) =>
        `${await eachOrganization(signal, (id) => figuresOf(id, usualDays))} organizations`,
    },
    {
      name: "figures of caches",
      on: "cache-statistics",
      async run() {
        const samples = await sampleCaches(reported, await store.organizations());
        await store.saveCaches(Math.floor(clock.now() / hourMs) * hourMs, samples);
        const hits = samples.reduce((sum, each) => sum + each.hits, 0);
        const calls = samples.reduce((sum, each) => sum + each.hits + each.misses, 0);
        const ratio = calls === 0 ? "no calls" : `hit ratio ${Math.round((hits / calls) * 100)}%`;
        return `${samples.length} caches, ${ratio}`;
      },
    },
    { name: "own caches", on: "cache-clean-up", run: (signal) => cleanOwnCaches(redis, signal) },
    {
      name: "statistics of the database",
      on: "database-statistics",
      async run() {
        const report = await readDatabaseStatistics(database);
        await store.saveDatabaseReport(report);
        return summaryOf(report);
      },
    },
    { name: "old reports", on: "retention", run: store.forget },
  ];

  return {
    jobs,
    routes(api) {
      route(api, readFigures, ({ query }, { organization }) => figuresOf(organization.id, query.days));
      route(api, readDatabaseReport, async (_input, { organization }) => {
        if (organization.id !== platformOrganization.id) throw notFound("report");
        const rows = await store.databaseReports(organization.id);
        return {
          reports: rows.map(({ made_at, content }) => ({
            madeAt: made_at.toISOString(),
            report: databaseReport.parse(content),
          })),
        };
      });
    },
  } satisfies Feature;
}
