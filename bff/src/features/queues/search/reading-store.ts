import { foundState } from "@wheelhouse/shared/queues/find.ts";
import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

const timeoutMs = 5_000;

const tally = z.object({
  queue: z.number(),
  queue_id: z.string(),
  queue_name: z.string(),
  name: z.string(),
  state: foundState,
  jobs: z.number(),
});
/** How many jobs of a queue, by name (empty: one of very many) and state. */
export type Tally = z.infer<typeof tally>;

/** A filter as the functions of the database read it. */
export type SearchFilter = {
  organizations: readonly string[];
  ids?: readonly string[];
  queues?: readonly number[];
  names?: readonly string[];
  states?: readonly string[];
  causes?: readonly string[];
  probe: readonly string[];
  required: readonly string[];
  either: readonly (readonly string[])[];
  from?: string | undefined;
  to?: string | undefined;
};

const place = z.object({
  org_id: z.string(),
  job_id: z.string(),
  queue: z.number(),
  added_at: z.date(),
  no: z.coerce.string(),
  state: foundState,
});
export type FoundPlace = z.infer<typeof place>;

const shownJob = z.object({
  org_id: z.string(),
  job_id: z.string(),
  queue: z.string(),
  queue_name: z.string(),
  source: z.string(),
  added_at: z.date(),
  no: z.coerce.string(),
  name: z.string(),
  state: foundState,
  attempts: z.number(),
  attempts_most: z.number().nullable(),
  processed_at: z.date().nullable(),
  finished_at: z.date().nullable(),
  due_at: z.date().nullable(),
  worker: z.string().nullable(),
  error: z.string().nullable(),
  fields: z.enum(["whole", "cut", "none"]),
  shown: z.array(z.tuple([z.string(), z.string()])).nullable(),
});
export type ShownJob = z.infer<typeof shownJob>;

const causeRow = z.object({
  org_id: z.string(),
  id: z.coerce.string(),
  name: z.string(),
  message: z.string(),
  queue_id: z.string(),
  queue_name: z.string(),
  jobs: z.number(),
  first_at: z.date().nullable(),
  last_at: z.date().nullable(),
});
export type CauseRow = z.infer<typeof causeRow>;

const source = z.object({
  source: z.string(),
  read_at: z.date().nullable(),
  behind_ms: z.number().nullable(),
  failure: z.string().nullable(),
});
const followed = z.object({
  queue: z.string(),
  name: z.string(),
  gaps: z.number(),
  gap_at: z.date().nullable(),
  is_filling: z.boolean(),
  filled_jobs: z.number(),
  filled_at: z.date().nullable(),
  skipped: z.number(),
});
const rule = z.object({
  id: z.string(),
  queue: z.string().nullable(),
  path: z.string(),
  what: z.enum(["out", "hash"]),
});
const cutJob = z.object({ queue: z.string(), job_id: z.string(), data_bytes: z.number().nullable() });

