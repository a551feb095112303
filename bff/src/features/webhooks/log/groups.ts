import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import {
  deadLetterGroupsMax,
  type listDeadLetterGroups,
  type ReceiverNow,
} from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { sql } from "kysely";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SharedReads } from "#lib/shared-reads.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Breakers } from "../breaker.ts";
import { knownErrorClass, searchFilter } from "./store.ts";

const timeoutMs = 5_000;
/** Longer than any delivery is kept. */
const everMs = 500 * 86_400_000;

type GroupRow = {
  endpoint_id: string;
  event_type: string;
  error_class: string | null;
  count: number;
  groups: number;
  total: number;
  first_at: Date | null;
  last_at: Date | null;
  last_status_code: number | null;
  error_message: string | null;
  name: string | null;
  url: string | null;
  enabled: boolean | null;
  is_deleted: boolean | null;
  delivered: number;
  failed: number;
};

type GroupsOptions = {
  /** Equal reads share one query. */
  shared: Pick<SharedReads, "open">;
  database: Database;
  breakers: Pick<Breakers, "view">;
  clock: Clock;
};

/** Dead letters by cause, from the counters of the log. */
export function createDeadLetterGroups({ shared, database, breakers, clock }: GroupsOptions) {
  const sharedGroups = shared.open<GroupRow[]>();
  const read = (organizationId: string, filter: string, range: { from: string; to: string }) =>
    database.asOrganizations(
      [organizationId],
      async (tx) => {
        const { rows } = await sql<GroupRow>`
          with g as materialized (
            select endpoint_id, event_type, error_class, count, count(*) over ()::int as groups,
              (sum(count) over ())::int as total,
              webhook_stream(${organizationId}::uuid, endpoint_id, event_type, 'dead_letter', error_class) as stream
            from wheelhouse.count_webhook_deliveries(
              ${filter}::jsonb, ${range.from}::timestamptz, ${range.to}::timestamptz, null, true)
            order by count desc, endpoint_id, event_type limit ${deadLetterGroupsMax}
          ), recent as (
            select endpoint_id, sum(delivered)::int as delivered, sum(failed)::int as failed from webhook_outcomes
            where org_id = ${organizationId}::uuid and step = 60 and at >= date_trunc('hour', now()) - interval '1 hour'
            group by endpoint_id
          )
          select g.endpoint_id, g.event_type, g.error_class, g.count, g.groups, g.total, s.first_at, s.last_at,
            s.last_status_code, s.error_message, e.name, e.url, e.enabled, e.deleted_at is not null as is_deleted,
            coalesce(r.delivered, 0) as delivered, coalesce(r.failed, 0) as failed
          from g
          left join wheelhouse.seen_webhook_streams(array(select stream from g)) s on s.stream = g.stream
          left join webhook_endpoints e on e.id = g.endpoint_id
          left join recent r on r.endpoint_id = g.endpoint_id
          order by g.count desc, g.endpoint_id, g.event_type
        `.execute(tx);
        return rows;
      },
      { statementTimeoutMs: timeoutMs },
    );

  function receiverOf(row: GroupRow): ReceiverNow {
    const breaker = breakers.view(row.endpoint_id);
    const state =
      row.name === null || row.is_deleted
        ? "deleted"
        : !row.enabled
          ? "disabled"
          : ({ closed: "healthy", half_open: "probing", open: "failing" } as const)[breaker.state];
    return {
      state,
      breaker: breaker.state,
      since: breaker.sinceMs === null ? null : new Date(breaker.sinceMs).toISOString(),
      delivered: row.delivered,
      failed: row.failed,
    };
  }

  return {
    async list(
      { from, to, ...filter }: EndpointParsed<typeof listDeadLetterGroups>["query"],
      { organization }: RequestContext,
    ): Promise<EndpointResult<typeof listDeadLetterGroups>> {
      const asked = searchFilter([organization.id], { ...filter, status: ["dead_letter"] });
      const rows = await sharedGroups([organization.id], { asked, from, to }, () =>
        read(organization.id, asked, {
          from: from ?? new Date(clock.now() - everMs).toISOString(),
          to: to ?? new Date(clock.now()).toISOString(),
        }),
      );
      return {
        total: rows[0]?.total ?? 0,
        groupCount: rows[0]?.groups ?? 0,
        groups: rows.map((row) => ({
          endpointId: row.endpoint_id,
          endpointName: row.name ?? "deleted endpoint",
          endpointUrl: row.url ?? "",
          errorClass: knownErrorClass(row.error_class),
          eventType: row.event_type,
          count: row.count,
          firstAt: row.first_at?.toISOString() ?? null,
          lastAt: row.last_at?.toISOString() ?? null,
          statusCode: row.last_status_code,
          errorMessage: row.error_message,
          receiver: receiverOf(row),
        })),
      };
    },
  };
}

export type DeadLetterGroups = ReturnType<typeof createDeadLetterGroups>;
