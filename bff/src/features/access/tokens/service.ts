import { tokenCapabilities } from "@wheelhouse/shared/access/rights.ts";
import type { ApiToken, createToken } from "@wheelhouse/shared/access/tokens.ts";
import { type Capability, capabilities } from "@wheelhouse/shared/capabilities.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import {
  createRights,
  hashApiToken,
  type Membership,
  makeApiToken,
  tokenPrefixLength,
} from "../sessions/sessions.ts";
import type { OrganizationTree } from "../tree.ts";

type TokensDeps = {
  database: Database;
  admission: Pick<AdmissionOffice, "standing">;
  changes: Changes;
  clock: Clock;
};

type TokenRow = {
  id: string;
  name: string;
  prefix: string;
  capabilities: string[];
  createdById: string;
  createdByName: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  creatorDisabled: boolean;
};

const place = z.strictObject({ id: z.uuid() });
const isCapability = (text: string): text is Capability => capabilities.some((known) => known === text);

/** API tokens of an organization: scoped, hashed, and shown once. */
export function createTokens({ database, admission, changes, clock }: TokensDeps) {
  const shown = (row: TokenRow, creatorRights: (capability: Capability) => boolean): ApiToken => {
    const scope = row.capabilities.filter(isCapability);
    const expired = row.expiresAt !== null && row.expiresAt.getTime() <= clock.now();
    const suspended = row.creatorDisabled || !scope.some(creatorRights);
    return {
      id: row.id,
      name: row.name,
      prefix: row.prefix,
      capabilities: scope,
      createdBy: { id: row.createdById, name: row.createdByName },
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt?.toISOString() ?? null,
      lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
      state: expired ? "expired" : suspended ? "suspended" : "active",
    };
  };

  /** Read across organizations, because a token is limited to what its creator may do now. */
  async function membershipsOf(userIds: readonly string[]) {
    const rows = userIds.length
      ? await database.system
          .selectFrom("memberships")
          .select(["user_id as userId", "org_id as organizationId", "role"])
          .where("user_id", "in", [...new Set(userIds)])
          .execute()
      : [];
    const grouped = new Map<string, Membership[]>();
    for (const { userId, ...held } of rows) grouped.set(userId, [...(grouped.get(userId) ?? []), held]);
    return grouped;
  }

  const creatorAllows = (
    memberships: readonly Membership[],
    tree: OrganizationTree,
    organizationId: string,
  ) => {
    const rights = createRights(memberships, tree);
    return (capability: Capability) => rights.allows(organizationId, capability);
  };

  return {
    async list({ cursor, limit }: { cursor?: string | undefined; limit: number }, context: RequestContext) {
      const from = decodeCursor(cursor, place);
      const { organization } = context;
      const rows = await database.asOrganizations([organization.id], async (tx) => {
        const found = await sql<TokenRow>`
          select t.id, t.name, t.prefix, t.capabilities, t.created_by as "createdById", u.name as "createdByName",
            t.created_at as "createdAt", t.expires_at as "expiresAt", t.last_used_at as "lastUsedAt",
            u.disabled_at is not null as "creatorDisabled"
          from api_tokens t join users u on u.id = t.created_by
          where t.org_id = ${organization.id}::uuid and t.revoked_at is null
            ${from ? sql`and t.id < ${from.id}::uuid` : sql``}
          order by t.id desc limit ${limit + 1}
        `.execute(tx);
        return found.rows;
      });
      const { tree } = admission.standing(context);
      const memberships = await membershipsOf(rows.map(({ createdById }) => createdById));
      const last = rows[limit - 1];
      return {
        items: rows
          .slice(0, limit)
          .map((row) =>
            shown(row, creatorAllows(memberships.get(row.createdById) ?? [], tree, organization.id)),
          ),
        nextCursor: rows.length > limit && last ? encodeCursor({ id: last.id }) : null,
      };
    },

    /**
     * @throws AppError `validation_failed` for a capability that tokens cannot have or that the creator
     * lacks.
     */
    async create(
      { name, capabilities: wanted, expiresAt }: EndpointParsed<typeof createToken>["body"],
      context: RequestContext,
    ): Promise<ApiToken & { token: string }> {
      const { actor, organization } = context;
      const scope = capabilities.filter((capability) => wanted.includes(capability));
      const ofPersons = scope.find((capability) => !tokenCapabilities.includes(capability));
      if (ofPersons) throw invalidField("body.capabilities", `${ofPersons} is not available to tokens`);
      const missing = scope.find((capability) => !actor.can(capability).in(organization.id).check());
      if (missing) throw invalidField("body.capabilities", `you do not have the permission ${missing}`);
      const expires = expiresAt === null ? null : new Date(expiresAt);
      if (expires && expires.getTime() <= clock.now())
        throw invalidField("body.expiresAt", "must be in the future");
      const createdById = actor.id;
      if (actor.type !== "user" || createdById === null) throw notFound("person");
      const token = makeApiToken();
      const row: TokenRow = {
        id: uuidv7(),
        name,
        prefix: token.slice(0, tokenPrefixLength),
        capabilities: scope,
        createdById,
        createdByName: actor.display,
        creatorDisabled: false,
        createdAt: new Date(clock.now()),
        expiresAt: expires,
        lastUsedAt: null,
      };
      return changes.run(context, "access.token.create", async (tx) => {
        await tx
          .insertInto("api_tokens")
          .values({
            id: row.id,
            org_id: organization.id,
            name,
            prefix: row.prefix,
            capabilities: scope,
            token_hash: hashApiToken(token),
            created_by: createdById,
            expires_at: expires,
          })
          .execute();
        return {
          result: { ...shown(row, () => true), token },
          audit: {
            targets: [{ type: "token", id: row.id, name }],
            before: null,
            after: { prefix: row.prefix, capabilities: scope, expiresAt: expires?.toISOString() ?? null },
          },
        };
      });
    },

    async revoke(id: string, context: RequestContext) {
      await changes.run(context, "access.token.delete", async (tx) => {
        const row = await tx
          .updateTable("api_tokens")
          .set({ revoked_at: new Date(clock.now()) })
          .where("id", "=", id)
          .where("org_id", "=", context.organization.id)
          .where("revoked_at", "is", null)
          .returning(["name", "prefix", "capabilities"])
          .executeTakeFirst();
        if (!row) throw notFound("token");
        return {
          result: null,
          audit: {
            targets: [{ type: "token", id, name: row.name }],
            before: { prefix: row.prefix, capabilities: row.capabilities },
            after: null,
          },
        };
      });
      return null;
    },
  };
}
export type Tokens = ReturnType<typeof createTokens>;
