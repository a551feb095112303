import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { listRefusals, RefusedRequest } from "@wheelhouse/shared/webhooks/refusals.ts";
import type { SourceScheme } from "@wheelhouse/shared/webhooks/senders.ts";
import { type RawBuilder, sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import { type Counted, mostAddresses } from "./tally.ts";

type ListQuery = EndpointParsed<typeof listRefusals>["query"];
export type RefusalFilter = Pick<ListQuery, "source" | "reason">;
export type RefusalPlace = { count: number; source: string; reason: string };

const timeoutMs = 5_000;
const forgottenAtOnce = 10_000;

export type RefusalRow = {
  source: string;
  reason: string;
  count: number;
  total: number;
  status: number;
  first_at: Date;
  last_at: Date;
  addresses: string[];
  request_id: string;
  field: string | null;
  message: string;
  newest: RefusedRequest;
  name: string | null;
  scheme: SourceScheme | null;
  secret_hint: string | null;
  /** Null if the source has been deleted. */
  id: string | null;
  secret_box: Buffer | null;
  rules: unknown;
  max_body_bytes: number | null;
};

/** Refused requests in Postgres. */
export function createRefusalStore(database: Database) {
  return {
    /** Adds counts to their rows, in one statement. */
    async add(counted: readonly Counted[]): Promise<void> {
      // A fixed order prevents deadlocks between processes that count the same.
      await sql`
        insert into webhook_refusals as r (org_id, hour, source, reason, status, requests, first_at, last_at,
          addresses, request_id, field, message, newest)
        select c."organizationId", to_timestamp(c."hourMs" / 1000.0), c.source, c.reason, c.status, c.requests,
          to_timestamp(c."firstMs" / 1000.0), to_timestamp(c."lastMs" / 1000.0),
          array(select json_array_elements_text(c.addresses)), c."requestId", c.field, c.message, c.newest
        from json_to_recordset(${JSON.stringify(counted)}::json) as c("organizationId" uuid, "hourMs" bigint,
          source text, reason text, status int, requests bigint, "firstMs" bigint, "lastMs" bigint, addresses json,
          "requestId" text, field text, message text, newest jsonb)
        order by c."organizationId", c."hourMs", c.source, c.reason
        on conflict (org_id, hour, source, reason) do update set
          requests = r.requests + excluded.requests,
          first_at = least(r.first_at, excluded.first_at),
          last_at = greatest(r.last_at, excluded.last_at),
          addresses = array(
            select a.address from unnest(excluded.addresses || r.addresses) with ordinality as a (address, n)
            group by a.address order by min(a.n) limit ${mostAddresses}),
          status = excluded.status, request_id = excluded.request_id, field = excluded.field,
          message = excluded.message, newest = excluded.newest
      `.execute(database.system);
    },

    /** Sums by source and reason over whole hours, most first; one more than `limit` when there are more. */
    async list(
      organizationId: string,
      { source, reason }: RefusalFilter,
      { from, to }: { from: Date; to: Date },
      after: RefusalPlace | undefined,
      limit: number,
    ): Promise<RefusalRow[]> {
      const sources = source?.map((slug) => (slug === "-" ? "" : slug));
      const conditions: RawBuilder<unknown>[] = [
        sql`r.org_id = ${organizationId}::uuid and r.hour >= ${from} and r.hour < ${to}`,
        ...(sources ? [sql`r.source = any(${sources}::text[])`] : []),
        ...(reason ? [sql`r.reason = any(${reason}::text[])`] : []),
      ];
      const matching = sql.join(conditions, sql` and `);
      const beyond = after
        ? sql`where (-g.count, g.source, g.reason) > (${-after.count}, ${after.source}, ${after.reason})`
        : sql``;
      return database.asOrganizations(
        [organizationId],
        async (tx) => {
          const { rows } = await sql<RefusalRow>`
            with groups as (
              select r.source, r.reason, sum(r.requests)::bigint as count, min(r.first_at) as first_at,
                max(r.hour) as hour, (sum(sum(r.requests)) over ())::bigint as total
              from webhook_refusals r where ${matching} group by r.source, r.reason
            ), page as (
              select g.* from groups g ${beyond} order by -g.count, g.source, g.reason limit ${limit}
            )
            select p.source, p.reason, p.count, p.total, p.first_at, r.last_at, r.status, r.addresses, r.request_id,
              r.field, r.message, r.newest, s.id, s.name, s.scheme, s.secret_hint, s.secret_box, s.rules, s.max_body_bytes
            from page p
            join webhook_refusals r on r.org_id = ${organizationId}::uuid and r.hour = p.hour
              and r.source = p.source and r.reason = p.reason
            left join webhook_sources s on s.org_id = r.org_id and s.slug = p.source and s.deleted_at is null
            order by -p.count, p.source, p.reason
          `.execute(tx);
          return rows;
        },
        { statementTimeoutMs: timeoutMs },
      );
    },

    /** Deletes a bounded number of rows older than `keptDays`. */
    async forget(keptDays: number): Promise<void> {
      await sql`
        delete from webhook_refusals where ctid = any(array(
          select r.ctid from webhook_refusals r where r.hour < now() - ${keptDays} * interval '1 day'
          order by r.hour limit ${forgottenAtOnce}))
      `.execute(database.system);
    },
  };
}
