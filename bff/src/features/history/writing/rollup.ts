import { sql } from "kysely";
import { z } from "zod";
import type { PostgresLease } from "#lib/postgres/lease.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { knownMetric, upMetric } from "../tick-figures.ts";
import { finest, floorTo, hours, minutes, rollupMs, stepsOf } from "../times.ts";
import { byMetric, chunkOf, type HistoryStore, type SummedChunk } from "./store.ts";
import type { Chunk } from "./window.ts";

const entitiesAtOnce = 100;
const windowRow = z.object({ startsAtMs: z.number() });
const entityRow = z.object({ organizationId: z.string(), kind: z.string(), entity: z.string() });
const hourRow = z.object({
  organizationId: z.string(),
  kind: z.string(),
  entity: z.string(),
  metrics: z.array(z.string()),
  means: z.array(z.number().nullable()),
  mins: z.array(z.number().nullable()),
  maxs: z.array(z.number().nullable()),
});

type Values = (number | null)[];
type Summed = { means: Values; mins: Values; maxs: Values };

/** Mean, minimum and maximum of the known values among each `per` values; null where none is known. */
export function sumUp(values: readonly (number | null)[], per: number): Summed {
  const summed: Summed = { means: [], mins: [], maxs: [] };
  for (let from = 0; from < values.length; from += per) {
    let [sum, count, least, most] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = from; at < from + per; at += 1) {
      const value = values[at] ?? null;
      if (value === null) continue;
      sum += value;
      count += 1;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    summed.means.push(count === 0 ? null : sum / count);
    summed.mins.push(count === 0 ? null : least);
    summed.maxs.push(count === 0 ? null : most);
  }
  return summed;
}

/**
 * The share of each `per` values that is known, because a mean does not show how much of the time it covers.
 */
const knownShares = (values: Values, per: number): number[] =>
  Array.from({ length: values.length / per }, (_, at) => {
    const some = values.slice(at * per, (at + 1) * per);
    return some.filter((value) => value !== null).length / per;
  });

/** The 10 s chunks of one entity within a window as one list of values per metric. */
function joined(chunks: readonly Chunk[], windowMs: number): Map<string, Values> {
  const all = new Map<string, Values>();
  const length = rollupMs / finest.stepMs;
  for (const { startsAtMs, means } of chunks)
    for (const [metric, values] of means) {
      const into = all.get(metric) ?? Array<number | null>(length).fill(null);
      const offset = (startsAtMs - windowMs) / finest.stepMs;
      for (const [at, value] of values.entries()) into[offset + at] = value;
      all.set(metric, into);
    }
  return all;
}

function summedChunk(of: Chunk, startsAtMs: number, values: Map<string, Values>, per: number): SummedChunk {
  const chunk: SummedChunk = { ...of, startsAtMs, means: new Map(), mins: new Map(), maxs: new Map() };
  for (const [metric, list] of values) {
    const { means, mins, maxs } = sumUp(list, per);
    chunk.means.set(metric, means);
    chunk.mins.set(metric, mins);
    chunk.maxs.set(metric, maxs);
  }
  const up = values.get(upMetric);
  if (up) {
    const known = knownShares(up, per);
    for (const part of ["means", "mins", "maxs"] as const) chunk[part].set(knownMetric, known);
  }
  return chunk;
}

/** Inserts the hours of a window into their chunk of 10 days. */
function placeHours(into: SummedChunk, window: SummedChunk, windowMs: number) {
  const steps = stepsOf(hours);
  const offset = (windowMs - into.startsAtMs) / hours.stepMs;
  for (const part of ["means", "mins", "maxs"] as const)
    for (const [metric, values] of window[part]) {
      const list = into[part].get(metric) ?? Array<number | null>(steps).fill(null);
      for (const [at, value] of values.entries()) list[offset + at] = value;
      into[part].set(metric, list);
    }
}

/**
 * Sums up each ended window of 6 h from the stored 10 s chunks into a chunk of minutes and the hours of the
 * 10-day chunk. After a crash or a Postgres outage the next writer catches up; repeating it gives the same
 * result.
 */
