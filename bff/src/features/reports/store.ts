import type { DatabaseReport, FiguresReport } from "@wheelhouse/shared/reports.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { platformOrganization } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";

const dayMs = 86_400_000;
/** Days that are counted again, because their deliveries still change. */
const recountedDays = 3;
const daysMax = 92;
const keptDays = 400;
const periodsShown = 14;
const keptReports = 60;
const cachesKeptDays = 30;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

export type CacheSample = {
  organizationId: string;
  service: string;
  cache: string;
  hits: number;
  misses: number;
  entries: number | null;
  sizeBytes: number | null;
};

type DayRow = {
  day: string;
  deliveries: number;
  completed: number;
  dead_letters: number;
  attempts: number;
  audit_events: number;
  audit_refused: number;
  audit_actors: number;
  made_at: Date;
};

async function daysOf(tx: Transaction<Tables>, organizationId: string, days: number): Promise<DayRow[]> {
  const { rows } = await sql<DayRow>`select *, to_char(day, 'YYYY-MM-DD') as day from daily_figures
    where org_id = ${organizationId} and day >= (now() at time zone 'UTC')::date - ${days}::int
    order by daily_figures.day`.execute(tx);
  return rows;
}

const shownDay = (row: DayRow): FiguresReport["days"][number] => ({
  day: row.day,
  deliveries: row.deliveries,
  completed: row.completed,
  deadLetters: row.dead_letters,
  attempts: row.attempts,
  auditEvents: row.audit_events,
  auditRefused: row.audit_refused,
  auditActors: row.audit_actors,
});

/** The newest weeks and months, newest first. */
async function periodsOf(tx: Transaction<Tables>, organizationId: string): Promise<FiguresReport["periods"]> {
  const rows = await tx
    .selectFrom("period_figures")
    .selectAll()
    .select(sql<string>`to_char(starts_on, 'YYYY-MM-DD')`.as("first_day"))
    .where("org_id", "=", organizationId)
    .orderBy("starts_on", "desc")
    .limit(periodsShown)
    .execute();
  return rows.map((row) => ({
    period: row.period,
    startsOn: row.first_day,
    days: row.days,
    deliveries: row.deliveries,
    completed: row.completed,
    deadLetters: row.dead_letters,
    attempts: row.attempts,
    auditEvents: row.audit_events,
    auditRefused: row.audit_refused,
  }));
}

/** The newest sample of each cache, with its hit ratio over the last day. */
async function cachesOf(tx: Transaction<Tables>, organizationId: string): Promise<FiguresReport["caches"]> {
  const { rows } = await sql<{
    service: string;
    cache: string;
    at: Date;
    hits: number;
    misses: number;
    entries: number | null;
    size_bytes: number | null;
    day_hit_ratio: number | null;
  }>`
    select distinct on (service, cache) service, cache, at, hits, misses, entries, size_bytes,
      (sum(hits) over w / nullif(sum(hits + misses) over w, 0))::float8 as day_hit_ratio
    from cache_figures where org_id = ${organizationId} and at > now() - interval '24 hours'
    window w as (partition by service, cache)
    order by service, cache, at desc limit 500`.execute(tx);
  return rows.map((row) => ({
    service: row.service,
    cache: row.cache,
    at: row.at.toISOString(),
    hits: row.hits,
    misses: row.misses,
    entries: row.entries,
    sizeBytes: row.size_bytes,
    dayHitRatio: row.day_hit_ratio,
  }));
}

