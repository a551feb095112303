import { createHash } from "node:crypto";
import type { Contact, SharedChannel, SharedChannelKind } from "@wheelhouse/shared/alerts/channels.ts";
import type { Severity } from "@wheelhouse/shared/alerts/notifications.ts";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Tables } from "#database/tables.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";

type ChannelRow = Omit<Selectable<Tables["alert_channels"]>, "secret_box">;
type ContactRow = Omit<Selectable<Tables["alert_contacts"]>, "secret_box" | "secret_hash">;

const mostChannels = 100;
const mostContacts = 20;

const channelColumns = [
  "id",
  "org_id",
  "kind",
  "name",
  "hint",
  "endpoint_id",
  "least_severity",
  "failing_since",
  "last_error",
  "last_sent_at",
  "tested_at",
  "version",
  "created_at",
] as const;
const contactColumns = [
  "id",
  "org_id",
  "user_id",
  "kind",
  "name",
  "hint",
  "expired_at",
  "failing_since",
  "last_error",
  "last_sent_at",
  "tested_at",
  "created_at",
] as const;

export const channelPurpose = (id: string) => `alert_channels:${id}`;
export const contactPurpose = (id: string) => `alert_contacts:${id}`;

const iso = (date: Date | null) => date?.toISOString() ?? null;
const healthOf = (row: Pick<ChannelRow, "failing_since" | "last_error" | "last_sent_at" | "tested_at">) => ({
  failingSince: iso(row.failing_since),
  lastError: row.last_error,
  lastSentAt: iso(row.last_sent_at),
  testedAt: iso(row.tested_at),
});

export const channelView = (row: ChannelRow): SharedChannel => {
  const { failingSince, lastError, lastSentAt, testedAt } = healthOf(row);
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    hint: row.hint,
    endpointId: row.endpoint_id,
    leastSeverity: row.least_severity,
    failingSince,
    lastError,
    lastSentAt,
    testedAt,
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
};

export const contactView = (row: ContactRow): Contact => {
  const { failingSince, lastError, lastSentAt, testedAt } = healthOf(row);
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    hint: row.hint,
    expiredAt: iso(row.expired_at),
    failingSince,
    lastError,
    lastSentAt,
    testedAt,
    createdAt: row.created_at.toISOString(),
  };
};

const nameTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "There is already a channel of this name.", {
      details: [{ field: "body.name", message: "is already taken" }],
      cause: error,
    });
  throw error;
};

/** Shared channels and those of people. Secrets are sealed for their row and opened only to send. */
export function createChannelStore(database: Database, box: SecretBox) {
  /** @throws 404 when the person has no such contact here. */
  async function contact(
    tx: Transaction<Tables>,
    organizationId: string,
    userId: string,
    id: string,
  ): Promise<ContactRow> {
    const row = await tx
      .selectFrom("alert_contacts")
      .select(contactColumns)
      .where("org_id", "=", organizationId)
      .where("user_id", "=", userId)
      .where("id", "=", id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound("contact");
    return row;
  }

  return {
    contact,
    findContact: (organizationId: string, userId: string, id: string) =>
      database.asOrganizations([organizationId], (tx) => contact(tx, organizationId, userId, id)),

    list: (organizationId: string) =>
      database.asOrganizations([organizationId], (tx) =>
        tx
          .selectFrom("alert_channels")
          .select(channelColumns)
          .where("org_id", "=", organizationId)
          .orderBy("name")
          .orderBy("id")
          .limit(mostChannels)
          .execute(),
      ),

    /** The row, locked until the transaction ends. @throws 404 when the organization has no such channel. */
    async lock(tx: Transaction<Tables>, organizationId: string, id: string): Promise<ChannelRow> {
      const row = await tx
        .selectFrom("alert_channels")
        .select(channelColumns)
        .where("org_id", "=", organizationId)
        .where("id", "=", id)
        .forUpdate()
        .executeTakeFirst();
      if (!row) throw notFound("channel");
      return row;
    },

    async insert(
      tx: Transaction<Tables>,
      row: {
        id: string;
        org_id: string;
        kind: SharedChannelKind;
        name: string;
        hint: string;
        endpoint_id: string | null;
        least_severity: Severity;
      },
      secret: string | null,
    ): Promise<ChannelRow> {
      const { count } = await tx
        .selectFrom("alert_channels")
        .select(sql<number>`count(*)::int`.as("count"))
        .where("org_id", "=", row.org_id)
        .executeTakeFirstOrThrow();
      if (count >= mostChannels)
        throw new AppError(
          "conflict",
          `An organization has at most ${mostChannels} channels; delete one first.`,
        );
      return tx
        .insertInto("alert_channels")
        .values({ ...row, secret_box: secret === null ? null : box.seal(secret, channelPurpose(row.id)) })
        .returning(channelColumns)
        .executeTakeFirstOrThrow()
        .catch(nameTaken);
    },

    update: (
      tx: Transaction<Tables>,
      before: ChannelRow,
      change: { name: string; least_severity: Severity; hint: string },
      secret: string | null,
    ): Promise<ChannelRow> =>
      tx
        .updateTable("alert_channels")
        .set({
          ...change,
          version: before.version + 1,
          ...(secret === null
            ? {}
            : {
                secret_box: box.seal(secret, channelPurpose(before.id)),
                failing_since: null,
                last_error: null,
              }),
        })
        .where("id", "=", before.id)
        .returning(channelColumns)
        .executeTakeFirstOrThrow()
        .catch(nameTaken),

    remove: (tx: Transaction<Tables>, id: string) =>
      tx.deleteFrom("alert_channels").where("id", "=", id).execute(),

    contacts: (tx: Transaction<Tables>, organizationId: string, userId: string) =>
      tx
        .selectFrom("alert_contacts")
        .select(contactColumns)
        .where("org_id", "=", organizationId)
        .where("user_id", "=", userId)
        .orderBy("id")
        .limit(mostContacts)
        .execute(),

    /** Adds a contact; the same one again renews it. */
    async addContact(
      tx: Transaction<Tables>,
      row: {
        id: string;
        org_id: string;
        user_id: string;
        kind: ContactRow["kind"];
        name: string;
        hint: string;
      },
      secret: string,
    ): Promise<ContactRow> {
      const hash = createHash("sha256").update(`${row.kind}:${secret}`).digest();
      const known = await tx
        .selectFrom("alert_contacts")
        .select(["id", "secret_hash"])
        .where("org_id", "=", row.org_id)
        .where("user_id", "=", row.user_id)
        .forUpdate()
        .execute();
      const same = known.find(({ secret_hash }) => secret_hash.equals(hash));
      if (same)
        return tx
          .updateTable("alert_contacts")
          .set({ name: row.name, expired_at: null, failing_since: null, last_error: null })
          .where("id", "=", same.id)
          .returning(contactColumns)
          .executeTakeFirstOrThrow();
      if (known.length >= mostContacts)
        throw new AppError(
          "conflict",
          `You have ${mostContacts} ways to be reached already; remove one first.`,
        );
      return tx
        .insertInto("alert_contacts")
        .values({ ...row, secret_hash: hash, secret_box: box.seal(secret, contactPurpose(row.id)) })
        .returning(contactColumns)
        .executeTakeFirstOrThrow();
    },

    removeContact: (tx: Transaction<Tables>, id: string) =>
      tx.deleteFrom("alert_contacts").where("id", "=", id).execute(),
  };
}
export type ChannelStore = ReturnType<typeof createChannelStore>;
