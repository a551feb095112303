import type { RunRates } from "@wheelhouse/shared/runs.ts";
import { sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";

/** More lines than these cannot be told apart in a chart. */
const lanesMax = 8;

/** How the largest lanes of a run went, for its chart. */
export async function readRates(tx: Transaction<Tables>, runId: string): Promise<RunRates> {
  const { rows } = await sql<{ lane: string; at: Date; sent: number }>`
    with largest as (
      select lane from run_rates where run_id = ${runId}::uuid group by lane order by max(sent) desc limit ${lanesMax}
    )
    select lane, at, sent from run_rates join largest using (lane) where run_id = ${runId}::uuid order by lane, at
  `.execute(tx);
  const lanes = new Map<string, { at: string; sent: number }[]>();
  for (const { lane, at, sent } of rows) {
    const points = lanes.get(lane) ?? [];
    points.push({ at: at.toISOString(), sent });
    lanes.set(lane, points);
  }
  return [...lanes].map(([laneId, points]) => ({ laneId, points }));
}
