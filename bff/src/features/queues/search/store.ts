import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { IndexEntry } from "./entries.ts";

const entriesPerCall = 500;
const dayMs = 86_400_000;
const daysAhead = 2;

/** States in which a job has not ended for good, and may have left Redis without an event. */
export const openStates = [
  "waiting",
  "prioritized",
  "delayed",
  "active",
  "waiting-children",
  "failed",
] as const;

const filling = z.object({ step: z.string(), score: z.string().nullable(), offset: z.number() });
/** Where a back-fill stands. */
export type Filling = z.infer<typeof filling>;

export type StoredQueue = {
  id: number;
  organizationId: string;
  queue: string;
  source: string;
  cursor: string;
  filling: Filling | null;
  names: readonly string[];
};

const storedQueue = z.object({
  id: z.number(),
  org_id: z.string(),
  queue: z.string(),
  source: z.string(),
  cursor: z.string(),
  filling: filling.nullable(),
  names: z.array(z.string()),
});

/** What changed at a queue with a batch of jobs. */
export type QueueProgress = {
  id: number;
  cursor?: string;
  /** Events were trimmed before they were read. */
  hasGap?: boolean;
  filling?: Filling | null;
  filledJobs?: number;
  skipped?: number;
};

export type Known = { queue: number; jobId: string; addedMs: number; name: string; state: string };
const known = z.object({
  queue: z.number(),
  job_id: z.string(),
  added_at: z.date(),
  name: z.string(),
  state: z.string(),
});
const openRow = z.object({
  job_id: z.string(),
  added_at: z.date(),
  no: z.coerce.string(),
  name: z.string(),
});
const tally = z.object({ queue: z.number(), state: z.string(), jobs: z.number() });
const rule = z.object({
  org_id: z.string(),
  queue: z.string().nullable(),
  path: z.string(),
  what: z.enum(["out", "hash"]),
});

