import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import { sql } from "kysely";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import { parseContent } from "./row.ts";

const perOrganization = 20;
const timeoutMs = 2_000;
const recentRow = z.object({ organizationId: z.string(), content: z.string() });

/** Titles of changes where only a single line is shown. */
const titles: Readonly<Partial<Record<AuditAction, string>>> = {
  "health.maintenance.create": "Maintenance planned",
  "health.maintenance.end": "Maintenance ended",
  "webhooks.source.create": "Webhook source created",
  "webhooks.source.update": "Webhook source changed",
  "webhooks.source.delete": "Webhook source deleted",
  "webhooks.endpoint.create": "Endpoint created",
  "webhooks.endpoint.update": "Endpoint changed",
  "webhooks.endpoint.delete": "Endpoint deleted",
  "webhooks.endpoint.disable": "Endpoint disabled",
  "webhooks.delivery.replay": "Dead letter replayed",
  "webhooks.source.rotate": "Webhook secret rotated",
  "webhooks.replay.start": "Replay run started",
  "cache.entries.invalidate": "Cache entries invalidated",
  "cache.keys.remove": "Redis keys removed",
  "sources.server.create": "Server watched",
  "sources.server.update": "Watched server changed",
  "sources.server.delete": "Server no longer watched",
  "sources.target.create": "Service watched",
  "sources.target.update": "Watched service changed",
  "sources.target.delete": "Service no longer watched",
  "breakers.breaker.open": "Breaker forced open",
  "breakers.breaker.close": "Breaker forced closed",
  "breakers.breaker.reset": "Breaker reset",
};
const titleOf = new Map<string, string>(Object.entries(titles));
const actions = [...titleOf.keys()];

export type RecentAct = {
  at: string;
  text: string;
  by: string;
  kind: "audit";
  state: null;
  /** Ids and names of its targets. */
  about: string[];
};

const lineOf = (content: string) => {
  const event = parseContent(content);
  const names = event.targets.map(({ name }) => name).join(", ");
  return {
    at: event.recordedAt,
    text: `${titleOf.get(event.action) ?? event.action}: ${names}`.slice(0, 200),
    by: event.actor.display,
    about: event.targets.flatMap(({ id: target, name }) => [target, name]),
  };
};
const lineRow = z.object({ id: z.string(), content: z.string() });

/** Successful changes as single lines, newest first. */
export function createRecentActs({ database }: { database: Database }) {
  return {
    /** The newest changes of each organization, in one statement for all of them. */
    async newest(organizationIds: readonly string[]): Promise<ReadonlyMap<string, RecentAct[]>> {
      if (organizationIds.length === 0) return new Map();
      const { rows } = await database.asOrganizations(organizationIds, async (tx) => {
        await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
        return sql`
          select wanted.org_id as "organizationId", newest.content
          from unnest(${[...organizationIds]}::uuid[]) as wanted (org_id)
          cross join lateral (
            select e.content, e.recorded_at, e.id from audit_events e
            where e.org_id = wanted.org_id and e.action = any (${actions}::text[]) and e.outcome = 'success'
            order by e.recorded_at desc, e.id desc limit ${perOrganization}
          ) newest
          order by newest.recorded_at desc, newest.id desc`.execute(tx);
      });
      const acts = new Map<string, RecentAct[]>(organizationIds.map((id) => [id, []]));
      for (const row of rows) {
        const { organizationId, content } = recentRow.parse(row);
        const { at, text, by, about } = lineOf(content);
        acts.get(organizationId)?.push({ at, text, by, kind: "audit", state: null, about });
      }
      return acts;
    },
    /** Changes of one organization within a range, at most `limit`; `about`: only of these ids or names. */
    async between(
      organizationId: string,
      { from, to, about }: { from: string; to: string; about?: readonly string[] | undefined },
      limit: number,
    ) {
      const { rows } = await database.asOrganizations([organizationId], async (tx) => {
        await sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`.execute(tx);
        return sql`
          select e.id, e.content from audit_events e
          where e.org_id = ${organizationId} and e.action = any (${actions}::text[]) and e.outcome = 'success'
            and e.recorded_at >= ${from} and e.recorded_at < ${to}
            and (${about ? [...about] : null}::text[] is null or e.target_keys && ${about ? [...about] : null}::text[])
          order by e.recorded_at desc, e.id desc limit ${limit}`.execute(tx);
      });
      return rows.map((row) => {
        const { id, content } = lineRow.parse(row);
        const { at, text, by } = lineOf(content);
        return { id, at, text, by };
      });
    },
  };
}
