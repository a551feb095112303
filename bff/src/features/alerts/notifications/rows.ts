import type { ChannelKind, NotificationEvent, Severity } from "@wheelhouse/shared/alerts/notifications.ts";
import type { Insertable, Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import type { Person, StandingChannel, Way } from "../routing/routing.ts";

/** What a notification says. */
export type Content = {
  organizationId: string;
  incidentId: string | null;
  event: NotificationEvent;
  severity: Severity;
  title: string;
  summary: string;
  path: string;
  startedAt: Date | null;
};

/** Why somebody is told: the step of a team. */
export type Because = { team: string | null; step: number | null };

/** To whom and over what. */
export type Recipient = {
  channel: ChannelKind;
  userId: string | null;
  channelId: string | null;
  recipient: string;
  address: string | null;
  /** Whom the throttle counts; null for what is never held back. */
  throttleKey: string | null;
  isDigest: boolean;
};

export const toPerson = (person: Person, way: Way): Recipient => ({
  channel: way.kind,
  userId: person.userId,
  channelId: way.contact?.id ?? null,
  recipient: person.name,
  address: way.kind === "email" && way.contact === null ? person.email : null,
  // The bell is a list that disturbs nobody.
  throttleKey: way.kind === "bell" ? null : `${person.userId}:${way.contact?.id ?? way.kind}`,
  isDigest: way.isDigest,
});

export const toChannel = ({ id, kind, name }: StandingChannel): Recipient => ({
  channel: kind,
  userId: null,
  channelId: id,
  recipient: name,
  address: null,
  throttleKey: id,
  isDigest: false,
});

const most = 500;

/** Writes one row for each recipient, to be sent after the commit. @param digestAt when digests of today's are due */
export async function insertNotifications(
  tx: Transaction<Tables>,
  content: Content,
  recipients: readonly Recipient[],
  { because, now, digestAt }: { because: Because; now: Date; digestAt: Date },
): Promise<void> {
  const unique = [
    ...new Map(
      recipients.map((each) => [`${each.channel}:${each.channelId ?? each.userId}:${each.isDigest}`, each]),
    ).values(),
  ];
  if (unique.length === 0) return;
  await tx
    .insertInto("notifications")
    .values(
      unique.slice(0, most).map(
        (each): Insertable<Tables["notifications"]> => ({
          org_id: content.organizationId,
          incident_id: content.incidentId,
          event: content.event,
          severity: content.severity,
          title: content.title,
          summary: content.summary,
          path: content.path,
          started_at: content.startedAt,
          channel: each.channel,
          user_id: each.userId,
          channel_id: each.channelId,
          recipient: each.recipient,
          address: each.address,
          throttle_key: each.throttleKey,
          team: because.team,
          step: because.step,
          state: each.isDigest ? "held" : "pending",
          due_at: each.isDigest ? digestAt : now,
        }),
      ),
    )
    .execute();
}