const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** The index in Postgres, as its writer uses it. All of it as the system role; writes take the lease's transaction. */
export function createIndexStore(database: Database) {
  const system = database.system;
  return {
    /** Creates the missing days that may hold jobs. */
    makeDays: (nowMs: number, keptDays: number) =>
      sql`select wheelhouse.make_indexed_days(${isoDay(nowMs - keptDays * dayMs)}::date,
        ${isoDay(nowMs + daysAhead * dayMs)}::date)`.execute(system),
    /** Drops one day that is older than is kept; null when there is none. */
    async expireDay(nowMs: number, keptDays: number): Promise<string | null> {
      const { rows } = await sql<{ day: string | null }>`
        select to_char(wheelhouse.expire_indexed_day(${isoDay(nowMs - keptDays * dayMs)}::date), 'YYYY-MM-DD') as day
      `.execute(system);
      return rows[0]?.day ?? null;
    },
    /** The queues of a source that the index follows already. */
    async queuesOf(source: string): Promise<StoredQueue[]> {
      const { rows } = await sql`
        select q.id, q.org_id, q.queue, q.source, q.cursor, q.filling,
          array(select distinct t.name from indexed_job_tallies t
            where t.org_id = q.org_id and t.queue = q.id and t.name <> '') as names
        from indexed_queues q where q.source = ${source}
      `.execute(system);
      return rows.map((row) => {
        const { org_id, ...read } = storedQueue.parse(row);
        return { organizationId: org_id, ...read };
      });
    },
    /** Begins to follow a queue, from an event on. */
    async addQueues(
      tx: Transaction<Tables>,
      queues: readonly {
        organizationId: string;
        queue: string;
        source: string;
        name: string;
        cursor: string;
      }[],
    ) {
      if (queues.length === 0) return;
      const start: Filling = { step: "", score: null, offset: 0 };
      await tx
        .insertInto("indexed_queues")
        .values(
          queues.map(({ organizationId, queue, source, name, cursor }) => ({
            org_id: organizationId,
            queue,
            source,
            name,
            cursor,
            filling: JSON.stringify(start),
          })),
        )
        .onConflict((conflict) => conflict.columns(["org_id", "queue"]).doNothing())
        .execute();
    },
    /** Writes what is known now of these jobs, each at most once. @returns how many rows have changed. */
    async keep(tx: Transaction<Tables>, entries: readonly IndexEntry[]): Promise<number> {
      let changed = 0;
      for (let start = 0; start < entries.length; start += entriesPerCall) {
        const some = JSON.stringify(entries.slice(start, start + entriesPerCall));
        const { rows } = await sql<{ changed: number }>`
          select wheelhouse.keep_indexed_jobs(${some}::jsonb) as changed
        `.execute(tx);
        changed += rows[0]?.changed ?? 0;
      }
      return changed;
    },
    /** The newest jobs with these ids of their queues, as far as the index has them. */
    async newestOf(
      jobs: readonly { organizationId: string; queue: number; jobId: string }[],
    ): Promise<Known[]> {
      if (jobs.length === 0) return [];
      const { rows } = await sql`
        select j.queue, j.job_id, j.added_at, j.name, j.state
        from unnest(${jobs.map(({ organizationId }) => organizationId)}::uuid[], ${jobs.map(({ queue }) => queue)}::int[],
          ${jobs.map(({ jobId }) => jobId)}::text[]) as w (org_id, queue, job_id)
        cross join lateral (
          select * from indexed_jobs i where i.org_id = w.org_id and i.job_id = w.job_id and i.queue = w.queue
          order by i.added_at desc limit 1) j
      `.execute(system);
      return rows.map((row) => {
        const { queue, job_id, added_at, name, state } = known.parse(row);
        return { queue, jobId: job_id, addedMs: added_at.getTime(), name, state };
      });
    },
    /** Jobs of a queue in one state, newest first, after the place. */
    async openJobs(queue: number, state: string, after: { at: string; no: string } | null, limit: number) {
      const { rows } = await sql`
        select j.job_id, j.added_at, j.no, j.name from indexed_jobs j
        where j.queue = ${queue} and j.state = ${state}
          and (j.added_at, j.no) < (${after?.at ?? "infinity"}::timestamptz, ${after?.no ?? "9223372036854775807"}::bigint)
        order by j.added_at desc, j.no desc limit ${limit}
      `.execute(system);
      return rows.map((row) => {
        const { job_id, added_at, no, name } = openRow.parse(row);
        return { jobId: job_id, addedMs: added_at.getTime(), at: added_at.toISOString(), no, name };
      });
    },
    /** How many jobs the index has of these queues in each state. */
    async countsOf(queues: readonly number[]): Promise<{ queue: number; state: string; jobs: number }[]> {
      const { rows } = await sql`
        select t.queue, t.state, sum(t.jobs)::int as jobs from indexed_job_tallies t
        where t.queue = any (${[...queues]}::int[]) group by t.queue, t.state
      `.execute(system);
      return rows.map((row) => tally.parse(row));
    },
    async progress(tx: Transaction<Tables>, queues: readonly QueueProgress[]) {
      for (const { id, cursor, hasGap, filling: place, filledJobs, skipped } of queues)
        await sql`
          update indexed_queues set
            cursor = coalesce(${cursor ?? null}, cursor),
            gaps = gaps + ${hasGap ? 1 : 0},
            gap_at = case when ${hasGap ?? false} then now() else gap_at end,
            filling = case when ${place === undefined} then filling else ${place ? JSON.stringify(place) : null}::jsonb end,
            filled_at = case when ${place === null} then now() else filled_at end,
            filled_jobs = case when ${place?.step === ""} then 0 else filled_jobs end + ${filledJobs ?? 0},
            skipped = case when ${place?.step === ""} then 0 else skipped end + ${skipped ?? 0}
          where id = ${id}
        `.execute(tx);
    },
    /** Says how far a source was read. `readMs`: when its streams were last read to their ends; null to keep that. */
    async noteSource(
      tx: Transaction<Tables>,
      at: { organizationId: string; source: string; readMs: number | null; behindMs: number | null },
      failure: string | null,
    ) {
      await sql`
        insert into indexed_sources as s (org_id, source, read_at, behind_ms, failure, updated_at)
        values (${at.organizationId}, ${at.source}, ${at.readMs === null ? null : new Date(at.readMs)}, ${at.behindMs},
          ${failure}, now())
        on conflict (org_id, source) do update set read_at = coalesce(excluded.read_at, s.read_at),
          behind_ms = excluded.behind_ms, failure = excluded.failure, updated_at = now()
      `.execute(tx);
    },
    /** The rules of all organizations for fields of data. */
    async rules() {
      const { rows } = await sql`select org_id, queue, path, what from index_field_rules`.execute(system);
      return rows.map((row) => {
        const { org_id, queue, path, what } = rule.parse(row);
        return { organizationId: org_id, queue, path, what };
      });
    },
  };
}
export type IndexStore = ReturnType<typeof createIndexStore>;
