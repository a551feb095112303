import { type Selectable, sql, type Transaction } from "kysely";
import { uuidv7 } from "uuidv7";
import type { Tables } from "#database/tables.ts";
import type { Database } from "#lib/postgres/postgres.ts";

export type NotificationRow = Selectable<Tables["notifications"]>;
/** A claimed notification with what its text needs. */
export type Claimed = NotificationRow & { slug: string; organization: string; allows_links: boolean };

export type Outcome = {
  /** `later`: refused without an attempt, as by an open breaker. */
  result: "sent" | "failed" | "later";
  latencyMs: number;
  detail: string;
  /** When it is tried again; null for never. */
  againAt: Date | null;
};

/** A claim without an outcome is taken over after this time. */
const claimMs = 45_000;
const keptDays = 30;
const deletedAtOnce = 2_000;

/** Rows of notifications, as the system role, which sends those of all organizations. */
export function createNotificationStore(database: Database) {
  const { system } = database;

  /** Whether the recipient may get another one in the current window; one statement, so that no two count alike. */
  async function mayHaveOne(tx: Transaction<Tables>, row: NotificationRow, now: Date): Promise<Date | null> {
    const limits = await tx
      .selectFrom("alert_settings")
      .select(["throttle_limit", "throttle_minutes"])
      .where("org_id", "=", row.org_id)
      .executeTakeFirst();
    const limit = limits?.throttle_limit ?? 20;
    const minutes = limits?.throttle_minutes ?? 10;
    const since = new Date(now.getTime() - minutes * 60_000);
    const { rows } = await sql<{ used: number }>`
      insert into notification_allowances as a (org_id, throttle_key, window_started_at, used)
      values (${row.org_id}::uuid, ${row.throttle_key}, ${now}, 1)
      on conflict (org_id, throttle_key) do update set
        used = case when a.window_started_at <= ${since} then 1 else a.used + 1 end,
        window_started_at = case when a.window_started_at <= ${since} then excluded.window_started_at
          else a.window_started_at end
      where a.window_started_at <= ${since} or a.used < ${limit}
      returning used
    `.execute(tx);
    return rows.length > 0 ? null : new Date(now.getTime() + minutes * 60_000);
  }

  return {
    /** Ids of what is due, oldest first. E-mail has a queue of its own and comes here only when that did not ring. */
    async due(now: Date, limit: number, mailGraceMs: number): Promise<string[]> {
      const rows = await system
        .selectFrom("notifications")
        .select("id")
        .where("state", "=", "pending")
        .where("due_at", "<=", now)
        .where((eb) =>
          eb.or([
            eb("channel", "<>", "email"),
            eb("attempts", ">", 0),
            eb("due_at", "<=", new Date(now.getTime() - mailGraceMs)),
          ]),
        )
        .orderBy("due_at")
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Ids of e-mails that nobody has rung for yet. */
    async freshMails(since: Date, now: Date, limit: number): Promise<string[]> {
      const rows = await system
        .selectFrom("notifications")
        .select("id")
        .where("state", "=", "pending")
        .where("channel", "=", "email")
        .where("attempts", "=", 0)
        .where("due_at", "<=", now)
        .where("due_at", ">", since)
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    /**
     * Takes a notification for sending, unless another process has it, it was withdrawn, or its recipient has had enough;
     * the latter is held for a digest. Committed before anything is sent.
     */
    claim: (id: string, now: Date): Promise<Claimed | null> =>
      system.transaction().execute(async (tx) => {
        const row = await tx
          .updateTable("notifications")
          .set((eb) => ({
            state: "sending",
            claim: uuidv7(),
            claimed_until: new Date(now.getTime() + claimMs),
            attempts: eb("attempts", "+", 1),
          }))
          .where("id", "=", id)
          .where("state", "=", "pending")
          .where("due_at", "<=", now)
          .returningAll()
          .executeTakeFirst();
        if (!row) return null;
        const heldUntil =
          row.attempts === 1 && row.throttle_key !== null ? await mayHaveOne(tx, row, now) : null;
        if (heldUntil) {
          await tx
            .updateTable("notifications")
            .set({ state: "held", due_at: heldUntil, attempts: 0, claim: null, claimed_until: null })
            .where("id", "=", id)
            .execute();
          return null;
        }
        const about = await tx
          .selectFrom("organizations")
          .leftJoin("alert_settings", "alert_settings.org_id", "organizations.id")
          .select(["slug", "name", "allows_links"])
          .where("organizations.id", "=", row.org_id)
          .executeTakeFirstOrThrow();
        return {
          ...row,
          slug: about.slug,
          organization: about.name,
          allows_links: about.allows_links === true,
        };
      }),

    /** Stores what became of a claim. What was withdrawn meanwhile is not tried again. */
    async settle(row: Claimed, { result, latencyMs, detail, againAt }: Outcome, now: Date) {
      const isSent = result === "sent";
      const after = isSent ? ("sent" as const) : againAt ? ("pending" as const) : ("failed" as const);
      await system
        .updateTable("notifications")
        .set((eb) => ({
          state: isSent
            ? eb.val(after)
            : eb
                .case()
                .when("withdrawn_at", "is not", null)
                .then(eb.val("cancelled" as const))
                .else(eb.val(after))
                .end(),
          claim: null,
          claimed_until: null,
          sent_at: isSent ? now : null,
          latency_ms: latencyMs,
          error: isSent ? null : detail.slice(0, 500),
          ...(result === "later" ? { attempts: eb("attempts", "-", 1) } : {}),
          ...(againAt ? { due_at: againAt } : {}),
          // What only the recipient may see is not kept longer than needed.
          ...(after === "pending" ? {} : { content_box: null }),
        }))
        .where("id", "=", row.id)
        .where("claim", "=", row.claim)
        .execute();
    },

    /** Puts claims of killed processes back. They may have been sent; the receivers that can recognise a repetition. */
    async recover(now: Date) {
      await system
        .updateTable("notifications")
        .set((eb) => ({
          state: eb
            .case()
            .when("withdrawn_at", "is not", null)
            .then(eb.val("cancelled" as const))
            .else(eb.val("pending" as const))
            .end(),
          claim: null,
          claimed_until: null,
          due_at: now,
        }))
        .where("state", "=", "sending")
        .where("claimed_until", "<", now)
        .execute();
    },

    /** Deletes old rows, some at a time. */
    async forget() {
      for (const [table, condition] of [
        [
          "notifications",
          sql`created_at < now() - make_interval(days => ${keptDays}) and state not in ('pending', 'sending')`,
        ],
        ["alert_calls", sql`state = 'ended' and updated_at < now() - make_interval(days => ${keptDays})`],
        ["notification_allowances", sql`window_started_at < now() - interval '2 days'`],
      ] as const)
        for (let deleted = deletedAtOnce; deleted === deletedAtOnce; ) {
          const { rows } = await sql<{ n: number }>`
            with gone as (delete from ${sql.table(table)} where ctid = any (array(
              select ctid from ${sql.table(table)} where ${condition} limit ${deletedAtOnce})) returning 1)
            select count(*)::int as n from gone`.execute(system);
          deleted = rows[0]?.n ?? 0;
        }
    },
  };
}
export type NotificationStore = ReturnType<typeof createNotificationStore>;
