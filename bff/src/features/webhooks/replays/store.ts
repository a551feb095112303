import type { RunRates } from "@wheelhouse/shared/runs.ts";
import type { ReplayDetail, ReplayRun } from "@wheelhouse/shared/webhooks/replays.ts";
import { type Selectable, sql } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import { readRates } from "#runs/runs.ts";
import type { Breakers } from "../breaker.ts";
import type { ReplayConfig } from "../config.ts";
import { knownErrorClass } from "../log/log.ts";

type ReplayRow = Selectable<Tables["webhook_replays"]>;
type LaneRow = Selectable<Tables["webhook_replay_endpoints"]> & { name: string | null; url: string | null };
type JournalRow = Pick<Selectable<Tables["webhook_replay_journal"]>, "at" | "what" | "detail"> & {
  name: string | null;
};
type FailureRow = {
  endpoint_id: string;
  name: string | null;
  status_code: number | null;
  error_class: string | null;
  count: number;
};
type Whole = {
  run: ReplayRow;
  lanes: LaneRow[];
  rates: RunRates;
  journal: JournalRow[];
  failures: FailureRow[];
};
export type ResultRow = {
  delivery_id: string;
  endpoint: string | null;
  state: string;
  why: string | null;
  status_code: number | null;
  error_class: string | null;
};

const shownJournal = 50;
const shownFailures = 20;
const lookedAtFailures = 10_000;
const keptDays = 90;

const iso = (date: Date | null) => date?.toISOString() ?? null;

/** The row in the shape of the contract. */
export const replayOf = (row: ReplayRow): ReplayRun => ({
  id: row.id,
  state: row.state,
  cause: row.cause,
  reason: row.reason,
  ratePerSecond: row.rate,
  total: row.total,
  sent: row.sent,
  succeeded: row.succeeded,
  failed: row.failed,
  skipped: row.skipped,
  plannedBy: row.planned_by,
  plannedAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  startedBy: row.started_by,
  startsAt: iso(row.starts_at),
  endedAt: iso(row.ended_at),
});

export const replayDetailOf = (
  { run, lanes, rates, journal, failures }: Whole,
  breakers: Pick<Breakers, "view">,
  { canary, holdMs, stepUpAbove }: ReplayConfig,
): ReplayDetail => ({
  ...replayOf(run),
  filter: run.filter,
  plan: { ...run.plan, canary, holdMs, asksStepUp: run.total > stepUpAbove },
  endpoints: lanes.map((lane) => ({
    endpointId: lane.endpoint_id,
    name: lane.name ?? "deleted endpoint",
    url: lane.url ?? "",
    eventTypes: lane.event_types,
    breaker: breakers.view(lane.endpoint_id).state,
    phase: lane.phase,
    cause: lane.cause,
    ratePerSecond: lane.rate,
    limitPerSecond: lane.rate_limit,
    isLeftOut: lane.is_skipped,
    total: lane.total,
    sent: lane.sent,
    succeeded: lane.succeeded,
    failed: lane.failed,
    skipped: lane.skipped,
  })),
  rates,
  journal: journal.map(({ at, what, name, detail }) => ({
    at: at.toISOString(),
    what,
    endpointName: name,
    detail,
  })),
  failures: failures.map((row) => ({
    endpointId: row.endpoint_id,
    endpointName: row.name ?? "deleted endpoint",
    statusCode: row.status_code,
    errorClass: knownErrorClass(row.error_class),
    count: row.count,
  })),
});

/** Runs of replays as pages read them; the run machine writes them. */
export function createReplaysStore(database: Database) {
  return {
    list: (
      organizationId: string,
      after: { createdAt: string; id: string } | undefined,
      limit: number,
    ): Promise<ReplayRow[]> =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("webhook_replays")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("starts_at", "is not", null)
          .$if(after !== undefined, (query) =>
            query.where(
              sql<boolean>`(created_at, id) < (${after?.createdAt}::timestamptz, ${after?.id}::uuid)`,
            ),
          )
          .orderBy("created_at", "desc")
          .orderBy("id", "desc")
          .limit(limit)
          .execute(),
      ),

    /** At most 50 runs by id; ids of other organizations are ignored. */
    byIds: (organizationId: string, ids: readonly string[]): Promise<ReplayRow[]> =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("webhook_replays")
          .selectAll()
          .where("org_id", "=", organizationId)
          .where("id", "in", ids.slice(0, 50))
          .orderBy("created_at", "desc")
          .execute(),
      ),

    read: (organizationId: string, id: string): Promise<Whole | null> =>
      database.asOrganizations([organizationId], async (tx) => {
        const run = await tx
          .selectFrom("webhook_replays")
          .selectAll()
          .where("id", "=", id)
          .where("org_id", "=", organizationId)
          .executeTakeFirst();
        if (!run) return null;
        const lanes = await tx
          .selectFrom("webhook_replay_endpoints as l")
          .leftJoin("webhook_endpoints as e", "e.id", "l.endpoint_id")
          .selectAll("l")
          .select(["e.name", "e.url"])
          .where("l.replay_id", "=", id)
          .orderBy(sql`array_position(array['held', 'canary', 'sending', 'done'], l.phase)`)
          .orderBy("l.total", "desc")
          .execute();
        const journal = await tx
          .selectFrom("webhook_replay_journal as j")
          .leftJoin("webhook_endpoints as e", "e.id", "j.endpoint_id")
          .select(["j.at", "j.what", "j.detail", "e.name"])
          .where("j.replay_id", "=", id)
          .orderBy("j.id", "desc")
          .limit(shownJournal)
          .execute();
        const rates = await readRates(tx, id);
        if (run.failed === 0) return { run, lanes, rates, journal, failures: [] };
        const { rows: failures } = await sql<FailureRow>`
          select f.*, e.name from (
            select endpoint_id, status_code, error_class, count(*)::int as count from (
              select endpoint_id, status_code, error_class from webhook_replay_items
              where replay_id = ${id}::uuid and state = 'failed' limit ${lookedAtFailures}
            ) failed
            group by 1, 2, 3 order by 4 desc limit ${shownFailures}
          ) f left join webhook_endpoints e on e.id = f.endpoint_id
          order by f.count desc
        `.execute(tx);
        return { run, lanes, rates, journal, failures };
      }),

    /** Items of a run after a delivery, as its result tells them. */
    result: (organizationId: string, id: string, after: string | null, limit: number): Promise<ResultRow[]> =>
      database.asOrganizations([organizationId], async (tx) => {
        const { rows } = await sql<ResultRow>`
          select i.delivery_id, e.name as endpoint, i.state, i.why, i.status_code, i.error_class
          from webhook_replay_items i left join webhook_endpoints e on e.id = i.endpoint_id
          where i.replay_id = ${id}::uuid ${after === null ? sql`` : sql`and i.delivery_id > ${after}::uuid`}
          order by i.delivery_id limit ${limit}
        `.execute(tx);
        return rows;
      }),

    /** Removes old ended runs in steps, like the dead letters they were about. */
    forget: async () => {
      await sql`
        with old as (
          select id from webhook_replays where ended_at < now() - ${keptDays} * interval '1 day'
            or (state in ('planned', 'expired') and expires_at < now() - interval '1 day')
          order by id limit 20
        ), items as (
          delete from webhook_replay_items where replay_id in (select id from old)
        ), rates as (
          delete from run_rates where run_id in (select id from old)
        )
        delete from webhook_replays where id in (select id from old)
      `.execute(database.system);
    },
  };
}
export type ReplaysStore = ReturnType<typeof createReplaysStore>;