/** Reads the index as the caller's organizations, with a 5 s statement time-out. */
export function createReadingStore(database: Database) {
  const read = <T>(organizationIds: readonly string[], work: (tx: Transaction<Tables>) => Promise<T>) =>
    database.asOrganizations(organizationIds, work, { statementTimeoutMs: timeoutMs });
  return {
    tallies: (organizationIds: readonly string[]): Promise<Tally[]> =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`
          select t.queue, q.queue as queue_id, q.name as queue_name, t.name, t.state, sum(t.jobs)::int as jobs
          from indexed_job_tallies t join indexed_queues q on q.id = t.queue
          group by t.queue, q.queue, q.name, t.name, t.state having sum(t.jobs) > 0
        `.execute(tx);
        return rows.map((row) => tally.parse(row));
      }),
    /** Matches newest first, after the place. */
    find: (
      filter: SearchFilter,
      after: { at: string; no: string } | undefined,
      most: number,
    ): Promise<FoundPlace[]> =>
      read(filter.organizations, async (tx) => {
        const { rows } = await sql`
          select * from wheelhouse.find_indexed_jobs(${JSON.stringify(filter)}::jsonb, ${after?.at ?? null}::timestamptz,
            ${after?.no ?? null}::bigint, ${most})
        `.execute(tx);
        return rows.map((row) => place.parse(row));
      }),
    show: (organizationIds: readonly string[], jobs: readonly FoundPlace[]): Promise<ShownJob[]> =>
      jobs.length === 0
        ? Promise.resolve([])
        : read(organizationIds, async (tx) => {
            const { rows } = await sql`
              select * from wheelhouse.show_indexed_jobs(${jobs.map(({ org_id }) => org_id)}::uuid[],
                ${jobs.map(({ job_id }) => job_id)}::text[], ${jobs.map(({ queue }) => queue)}::int[],
                ${jobs.map(({ added_at }) => added_at)}::timestamptz[])
            `.execute(tx);
            return rows.map((row) => shownJob.parse(row));
          }),
    /** Ids of causes whose message holds a text. */
    causesWith: (organizationIds: readonly string[], text: string, most: number): Promise<string[]> =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql<{ id: string | number }>`
          select id::text as id from wheelhouse.find_indexed_causes(${[...organizationIds]}::uuid[], ${text}, ${most})
        `.execute(tx);
        return rows.map(({ id }) => String(id));
      }),
    causes: (
      organizationIds: readonly string[],
      { queues, names }: { queues: readonly string[] | undefined; names: readonly string[] | undefined },
    ): Promise<CauseRow[]> =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`
          select t.org_id, t.cause::text as id, coalesce(c.name, t.name) as name, coalesce(c.message, 'No message') as message, q.queue as queue_id,
            q.name as queue_name, sum(t.jobs)::int as jobs, min(t.first_at) as first_at, max(t.last_at) as last_at
          from indexed_job_tallies t join indexed_queues q on q.id = t.queue
          left join indexed_causes c on c.org_id = t.org_id and c.id = t.cause
          where t.state = 'failed' and t.jobs > 0
            and (${queues ?? null}::text[] is null or q.queue = any (${queues ?? null}::text[]) or q.name = any (${queues ?? null}::text[]))
            and (${names ?? null}::text[] is null or c.name = any (${names ?? null}::text[]))
          group by 1, 2, 3, 4, 5, 6 order by jobs desc, last_at desc nulls last, id
        `.execute(tx);
        return rows.map((row) => causeRow.parse(row));
      }),
    /** When the newest failed jobs of some causes failed, at most `most`. */
    failures: (organizationIds: readonly string[], queues: readonly string[], since: string, most: number) =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql<{ cause: string; at: Date }>`
          select coalesce(j.cause, 0)::text as cause, j.finished_at as at
          from indexed_queues q cross join lateral (
            select i.cause, i.finished_at from indexed_jobs i
            where i.queue = q.id and i.state = 'failed' and i.finished_at >= ${since}::timestamptz
            order by i.added_at desc, i.no desc limit ${most}) j
          where q.queue = any (${[...queues]}::text[])
          limit ${most}
        `.execute(tx);
        return rows.map(({ cause, at }) => ({ cause: String(cause), atMs: at.getTime() }));
      }),
    sources: (organizationIds: readonly string[]) =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`select source, read_at, behind_ms, failure from indexed_sources`.execute(
          tx,
        );
        return rows.map((row) => source.parse(row));
      }),
    queues: (organizationIds: readonly string[]) =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`
          select queue, name, gaps, gap_at, filling is not null as is_filling, filled_jobs, filled_at, skipped
          from indexed_queues
        `.execute(tx);
        return rows.map((row) => followed.parse(row));
      }),
    /** Jobs of which not all fields are in the index, largest data first, at most `most`. */
    incomplete: (organizationIds: readonly string[], fields: "cut" | "none", most: number) =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`
          select q.queue, j.job_id, j.data_bytes from unnest(${[...organizationIds]}::uuid[]) as o (org_id)
          cross join lateral (
            select i.queue, i.job_id, i.data_bytes from indexed_jobs i
            where i.org_id = o.org_id and i.fields = ${fields} and i.fields <> 'whole'
            order by i.data_bytes desc limit ${most}) j
          join indexed_queues q on q.id = j.queue
          order by j.data_bytes desc nulls last limit ${most}
        `.execute(tx);
        return rows.map((row) => cutJob.parse(row));
      }),
    rules: (organizationIds: readonly string[]) =>
      read(organizationIds, async (tx) => {
        const { rows } = await sql`
          select id, queue, path, what from index_field_rules order by created_at
        `.execute(tx);
        return rows.map((row) => rule.parse(row));
      }),
    async addRule(
      tx: Transaction<Tables>,
      given: { organizationId: string; queue: string | null; path: string; what: "out" | "hash"; by: string },
    ): Promise<string | null> {
      const { organizationId, queue, path, what, by } = given;
      const { rows } = await sql<{ id: string }>`
        insert into index_field_rules (org_id, queue, path, what, created_by)
        values (${organizationId}, ${queue}, ${path}, ${what}, ${by}) on conflict do nothing returning id
      `.execute(tx);
      return rows[0]?.id ?? null;
    },
    async removeRule(tx: Transaction<Tables>, organizationId: string, id: string) {
      const { rows } = await sql`
        delete from index_field_rules where org_id = ${organizationId} and id = ${id} returning id, queue, path, what
      `.execute(tx);
      return rows.length === 0 ? null : rule.parse(rows[0]);
    },
  };
}
export type ReadingStore = ReturnType<typeof createReadingStore>;