/** Figures of days and periods, in Postgres. */
export function createReportsStore(database: Database) {
  const { system } = database;
  return {
    organizations: () => system.selectFrom("organizations").select(["id", "slug", "created_at"]).execute(),

    /** The days up to yesterday that are to be counted: the last three, and those missing since it exists. */
    async daysToCount(organizationId: string, sinceMs: number, nowMs: number): Promise<string[]> {
      const all = Array.from({ length: daysMax }, (_, i) => dayOf(nowMs - (i + 1) * dayMs));
      const counted = await system
        .selectFrom("daily_figures")
        .select(sql<string>`to_char(day, 'YYYY-MM-DD')`.as("day"))
        .where("org_id", "=", organizationId)
        .where("day", ">=", sql<Date>`${all.at(-1)}::date`)
        .execute();
      const known = new Set(counted.map(({ day }) => day));
      return all
        .filter((day, i) => i < recountedDays || (day >= dayOf(sinceMs) && !known.has(day)))
        .reverse();
    },

    /** Counts one day of one organization; doing it again gives the same row. */
    async countDay(organizationId: string, day: string): Promise<void> {
      await sql`
        insert into daily_figures (org_id, day, deliveries, completed, dead_letters, attempts,
          audit_events, audit_refused, audit_actors, made_at)
        select ${organizationId}::uuid, ${day}::date, d.deliveries, d.completed, d.dead_letters, d.attempts,
          a.events, a.refused, a.actors, now()
        from (
          select count(*) as deliveries, count(*) filter (where status = 'completed') as completed,
            count(*) filter (where status = 'dead_letter') as dead_letters, coalesce(sum(attempts), 0) as attempts
          from webhook_delivery_log
          where org_id = ${organizationId}::uuid
            and created_at >= ${`${day}T00:00:00Z`}::timestamptz
            and created_at < ${`${day}T00:00:00Z`}::timestamptz + interval '24 hours'
        ) d, (
          select coalesce(sum(events), 0) as events,
            coalesce(sum(events) filter (where outcome <> 'success'), 0) as refused,
            count(distinct actor) as actors
          from audit_activity
          where org_id = ${organizationId}::uuid
            and hour >= ${`${day}T00:00:00Z`}::timestamptz
            and hour < ${`${day}T00:00:00Z`}::timestamptz + interval '24 hours'
        ) a
        on conflict (org_id, day) do update set deliveries = greatest(daily_figures.deliveries, excluded.deliveries),
          completed = greatest(daily_figures.completed, excluded.completed), dead_letters = excluded.dead_letters,
          attempts = greatest(daily_figures.attempts, excluded.attempts),
          audit_events = greatest(daily_figures.audit_events, excluded.audit_events),
          audit_refused = greatest(daily_figures.audit_refused, excluded.audit_refused),
          audit_actors = greatest(daily_figures.audit_actors, excluded.audit_actors), made_at = now()`.execute(
        system,
      );
    },

    /** Weeks and months of one organization from its days. */
    async refreshPeriods(organizationId: string): Promise<void> {
      await sql`
        insert into period_figures (org_id, period, starts_on, days, deliveries, completed, dead_letters, attempts,
          audit_events, audit_refused, made_at)
        select ${organizationId}::uuid, p.period, date_trunc(p.period, f.day::timestamp)::date, count(*),
          sum(f.deliveries), sum(f.completed), sum(f.dead_letters), sum(f.attempts), sum(f.audit_events),
          sum(f.audit_refused), now()
        from daily_figures f cross join (values ('week'), ('month')) p (period)
        where f.org_id = ${organizationId}::uuid
          and f.day >= date_trunc('month', now() - interval '100 days')::date
        group by p.period, date_trunc(p.period, f.day::timestamp)
        on conflict (org_id, period, starts_on) do update set days = excluded.days, deliveries = excluded.deliveries,
          completed = excluded.completed, dead_letters = excluded.dead_letters, attempts = excluded.attempts,
          audit_events = excluded.audit_events, audit_refused = excluded.audit_refused, made_at = now()
        where excluded.days >= period_figures.days`.execute(system);
    },

    /** When the periods of an organization were last made, in ms; 0 before the first time. */
    async countedAt(organizationId: string): Promise<number> {
      const row = await system
        .selectFrom("period_figures")
        .select(({ fn }) => fn.max("made_at").as("at"))
        .where("org_id", "=", organizationId)
        .executeTakeFirst();
      return row?.at?.getTime() ?? 0;
    },

    /** What people read, of one organization; through row-level security. */
    figures: (organizationId: string, days: number): Promise<FiguresReport> =>
      database.asOrganizations([organizationId], async (tx) => {
        const byDay = await daysOf(tx, organizationId, days);
        const periods = await periodsOf(tx, organizationId);
        const caches = await cachesOf(tx, organizationId);
        const newest = byDay.map(({ made_at }) => made_at.getTime());
        return {
          madeAt: newest.length === 0 ? null : new Date(Math.max(...newest)).toISOString(),
          days: byDay.map(shownDay),
          periods,
          caches,
        };
      }),

    async saveCaches(atMs: number, samples: readonly CacheSample[]): Promise<void> {
      if (samples.length === 0) return;
      await system
        .insertInto("cache_figures")
        .values(
          samples.map(({ organizationId, service, cache, hits, misses, entries, sizeBytes }) => ({
            org_id: organizationId,
            at: new Date(atMs),
            service,
            cache,
            hits,
            misses,
            entries,
            size_bytes: sizeBytes,
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async saveDatabaseReport(report: DatabaseReport): Promise<void> {
      await system
        .insertInto("database_reports")
        .values({ org_id: platformOrganization.id, content: JSON.stringify(report) })
        .execute();
    },

    /** The newest two, newest first. */
    databaseReports: (organizationId: string): Promise<{ made_at: Date; content: unknown }[]> =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("database_reports")
          .select(["made_at", "content"])
          .where("org_id", "=", organizationId)
          .orderBy("made_at", "desc")
          .limit(2)
          .execute(),
      ),

    async forget(): Promise<void> {
      await sql`delete from daily_figures where day < now() - ${keptDays} * interval '1 day'`.execute(system);
      await sql`delete from cache_figures where at < now() - ${cachesKeptDays} * interval '1 day'`.execute(
        system,
      );
      await sql`delete from database_reports where made_at < (
        select min(made_at) from (select made_at from database_reports order by made_at desc limit ${keptReports}) kept
      )`.execute(system);
    },
  };
}