export function createRollup(deps: { database: Database; store: HistoryStore; lease: PostgresLease }) {
  const { database, store, lease } = deps;

  async function windowsDue(nowMs: number): Promise<number[]> {
    const { rows } = await sql`
      select (extract(epoch from w) * 1000)::float8 as "startsAtMs" from (
        select distinct date_bin('6 hours', starts_at, 'epoch') as w from history_chunks
        where step_s = 10 and starts_at < ${new Date(floorTo(nowMs, rollupMs)).toISOString()}
        except select starts_at from history_rollups) due
      order by w`.execute(database.system);
    return rows.map((row) => windowRow.parse(row).startsAtMs);
  }

  async function rollUpWindow(epoch: number, windowMs: number) {
    const [from, to] = [windowMs, windowMs + rollupMs].map((ms) => new Date(ms).toISOString());
    const { rows } = await sql`select distinct org_id as "organizationId", kind, entity from history_chunks
      where step_s = 10 and starts_at >= ${from} and starts_at < ${to}`.execute(database.system);
    const entities = rows.map((row) => entityRow.parse(row));
    const tenDaysMs = floorTo(windowMs, hours.chunkMs);
    for (let first = 0; first < entities.length; first += entitiesAtOnce) {
      const part = entities.slice(first, first + entitiesAtOnce);
      const wanted = sql`unnest(${part.map(({ organizationId }) => organizationId)}::uuid[],
        ${part.map(({ kind }) => kind)}::text[], ${part.map(({ entity }) => entity)}::text[]) as w (org_id, kind, entity)`;
      const found = await sql`
        select org_id as "organizationId", kind, entity, metrics, means,
          (extract(epoch from starts_at) * 1000)::float8 as "startsAtMs"
        from ${wanted} join history_chunks using (org_id, kind, entity)
        where step_s = 10 and starts_at >= ${from} and starts_at < ${to}`.execute(database.system);
      const known = await sql`select org_id as "organizationId", kind, entity, metrics, means, mins, maxs
        from ${wanted} join history_chunks using (org_id, kind, entity)
        where step_s = 3600 and starts_at = ${new Date(tenDaysMs).toISOString()}`.execute(database.system);
      const tenDays = new Map(
        known.rows.map((row) => {
          const { organizationId, kind, entity, metrics, ...of } = hourRow.parse(row);
          return [
            `${organizationId} ${kind} ${entity}`,
            {
              means: byMetric(metrics, of.means),
              mins: byMetric(metrics, of.mins),
              maxs: byMetric(metrics, of.maxs),
            },
          ];
        }),
      );
      const chunks = new Map<string, Chunk[]>();
      for (const chunk of found.rows.map(chunkOf)) {
        const key = `${chunk.organizationId} ${chunk.kind} ${chunk.entity}`;
        chunks.set(key, [...(chunks.get(key) ?? []), chunk]);
      }
      const summed = [...chunks].flatMap(([key, of]) => {
        const [one] = of;
        if (!one) return [];
        const values = joined(of, windowMs);
        const before = tenDays.get(key) ?? { means: new Map(), mins: new Map(), maxs: new Map() };
        const long: SummedChunk = { ...one, startsAtMs: tenDaysMs, ...before };
        placeHours(long, summedChunk(one, windowMs, values, hours.stepMs / finest.stepMs), windowMs);
        return [{ short: summedChunk(one, windowMs, values, minutes.stepMs / finest.stepMs), long }];
      });
      await lease.write(epoch, async (tx) => {
        await store.writeSummed(
          tx,
          minutes.stepMs / 1000,
          summed.map(({ short }) => short),
        );
        await store.writeSummed(
          tx,
          hours.stepMs / 1000,
          summed.map(({ long }) => long),
        );
      });
    }
    await lease.write(epoch, (tx) =>
      tx
        .insertInto("history_rollups")
        .values({ starts_at: new Date(windowMs) })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  return async (epoch: number, nowMs: number) => {
    for (const windowMs of await windowsDue(nowMs)) await rollUpWindow(epoch, windowMs);
  };
}
