import { sql } from "kysely";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";

type Group = {
  org_id: string;
  channel: "bell" | "email" | "push" | "slack" | "teams" | "pagerduty" | "json" | "webhook";
  user_id: string | null;
  channel_id: string | null;
  address: string | null;
  recipient: string;
  count: number;
  severity: "critical" | "warning" | "info";
  titles: string[];
  ids: string[];
};

const groupsAtOnce = 100;
const mostInOne = 1_000;
const mostTitles = 20;

/** Sends what was held back, or was to be gathered, as one message to each recipient. Once per cluster. */
export function createDigests({ database, clock }: { database: Database; clock: Clock }) {
  return {
    run: () =>
      database.system.transaction().execute(async (tx) => {
        const { rows: locks } = await sql<{ ours: boolean }>`
          select pg_try_advisory_xact_lock(hashtext('wheelhouse'), hashtext('notification digests')) as ours
        `.execute(tx);
        if (!locks[0]?.ours) return 0;
        const now = new Date(clock.now());
        // A recipient whose oldest is due gets all that is held.
        const { rows: groups } = await sql<Group>`
          with due as (
            select org_id, channel, user_id, channel_id from notifications
            where state = 'held' and due_at <= ${now}
            group by 1, 2, 3, 4 limit ${groupsAtOnce}
          )
          select d.org_id, d.channel, d.user_id, d.channel_id, max(n.address) as address, max(n.recipient) as recipient,
            count(*)::int as count,
            case when bool_or(n.severity = 'critical') then 'critical' when bool_or(n.severity = 'warning') then 'warning'
              else 'info' end as severity,
            (array_agg(n.title order by n.id desc))[1:${sql.lit(mostTitles)}] as titles, array_agg(n.id) as ids
          from due d cross join lateral (
            select * from notifications h
            where h.state = 'held' and h.org_id = d.org_id and h.channel = d.channel
              and h.user_id is not distinct from d.user_id and h.channel_id is not distinct from d.channel_id
            order by h.id limit ${mostInOne}
          ) n
          group by 1, 2, 3, 4
        `.execute(tx);
        for (const group of groups) {
          const { id } = await tx
            .insertInto("notifications")
            .values({
              org_id: group.org_id,
              event: "digest",
              severity: group.severity,
              title: group.count === 1 ? (group.titles[0] ?? "") : `${group.count} more notifications`,
              summary: listOf(group),
              path: "alerts",
              channel: group.channel,
              user_id: group.user_id,
              channel_id: group.channel_id,
              address: group.address,
              recipient: group.recipient,
              state: "pending",
              due_at: now,
            })
            .returning("id")
            .executeTakeFirstOrThrow();
          await tx
            .updateTable("notifications")
            .set({ state: "digested", digest_id: id })
            .where("id", "in", group.ids)
            .where("state", "=", "held")
            .execute();
        }
        return groups.length;
      }),
  };
}

function listOf({ titles, count }: Group): string {
  const rest = count - titles.length;
  return [...titles.map((title) => `• ${title}`), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}
