import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import { hours, levels, minutes, movesKeptMs, rollupMs } from "../times.ts";

const rowsAtOnce = 5_000;

/** Removes expired history in bounded steps. Chunks that are not summed up yet are kept. */
export function createHistoryRetention({ database }: { database: Database }) {
  async function remove(statement: () => Promise<number>) {
    while ((await statement()) === rowsAtOnce);
  }
  const affected = async (query: ReturnType<typeof sql>) =>
    Number((await query.execute(database.system)).numAffectedRows ?? 0);

  return async () => {
    await remove(() =>
      affected(sql`delete from history_frames where ctid = any (array(
        select ctid from history_frames where keep_until < now() limit ${rowsAtOnce}))`),
    );
    for (const { stepMs, chunkMs, keepMs } of levels) {
      const isSummed =
        stepMs < minutes.stepMs
          ? sql`exists (select from history_rollups r where r.starts_at = date_bin('6 hours', c.starts_at, 'epoch'))`
          : sql`true`;
      await remove(() =>
        affected(sql`delete from history_chunks where ctid = any (array(
          select c.ctid from history_chunks c where c.step_s = ${stepMs / 1000}::int
            and c.starts_at < now() - make_interval(secs => ${(keepMs + chunkMs) / 1000}) and ${isSummed} limit ${rowsAtOnce}))`),
      );
    }
    await remove(() =>
      affected(sql`delete from history_journal where ctid = any (array(
        select ctid from history_journal where at < now() - make_interval(secs => ${hours.keepMs / 1000}) limit ${rowsAtOnce}))`),
    );
    await remove(() =>
      affected(sql`delete from history_moves where ctid = any (array(
        select ctid from history_moves where at < now() - make_interval(secs => ${movesKeptMs / 1000}) limit ${rowsAtOnce}))`),
    );
    // Longer than the chunks that a window was summed up from.
    await affected(
      sql`delete from history_rollups where starts_at < now() - make_interval(secs => ${(20 * rollupMs) / 1000})`,
    );
    await affected(sql`delete from history_open where starts_at < now() - interval '1 day'`);
  };
}
