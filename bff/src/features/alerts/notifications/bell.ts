import type { BellItem } from "@wheelhouse/shared/alerts/notifications.ts";
import { bellItem } from "@wheelhouse/shared/alerts/notifications.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import type { Database } from "#lib/postgres/postgres.ts";
import { redisDatabaseOf } from "#lib/redis/redis.ts";
import type { NotificationRow } from "./store.ts";

const mostItems = 30;

type Told = { organizationId: string; userId: string };
/** Sends a message to the sockets that one person has in this process. */
export type TellPerson = (whom: Told, message: BellItem) => void;

const itemOf = (
  row: Pick<
    NotificationRow,
    "id" | "event" | "severity" | "title" | "summary" | "path" | "created_at" | "read_at"
  >,
): BellItem => ({
  id: row.id,
  event: row.event,
  severity: row.severity,
  title: row.title,
  summary: row.summary,
  path: row.path,
  at: row.created_at.toISOString(),
  readAt: row.read_at?.toISOString() ?? null,
});

/**
 * The list of a person's notifications in the console. The rows are in Postgres; a message over Redis only says that there
 * is a new one, so that a lost message costs nothing but time.
 */
export function createBell(deps: {
  database: Database;
  redis: Redis;
  redisUrl: string;
  /** A connection that only subscribes. */
  subscriber: Redis;
  log: Logger;
}) {
  const { database, redis, redisUrl, subscriber, log } = deps;
  // Redis does not divide pub/sub by its logical databases.
  const prefix = `wheelhouse:${redisDatabaseOf(redisUrl) ?? 0}:notifications:`;
  const channelOf = (organizationId: string, userId: string) => `${prefix}${organizationId}:${userId}`;
  const whom = z.tuple([z.uuid(), z.uuid()]);

  const unread = (organizationId: string, userId: string) =>
    database.asOrganizations([organizationId], async (tx) => {
      const { count } = await tx
        .selectFrom("notifications")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("org_id", "=", organizationId)
        .where("user_id", "=", userId)
        .where("channel", "=", "bell")
        .where("state", "=", "sent")
        .where("read_at", "is", null)
        .executeTakeFirstOrThrow();
      return count;
    });

  return {
    /** Announces a new item to the person's open pages; without Redis they see it when they read the list again. */
    ring(row: NotificationRow) {
      if (row.user_id === null) return;
      redis
        .publish(channelOf(row.org_id, row.user_id), JSON.stringify(itemOf(row)))
        .catch((err: unknown) => log.debug({ err }, "a notification could not be published"));
    },

    /** Hands what is published to the sockets of this process. @returns how to stop. */
    follow(tell: TellPerson) {
      const listen = () => {
        subscriber
          .psubscribe(`${prefix}*`)
          .catch((err: unknown) => log.debug({ err }, "not subscribed to notifications yet"));
      };
      const hear = (_pattern: string, channel: string, text: string) => {
        if (!channel.startsWith(prefix)) return;
        const to = whom.safeParse(channel.slice(prefix.length).split(":")).data;
        const item = bellItem.safeParse(jsonOf(text)).data;
        if (!to || !item) return log.warn({ channel }, "a malformed notification was dropped");
        tell({ organizationId: to[0], userId: to[1] }, item);
      };
      // The client does not resubscribe by itself, see createRedis.
      subscriber.on("ready", listen);
      subscriber.on("pmessage", hear);
      if (subscriber.status === "ready") listen();
      return () => {
        subscriber.off("ready", listen);
        subscriber.off("pmessage", hear);
      };
    },

    async read(organizationId: string, userId: string) {
      const { rows, hasSound } = await database.asOrganizations([organizationId], async (tx) => ({
        rows: await tx
          .selectFrom("notifications")
          .select(["id", "event", "severity", "title", "summary", "path", "created_at", "read_at"])
          .where("org_id", "=", organizationId)
          .where("user_id", "=", userId)
          .where("channel", "=", "bell")
          .where("state", "=", "sent")
          .orderBy("id", "desc")
          .limit(mostItems)
          .execute(),
        hasSound: await tx
          .selectFrom("alert_people")
          .select("has_sound")
          .where("org_id", "=", organizationId)
          .where("user_id", "=", userId)
          .executeTakeFirst(),
      }));
      return {
        items: rows.map(itemOf),
        unread: await unread(organizationId, userId),
        hasSound: hasSound?.has_sound ?? false,
      };
    },

    async markRead(organizationId: string, userId: string, upTo: string) {
      await database.asOrganizations([organizationId], (tx) =>
        tx
          .updateTable("notifications")
          .set({ read_at: new Date() })
          .where("org_id", "=", organizationId)
          .where("user_id", "=", userId)
          .where("channel", "=", "bell")
          .where("read_at", "is", null)
          .where("id", "<=", upTo)
          .execute(),
      );
      return { unread: await unread(organizationId, userId) };
    },
  };
}
export type Bell = ReturnType<typeof createBell>;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
