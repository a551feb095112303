import type { Database } from "#lib/postgres/postgres.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import type { Sent, Target } from "./outlets.ts";
import { channelPurpose, contactPurpose } from "./store.ts";

/** What is sent, as far as its destination goes. */
export type Addressed = {
  org_id: string;
  channel: "bell" | Target["kind"];
  channel_id: string | null;
  user_id: string | null;
  address: string | null;
};

const isShared = ({ user_id }: Addressed) => user_id === null;

/** Opens where messages go, and keeps what became of them with the channel. As the system role. */
export function createTargets(database: Database, box: SecretBox) {
  const { system } = database;

  async function sharedTarget({ org_id, channel_id }: Addressed): Promise<Target | null> {
    const row = await system
      .selectFrom("alert_channels")
      .select(["id", "kind", "secret_box", "endpoint_id"])
      .where("org_id", "=", org_id)
      .where("id", "=", channel_id)
      .executeTakeFirst();
    if (!row) return null;
    if (row.kind === "webhook")
      return row.endpoint_id ? { kind: "webhook", endpointId: row.endpoint_id } : null;
    return row.secret_box
      ? { kind: row.kind, id: row.id, secret: box.open(row.secret_box, channelPurpose(row.id)) }
      : null;
  }

  async function personalTarget({ org_id, channel_id, user_id }: Addressed): Promise<Target | null> {
    const row = await system
      .selectFrom("alert_contacts")
      .select(["id", "kind", "secret_box"])
      .where("org_id", "=", org_id)
      .where("user_id", "=", user_id)
      .where("id", "=", channel_id)
      .executeTakeFirst();
    if (!row) return null;
    const secret = box.open(row.secret_box, contactPurpose(row.id));
    return row.kind === "email" ? { kind: "email", address: secret } : { kind: row.kind, id: row.id, secret };
  }

  return {
    /** Null if the channel is gone. */
    async of(row: Addressed): Promise<Target | null> {
      if (row.channel_id !== null) return isShared(row) ? sharedTarget(row) : personalTarget(row);
      return row.address === null ? null : { kind: "email", address: row.address };
    },

    /**
     * Keeps the newest outcome with the channel.
     * @returns whether it has just begun to fail.
     */
    async keep(
      row: Addressed,
      { result, detail }: Sent,
      now: Date,
      { isTest }: { isTest: boolean },
    ): Promise<boolean> {
      if (row.channel_id === null || result === "refused") return false;
      const isSent = result === "sent";
      const change = {
        last_error: isSent ? null : detail,
        ...(isSent ? { last_sent_at: now, failing_since: null } : {}),
        ...(isTest ? { tested_at: now } : {}),
      };
      const table = isShared(row) ? "alert_channels" : "alert_contacts";
      const of = system.updateTable(table).where("org_id", "=", row.org_id).where("id", "=", row.channel_id);
      await of.set(change).execute();
      if (isSent) return false;
      const begun = await of
        .set({ failing_since: now })
        .where("failing_since", "is", null)
        .returning("id")
        .executeTakeFirst();
      if (result === "gone" && !isShared(row))
        await system
          .updateTable("alert_contacts")
          .set({ expired_at: now })
          .where("org_id", "=", row.org_id)
          .where("id", "=", row.channel_id)
          .execute();
      return begun !== undefined;
    },
  };
}
export type Targets = ReturnType<typeof createTargets>;
