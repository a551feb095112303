import type { Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { everyone, type Person, readStanding, waysOf } from "../routing/routing.ts";
import { insertNotifications, type Recipient, toChannel, toPerson } from "./rows.ts";
import type { Claimed } from "./store.ts";

const mostTold = 100;

/** What happens when a channel fails: its failure is told over others, and a call that is lost takes another way. */
export function createFallbacks({
  database,
  sendsMail,
  clock,
}: {
  database: Database;
  sendsMail: boolean;
  clock: Clock;
}) {
  const standingOf = (tx: Transaction<Tables>, organizationId: string) =>
    readStanding(tx, organizationId, { sendsMail, sinceMs: clock.now() });
  const at = () => {
    const now = new Date(clock.now());
    return { because: { team: null, step: null }, now, digestAt: now };
  };
  const isSame = (row: Claimed, { channel, channelId, userId }: Recipient) =>
    channel === row.channel && channelId === row.channel_id && userId === row.user_id;

  return {
    /** Tells, over everything but the channel itself, that it fails: its person, or those who look after incidents. */
    reportChannel: (row: Claimed, reason: string) =>
      database.system.transaction().execute(async (tx) => {
        const standing = await standingOf(tx, row.org_id);
        const own = row.user_id === null ? undefined : standing.people.get(row.user_id);
        const told: readonly Person[] = row.user_id === null ? everyone(standing).people : own ? [own] : [];
        const recipients = told
          .slice(0, mostTold)
          .flatMap((person) => waysOf(person, "warning", clock.now()).map((way) => toPerson(person, way)))
          .filter((each) => !isSame(row, each));
        const content = {
          organizationId: row.org_id,
          incidentId: null,
          event: "channel",
          severity: "warning",
          title: `${row.user_id === null ? row.recipient : "One of your channels"} (${row.channel}) fails`,
          summary: `The latest message was not accepted: ${reason}`,
          path: "oncall",
          startedAt: new Date(clock.now()),
        } as const;
        await insertNotifications(tx, content, recipients, at());
      }),

    /**
     * Sends a call that could not be sent over the person's other ways, or for a shared channel over the organization's
     * other ones; each once.
     */
    async takeAnotherWay(row: Claimed) {
      if (row.incident_id === null || row.severity === "info") return;
      await database.system.transaction().execute(async (tx) => {
        // Acknowledged or resolved meanwhile: nothing follows.
        const call = await tx
          .selectFrom("alert_calls")
          .select("state")
          .where("org_id", "=", row.org_id)
          .where("incident_id", "=", row.incident_id)
          .forShare()
          .executeTakeFirst();
        if (call?.state !== "calling") return;
        const standing = await standingOf(tx, row.org_id);
        const person = row.user_id === null ? undefined : standing.people.get(row.user_id);
        const all = person
          ? waysOf({ ...person, rules: everyWay }, row.severity, clock.now()).map((way) =>
              toPerson(person, way),
            )
          : [...standing.channels.values()].map(toChannel);
        const known = await tx
          .selectFrom("notifications")
          .select(["channel", "channel_id", "user_id"])
          .where("org_id", "=", row.org_id)
          .where("incident_id", "=", row.incident_id)
          .where("event", "=", row.event)
          .limit(1_000)
          .execute();
        const others = all.filter(
          ({ channel, channelId, userId }) =>
            !known.some(
              (each) => each.channel === channel && each.channel_id === channelId && each.user_id === userId,
            ),
        );
        const { org_id, incident_id, event, severity, title, summary, path, started_at, team, step } = row;
        const content = {
          organizationId: org_id,
          incidentId: incident_id,
          event,
          severity,
          title,
          summary,
          path,
          startedAt: started_at,
        };
        await insertNotifications(tx, content, others, { ...at(), because: { team, step } });
      });
    },
  };
}
export type Fallbacks = ReturnType<typeof createFallbacks>;

const all = ["bell", "push", "pagerduty", "email"] as const;
const always = { day: [...all], night: [...all] };
const everyWay = { critical: always, warning: always, info: always };
