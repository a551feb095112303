import { createHash, randomBytes } from "node:crypto";
import { roles } from "@wheelhouse/shared/capabilities.ts";
import { sql, type Transaction } from "kysely";
import type { QueryConfig } from "pg";
import type { Logger } from "pino";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { type Database, onDatabase } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import {
  confirmedForMs,
  familiarForMs,
  lastSeenStepMs,
  rotationGraceMs,
  type SessionLimits,
} from "../config.ts";

/** A session with its user and memberships, read from the database at this moment. */
const liveSession = z.object({
  id: z.uuid(),
  /** The token was rotated less than 30 s ago and only allows reads. */
  previous: z.boolean(),
  tokenHash: z.string(),
  defaultOrganizationId: z.uuid(),
  expiresAt: z.date(),
  lastSeenAt: z.date(),
  /** The user signed in or confirmed their identity within the last 5 minutes. */
  confirmed: z.boolean(),
  signedInBy: z.enum(["password", "oidc"]),
  user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
  memberships: z.array(z.object({ organizationId: z.uuid(), role: z.enum(roles) })),
});
export type LiveSession = z.infer<typeof liveSession>;

const listedSession = z.object({
  id: z.uuid(),
  signedInBy: z.enum(["password", "oidc"]),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: z.date(),
  lastSeenAt: z.date(),
  expiresAt: z.date(),
  total: z.number(),
});

const organizationRow = listedSession.extend({
  userId: z.uuid(),
  name: z.string(),
  email: z.string(),
});

const lookupTimeoutMs = 2_000;
const batchMax = 500;
// Two, so that one slow lookup only holds up half of the callers.
const lookupsAtOnce = 2;

const lookupSql = "select * from wheelhouse.find_sessions($1, $2, $3, $4, $5)";

export const hashToken = (token: string): Buffer => createHash("sha256").update(token).digest();
/** 256 random bits, URL-safe. */
export const newToken = (): string => randomBytes(32).toString("base64url");

// node-postgres accepts a timeout per query, but its types do not include it.
type TimedQuery = QueryConfig & { query_timeout: number };
type Waiting = { resolve: (session: LiveSession | undefined) => void; reject: (error: unknown) => void };

const listedColumns = sql`
  s.id, s.auth_method as "signedInBy", s.user_agent as "userAgent", s.address,
  s.created_at as "createdAt", s.last_seen_at as "lastSeenAt", s.expires_at as "expiresAt"`;
/** The last session of a page. */
export type SessionPlace = { createdAt: string; id: string };

type SessionStoreDeps = { database: Database; clock: Clock; limits: SessionLimits; log: Logger };

