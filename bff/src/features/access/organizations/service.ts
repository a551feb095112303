import type { OrganizationNode } from "@wheelhouse/shared/access/members.ts";
import { sql } from "kysely";
import { uuidv7 } from "uuidv7";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import type { Organization, Organizations, OrganizationTree } from "../tree.ts";

type HierarchyDeps = {
  database: Database;
  organizations: Organizations;
  admission: Pick<AdmissionOffice, "standing">;
  changes: Changes;
};

const depthMax = 5;
const place = z.strictObject({ id: z.uuid() });

/** Management of the organization tree: create and rename. An organization never moves. */
export function createHierarchy({ database, organizations, admission, changes }: HierarchyDeps) {
  /**
   * Organizations visible to the caller, parents before children; the platform's superadmin sees every tree.
   */
  function reachable(tree: OrganizationTree, context: RequestContext): Organization[] {
    const { organization, actor } = context;
    if (organization.id !== platformOrganization.id)
      return tree.subtree(organization.id).filter(({ id }) => actor.can("access:read").in(id).check());
    return [...tree.all()]
      .filter(({ parentId }) => parentId === null)
      .sort((one, other) => Number(other.id === organization.id) - Number(one.id === organization.id))
      .flatMap((root) => tree.subtree(root.id))
      .filter(({ id }) => actor.can("access:read").in(id).check());
  }

  async function figures(ids: readonly string[]) {
    return database.asOrganizations(ids, async (tx) => {
      const { rows } = await sql<{ id: string; createdAt: Date; members: number }>`
        select o.id, o.created_at as "createdAt",
          (select count(*)::int from memberships m where m.org_id = o.id) as members
        from organizations o where o.id = any (${ids}::uuid[])
      `.execute(tx);
      return new Map(rows.map((row) => [row.id, row]));
    });
  }

  async function nodes(list: readonly Organization[], tree: OrganizationTree, context: RequestContext) {
    const known = await figures(list.map(({ id }) => id));
    const above = tree.lineage(context.organization.id).length;
    return list.flatMap(({ id, slug, name, parentId }): OrganizationNode[] => {
      const { createdAt, members } = known.get(id) ?? {};
      const depth = tree.lineage(id).length;
      const level = context.organization.id === platformOrganization.id ? depth - 1 : depth - above;
      return createdAt === undefined || members === undefined
        ? []
        : [{ id, slug, name, parentId, members, level, createdAt: createdAt.toISOString() }];
    });
  }

  async function node(id: string, context: RequestContext): Promise<OrganizationNode> {
    const tree = await organizations.reload();
    const found = tree.byId(id);
    const [shown] = found ? await nodes([found], tree, context) : [];
    if (!shown) throw notFound("organization");
    return shown;
  }

  return {
    async list({ cursor, limit }: { cursor?: string | undefined; limit: number }, context: RequestContext) {
      const { tree } = admission.standing(context);
      const all = reachable(tree, context);
      const after = decodeCursor(cursor, place);
      const from = after ? all.findIndex(({ id }) => id === after.id) + 1 : 0;
      const part = all.slice(from, from + limit);
      const last = part.at(-1);
      return {
        items: await nodes(part, tree, context),
        nextCursor: from + limit < all.length && last ? encodeCursor({ id: last.id }) : null,
      };
    },

    /** @throws AppError `conflict` if the slug is taken or the tree would get a sixth level. */
    async create({ name, slug }: { name: string; slug: string }, context: RequestContext) {
      const { rights, tree } = admission.standing(context);
      const { organization } = context;
      // A new root has no parent whose administrators could allow it, so it requires the right over all of
      // them.
      const isRoot = organization.id === platformOrganization.id;
      if (isRoot && rights.roleIn(organization.id) !== "superadmin")
        throw new AppError("forbidden", "Only a superadmin can create a root organization.");
      if (!isRoot && tree.lineage(organization.id).length >= depthMax)
        throw new AppError("conflict", `Organizations can be at most ${depthMax} levels deep.`);
      const id = uuidv7();
      const parentId = isRoot ? null : organization.id;
      await changes.run(context, "access.organization.create", async (tx) => {
        // Row-level security does not know the new organization yet.
        await sql`select set_config('wheelhouse.organization_ids', ${`{${organization.id},${id}}`}, true)`.execute(
          tx,
        );
        await tx
          .insertInto("organizations")
          .values({ id, slug, name, parent_id: parentId })
          .execute()
          .catch(slugTaken);
        return {
          result: { id },
          audit: {
            targets: [{ type: "organization", id, name }],
            before: null,
            after: { name, slug, parent: isRoot ? null : organization.slug },
          },
        };
      });
      return node(id, context);
    },

    async rename(id: string, name: string, context: RequestContext) {
      const { tree } = admission.standing(context);
      const target = reachable(tree, context).find((organization) => organization.id === id);
      if (!target) throw notFound("organization");
      if (!context.actor.can("access:manage").in(id).check())
        throw new AppError("forbidden", "You need the permission access:manage there.");
      await changes.run({ ...context, organization: target }, "access.organization.update", async (tx) => {
        await tx.updateTable("organizations").set({ name }).where("id", "=", id).execute();
        return {
          result: null,
          audit: {
            targets: [{ type: "organization", id, name }],
            before: { name: target.name },
            after: { name },
          },
        };
      });
      return node(id, context);
    },
  };
}
export type Hierarchy = ReturnType<typeof createHierarchy>;

const slugTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "This short name is already taken.", {
      details: [{ field: "body.slug", message: "is already taken" }],
      cause: error,
    });
  throw error;
};
