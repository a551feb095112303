import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { createWallGrant, WallGrant } from "@wheelhouse/shared/alerts/wall.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Selectable } from "kysely";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import type { Core } from "#lib/feature.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import { createProbe } from "#observe/targets/targets.ts";

/** What a grant shows, as it is signed: nothing has to be looked up to serve it. */
const payload = z.object({
  id: z.uuid(),
  org: z.uuid(),
  slug: z.string(),
  name: z.string(),
  until: z.number(),
});
export type GrantedWall = z.infer<typeof payload>;

const mostGrants = 100;
const mostRevoked = 10_000;
const readEveryMs = 5_000;
const dayMs = 24 * 3_600_000;
const seenEveryMs = 60_000;

const viewOf = (row: Selectable<Tables["wall_grants"]>): WallGrant => ({
  id: row.id,
  name: row.name,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  seenAt: row.seen_at?.toISOString() ?? null,
});
const targetsOf = ({ id, name }: { id: string; name: string }) => [{ type: "wall-grant", id, name }];

/** Links for wallboards: signed, read-only, for one organization, revocable. */
export function createGrants(
  { database, changes, clock, log }: Pick<Core, "database" | "changes" | "clock" | "log">,
  secretKey: string,
) {
  const key = Buffer.from(
    hkdfSync("sha256", Buffer.from(secretKey, "base64"), "", "wheelhouse wall grants", 32),
  );
  const sign = (text: string) => createHmac("sha256", key).update(text).digest();
  const tokenOf = (granted: GrantedWall) => {
    const text = Buffer.from(JSON.stringify(granted)).toString("base64url");
    return `${text}.${sign(text).toString("base64url")}`;
  };

  /** Kept while Postgres is away, so that a wall stays up then. */
  const revoked = createProbe(
    async () => {
      const rows = await database.system
        .selectFrom("wall_grants")
        .select("id")
        .where("revoked_at", "is not", null)
        .where("expires_at", ">", new Date(clock.now()))
        .limit(mostRevoked)
        .execute();
      return new Set(rows.map(({ id }) => id));
    },
    { clock, everyMs: readEveryMs },
  );
  const seenAtMs = new Map<string, number>();

  function noteSeen(id: string) {
    const nowMs = clock.now();
    if (nowMs - (seenAtMs.get(id) ?? 0) < seenEveryMs) return;
    seenAtMs.set(id, nowMs);
    database.system
      .updateTable("wall_grants")
      .set({ seen_at: new Date(nowMs) })
      .where("id", "=", id)
      .execute()
      .catch((err: unknown) => log.debug({ err }, "could not note that a wall was seen"));
  }

  return {
    /** What a token shows; null if it is not valid, expired or revoked. */
    read(token: string): GrantedWall | null {
      revoked.poke();
      const [text = "", signature = ""] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const right = sign(text);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
      const granted = payload.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
      if (granted.until <= clock.now() || revoked.latest()?.value.has(granted.id)) return null;
      noteSeen(granted.id);
      return granted;
    },

    async list({ organization }: RequestContext) {
      const rows = await database.asOrganizations([organization.id], (tx) =>
        tx
          .selectFrom("wall_grants")
          .selectAll()
          .where("org_id", "=", organization.id)
          .where("revoked_at", "is", null)
          .where("expires_at", ">", new Date(clock.now()))
          .orderBy("id", "desc")
          .limit(mostGrants)
          .execute(),
      );
      return { items: rows.map(viewOf), nextCursor: null };
    },

    create: ({ name, days }: EndpointParsed<typeof createWallGrant>["body"], context: RequestContext) =>
      changes.run(context, "wall.grant.create", async (tx) => {
        const { organization } = context;
        const { count } = await tx
          .selectFrom("wall_grants")
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .where("org_id", "=", organization.id)
          .where("revoked_at", "is", null)
          .where("expires_at", ">", new Date(clock.now()))
          .executeTakeFirstOrThrow();
        if (count >= mostGrants)
          throw new AppError("conflict", `There are ${mostGrants} links for wallboards; revoke one first.`);
        const until = clock.now() + days * dayMs;
        const row = await tx
          .insertInto("wall_grants")
          .values({
            id: uuidv7(),
            org_id: organization.id,
            name,
            created_by: context.actor.display,
            expires_at: new Date(until),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        const grant = viewOf(row);
        const token = tokenOf({
          id: row.id,
          org: organization.id,
          slug: organization.slug,
          name: organization.name,
          until,
        });
        return {
          // Behind `#`, so that it is in no log.
          result: { grant, path: `/wall#${token}` },
          audit: { targets: targetsOf(row), before: null, after: { name, expiresAt: grant.expiresAt } },
        };
      }),

    revoke: (id: string, context: RequestContext) =>
      changes.run(context, "wall.grant.revoke", async (tx) => {
        const row = await tx
          .updateTable("wall_grants")
          .set({ revoked_at: new Date(clock.now()) })
          .where("org_id", "=", context.organization.id)
          .where("id", "=", id)
          .where("revoked_at", "is", null)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw notFound("link");
        return { result: null, audit: { targets: targetsOf(row), before: { name: row.name }, after: null } };
      }),
  };
}