/** Sessions in Postgres. The database contains only hashes of tokens, so a copy of it gives no access. */
export function createSessionStore({ database, clock, limits, log }: SessionStoreDeps) {
  const ago = (forMs: number) => new Date(clock.now() - forMs);
  const isActive = () => sql`
    s.revoked_at is null and s.expires_at > ${ago(0)} and s.last_seen_at > ${ago(limits.idleMs)}
    and s.created_at > ${ago(limits.absoluteMs)}`;
  const waiting = new Map<string, Waiting[]>();
  let running = 0;

  // Requests that arrive during a lookup form the next batch: no delay when idle, few statements under load.
  function pump() {
    if (waiting.size === 0 || running === lookupsAtOnce) return;
    const batch = new Map([...waiting].slice(0, batchMax));
    for (const hash of batch.keys()) waiting.delete(hash);
    running += 1;
    void flush(batch).finally(() => {
      running -= 1;
      pump();
    });
  }

  async function flush(batch: ReadonlyMap<string, Waiting[]>) {
    const lookup: TimedQuery = {
      text: lookupSql,
      values: [
        [...batch.keys()].map((hash) => Buffer.from(hash, "hex")),
        // Applies a shortened limit to existing sessions too.
        ago(0),
        ago(limits.idleMs),
        ago(confirmedForMs),
        ago(limits.absoluteMs),
      ],
      query_timeout: lookupTimeoutMs,
    };
    try {
      const { rows } = await onDatabase(database.pools.system.query(lookup));
      const found = new Map(
        z
          .array(liveSession)
          .parse(rows)
          .map((session) => [session.tokenHash, session]),
      );
      for (const [hash, callers] of batch) for (const { resolve } of callers) resolve(found.get(hash));
      touch([...found.values()]);
    } catch (error) {
      for (const callers of batch.values()) for (const { reject } of callers) reject(error);
    }
  }

  function touch(sessions: LiveSession[]) {
    const ids = sessions
      .filter(({ lastSeenAt }) => clock.now() - lastSeenAt.getTime() > lastSeenStepMs)
      .map(({ id }) => id);
    if (ids.length === 0) return;
    const update: TimedQuery = {
      text: "update wheelhouse.sessions set last_seen_at = $2 where id = any ($1)",
      values: [ids, ago(0)],
      query_timeout: lookupTimeoutMs,
    };
    database.pools.system
      .query(update)
      .catch((err: unknown) => log.warn({ err }, "last use of sessions was not recorded"));
  }

  return {
    /**
     * The session of a token, undefined if there is no valid one. Lookups share statements, each of which
     * starts after the lookups were requested, so no revocation is missed.
     */
    find(token: string): Promise<LiveSession | undefined> {
      const hash = hashToken(token).toString("hex");
      if (waiting.size === 0) setImmediate(pump);
      return new Promise((resolve, reject) => {
        const callers = waiting.get(hash);
        if (callers) callers.push({ resolve, reject });
        else waiting.set(hash, [{ resolve, reject }]);
      });
    },

    async create(
      tx: Transaction<Tables>,
      session: {
        id: string;
        token: string;
        userId: string;
        organizationId: string;
        signedInBy: "password" | "oidc";
        address: string | null;
        userAgent: string | null;
      },
    ): Promise<Date> {
      const now = ago(0);
      const expiresAt = new Date(now.getTime() + limits.absoluteMs);
      await tx
        .insertInto("sessions")
        .values({
          id: session.id,
          token_hash: hashToken(session.token),
          user_id: session.userId,
          default_org_id: session.organizationId,
          auth_method: session.signedInBy,
          address: session.address,
          user_agent: session.userAgent?.replaceAll("\u0000", "").slice(0, 300) ?? null,
          created_at: now,
          last_seen_at: now,
          confirmed_at: now,
          expires_at: expiresAt,
        })
        .execute();
      return expiresAt;
    },

    /** @returns false if the session has already ended. */
    async revoke(tx: Transaction<Tables>, sessionId: string): Promise<boolean> {
      const { numUpdatedRows } = await tx
        .updateTable("sessions")
        .set({ revoked_at: new Date() })
        .where("id", "=", sessionId)
        .where("revoked_at", "is", null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Active sessions of a person, most recently used first. */
    async listOf(userId: string, limit: number) {
      const { rows } = await sql`
        select ${listedColumns}, (count(*) over ())::int as total
        from sessions s
        where s.user_id = ${userId} and ${isActive()}
        order by s.last_seen_at desc, s.id desc limit ${limit}
      `.execute(database.system);
      return z.array(listedSession).parse(rows);
    },

    /** Active sessions of an organization's members, newest sign-in first, after `place`. */
    async listOfOrganization(organizationId: string, place: SessionPlace | undefined, limit: number) {
      const members = sql`
        sessions s join memberships m on m.user_id = s.user_id and m.org_id = ${organizationId}::uuid
        where ${isActive()}`;
      const after = place
        ? sql`and (s.created_at, s.id) < (${place.createdAt}::timestamptz, ${place.id}::uuid)`
        : sql``;
      const { rows } = await sql`
        select l.*, u.id as "userId", u.name, u.email, (select count(*)::int from ${members}) as total
        from (
          select ${listedColumns}, s.user_id from ${members} ${after}
          order by s.created_at desc, s.id desc limit ${limit}
        ) l join users u on u.id = l.user_id
        order by l."createdAt" desc, l.id desc`.execute(database.system);
      return z.array(organizationRow).parse(rows);
    },

    idleMs: limits.idleMs,

    /** @returns ids of the person's sessions that ended. */
    async revokeOf(
      tx: Transaction<Tables>,
      userId: string,
      which: { only?: string; except?: string } = {},
    ): Promise<string[]> {
      let update = tx
        .updateTable("sessions")
        .set({ revoked_at: sql<Date>`now()` })
        .where("user_id", "=", userId)
        .where("revoked_at", "is", null)
        .where("expires_at", ">", ago(0));
      if (which.only) update = update.where("id", "=", which.only);
      if (which.except) update = update.where("id", "<>", which.except);
      return (await update.returning("id").execute()).map(({ id }) => id);
    },

    /**
     * Issues a new token, with another default organization or a fresh confirmation; the old token allows
     * reads for another 30 s.
     * @returns false if a concurrent rotation was faster.
     */
    async rotate(
      tx: Transaction<Tables>,
      { sessionId, from, to, organizationId, confirmed }: RotateInput,
    ): Promise<boolean> {
      const { rows } = await sql<{ rotated: boolean }>`
        select rotate_session(${sessionId}, ${hashToken(from)}, ${hashToken(to)},
          ${new Date(clock.now() + rotationGraceMs)}, ${organizationId ?? null}::uuid,
          ${confirmed ? ago(0) : null}::timestamptz) as rotated
      `.execute(tx);
      return rows[0]?.rotated === true;
    },

    /** Deletes sessions 30 days after their end, and expired idempotency keys and counters. */
    async purge() {
      const dayAgo = ago(24 * 3_600_000);
      const longAgo = ago(familiarForMs);
      await database.system
        .deleteFrom("sessions")
        .where((where) => where.or([where("expires_at", "<", longAgo), where("revoked_at", "<", longAgo)]))
        .execute();
      await database.system.deleteFrom("password_resets").where("expires_at", "<", dayAgo).execute();
      await database.system.deleteFrom("idempotency_keys").where("created_at", "<", dayAgo).execute();
      await database.system.deleteFrom("sign_in_failures").where("last_at", "<", dayAgo).execute();
    },
  };
}

type RotateInput = {
  sessionId: string;
  from: string;
  to: string;
  organizationId?: string;
  confirmed?: true;
};
export type SessionStore = ReturnType<typeof createSessionStore>;
