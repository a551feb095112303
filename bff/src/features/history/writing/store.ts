import { sql, type Transaction } from "kysely";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Frame } from "./frames.ts";
import type { JournalRow } from "./journal.ts";
import type { MoveRow } from "./moves.ts";
import type { Chunk } from "./window.ts";

/** A chunk of a coarser level, with extremes. */
export type SummedChunk = Chunk & {
  mins: Map<string, (number | null)[]>;
  maxs: Map<string, (number | null)[]>;
};

const isoOf = (ms: number) => new Date(ms).toISOString();

// A `real` rejects numbers outside its range, and keeps only seven digits.
function literalOf(value: number | null): string {
  if (value === null) return "NULL";
  const single = Math.fround(value);
  return Number.isFinite(single) ? String(Number(single.toPrecision(7))) : "NULL";
}

const flat = (metrics: readonly string[], values: ReadonlyMap<string, (number | null)[]>) =>
  `{${metrics.flatMap((metric) => (values.get(metric) ?? []).map(literalOf)).join(",")}}`;
const textArray = (texts: readonly string[]) =>
  `{${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;

const storedChunk = z.object({
  organizationId: z.string(),
  kind: z.string(),
  entity: z.string(),
  startsAtMs: z.number(),
  metrics: z.array(z.string()),
  means: z.array(z.number().nullable()),
});

/** Values by metric of a stored row. */
export function byMetric(
  metrics: readonly string[],
  values: readonly (number | null)[],
): Map<string, (number | null)[]> {
  const each = metrics.length === 0 ? 0 : values.length / metrics.length;
  return new Map(metrics.map((metric, at) => [metric, values.slice(at * each, (at + 1) * each)]));
}

export const chunkOf = (row: unknown): Chunk => {
  const { metrics, means, ...of } = storedChunk.parse(row);
  return { ...of, means: byMetric(metrics, means) };
};

const chunkColumns = sql`org_id as "organizationId", kind, entity,
  (extract(epoch from starts_at) * 1000)::float8 as "startsAtMs", metrics, means`;

/** Statements of the writer, each for many rows at once. */
export function createHistoryStore({ database }: { database: Database }) {
  const columnsOf = (chunks: readonly Chunk[]) => {
    const metrics = chunks.map(({ means }) => [...means.keys()]);
    return {
      organizations: chunks.map(({ organizationId }) => organizationId),
      kinds: chunks.map(({ kind }) => kind),
      entities: chunks.map(({ entity }) => entity),
      starts: chunks.map(({ startsAtMs }) => isoOf(startsAtMs)),
      metrics: metrics.map(textArray),
      means: chunks.map(({ means }, at) => flat(metrics[at] ?? [], means)),
      names: metrics,
    };
  };

  return {
    async writeJournal(tx: Transaction<Tables>, rows: readonly JournalRow[]) {
      if (rows.length === 0) return;
      await tx
        .insertInto("history_journal")
        .values(
          rows.map(({ organizationId, at, kind, subjectId, subject, from, to, text, cause }) => ({
            org_id: organizationId,
            at: new Date(at),
            kind,
            subject_id: subjectId,
            subject,
            from_state: from,
            to_state: to,
            text,
            cause,
          })),
        )
        .execute();
    },
    async writeMoves(tx: Transaction<Tables>, rows: readonly MoveRow[]) {
      if (rows.length === 0) return;
      await tx
        .insertInto("history_moves")
        .values(
          rows.map(({ organizationId, kind, entity, name, part, at, state, from, failureRatio }) => ({
            org_id: organizationId,
            kind,
            entity,
            name,
            part,
            at: new Date(at),
            state,
            from_state: from,
            failure_ratio: failureRatio,
          })),
        )
        .onConflict((conflict) =>
          conflict.columns(["org_id", "kind", "entity", "part", "at", "state"]).doNothing(),
        )
        .execute();
    },
    async writeFrames(tx: Transaction<Tables>, frames: readonly Frame[]) {
      if (frames.length === 0) return;
      await tx
        .insertInto("history_frames")
        .values(
          frames.flatMap(({ organizationId, atMs, baseAtMs, keepUntilMs, parts }) =>
            [...parts].map(([part, packed]) => ({
              org_id: organizationId,
              at: new Date(atMs),
              part,
              base_at: baseAtMs === null ? null : new Date(baseAtMs),
              keep_until: new Date(keepUntilMs),
              packed,
            })),
          ),
        )
        .onConflict((conflict) => conflict.columns(["org_id", "at", "part"]).doNothing())
        .execute();
    },
    async writeOpen(tx: Transaction<Tables>, chunks: readonly Chunk[]) {
      if (chunks.length === 0) return;
      const of = columnsOf(chunks);
      await sql`
        insert into history_open (org_id, kind, entity, starts_at, metrics, means)
        select o, k, e, s, m::text[], v::real[]
        from unnest(${of.organizations}::uuid[], ${of.kinds}::text[], ${of.entities}::text[], ${of.starts}::timestamptz[],
          ${of.metrics}::text[], ${of.means}::text[]) as t (o, k, e, s, m, v)
        on conflict (org_id, kind, entity)
        do update set starts_at = excluded.starts_at, metrics = excluded.metrics, means = excluded.means`.execute(
        tx,
      );
    },
    /**
     * Chunks of unfinished windows left by another process: of the current one, and of one that was never
     * closed.
     */
    async readOpen(sinceMs: number): Promise<Chunk[]> {
      const { rows } = await sql`select ${chunkColumns} from history_open
        where starts_at >= ${isoOf(sinceMs)}`.execute(database.system);
      return rows.map(chunkOf);
    },
    async writeClosed(tx: Transaction<Tables>, chunks: readonly Chunk[]) {
      if (chunks.length === 0) return;
      const of = columnsOf(chunks);
      await sql`
        insert into history_chunks (org_id, kind, entity, step_s, starts_at, metrics, means, mins, maxs)
        select o, k, e, 10, s, m::text[], v::real[], '{}', '{}'
        from unnest(${of.organizations}::uuid[], ${of.kinds}::text[], ${of.entities}::text[], ${of.starts}::timestamptz[],
          ${of.metrics}::text[], ${of.means}::text[]) as t (o, k, e, s, m, v)
        on conflict (org_id, kind, entity, step_s, starts_at) do nothing`.execute(tx);
      // Closed chunks replace their open rows; otherwise both would be read.
      const ends = Math.max(...chunks.map(({ startsAtMs }) => startsAtMs));
      await sql`delete from history_open where starts_at <= ${isoOf(ends)}`.execute(tx);
    },
    async writeSummed(tx: Transaction<Tables>, stepS: number, chunks: readonly SummedChunk[]) {
      if (chunks.length === 0) return;
      const of = columnsOf(chunks);
      const mins = chunks.map((chunk, at) => flat(of.names[at] ?? [], chunk.mins));
      const maxs = chunks.map((chunk, at) => flat(of.names[at] ?? [], chunk.maxs));
      await sql`
        insert into history_chunks (org_id, kind, entity, step_s, starts_at, metrics, means, mins, maxs)
        select o, k, e, ${stepS}::int, s, m::text[], v::real[], lo::real[], hi::real[]
        from unnest(${of.organizations}::uuid[], ${of.kinds}::text[], ${of.entities}::text[], ${of.starts}::timestamptz[],
          ${of.metrics}::text[], ${of.means}::text[], ${mins}::text[], ${maxs}::text[]) as t (o, k, e, s, m, v, lo, hi)
        on conflict (org_id, kind, entity, step_s, starts_at) do update
        set metrics = excluded.metrics, means = excluded.means, mins = excluded.mins, maxs = excluded.maxs`.execute(
        tx,
      );
    },
  };
}
export type HistoryStore = ReturnType<typeof createHistoryStore>;
