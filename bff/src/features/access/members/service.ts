import type {
  deleteMember,
  listMembers,
  Member,
  MemberDetail,
  updateMember,
} from "@wheelhouse/shared/access/members.ts";
import { inheritedRoles } from "@wheelhouse/shared/capabilities.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { type MemberRow, type MembersStore, memberPlace } from "../member-store.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import type { OrganizationTree } from "../tree.ts";
import type { Authority } from "./authority.ts";

type MembersDeps = {
  store: MembersStore;
  admission: AdmissionOffice;
  authority: Authority;
  changes: Changes;
  sessionEnds: Pick<SessionEnds, "announce">;
  clock: Clock;
};

const iso = (time: Date | null) => time?.toISOString() ?? null;
const targetOf = ({ userId, name }: MemberRow) => [{ type: "user", id: userId, name }];

/** Members of an organization and their roles; a change takes effect with the member's next request. */
export function createMembers({ store, admission, authority, changes, sessionEnds, clock }: MembersDeps) {
  const reference = (tree: OrganizationTree, id: string) => {
    const { slug = "", name = "" } = tree.byId(id) ?? {};
    return { id, slug, name };
  };
  const userOf = ({ userId, email, name, disabledAt }: MemberRow) => ({
    id: userId,
    email,
    name,
    deactivatedAt: iso(disabledAt),
  });
  const shown = (row: MemberRow, tree: OrganizationTree): Member => ({
    user: userOf(row),
    organization: reference(tree, row.organizationId),
    role: row.role,
    inherited: row.inherited,
    hasPassword: row.hasPassword,
    hasIdentity: row.hasIdentity,
    lastActiveAt: iso(row.lastActiveAt),
    joinedAt: row.joinedAt.toISOString(),
  });

  /**
   * Closes the person's live connections in all replicas, so that they reconnect with their current rights.
   */
  const cut = (userId: string) => sessionEnds.announce({ userId });

  async function heldHere(context: RequestContext, userId: string): Promise<MemberRow> {
    const memberships = await store.ofUser(userId);
    const held = memberships.find(({ organizationId }) => organizationId === context.organization.id);
    if (!held) throw notFound("member");
    return held;
  }

  async function detail(context: RequestContext, userId: string): Promise<MemberDetail> {
    const { tree } = admission.standing(context);
    const memberships = await store.ofUser(userId);
    const above = new Set(tree.lineage(context.organization.id).map(({ id }) => id));
    const reachesIn = ({ organizationId, role }: MemberRow) =>
      organizationId === platformOrganization.id
        ? role === "superadmin"
        : above.has(organizationId) && inheritedRoles.includes(role);
    const visible = memberships.filter(
      (held) => context.actor.can("access:read").in(held.organizationId).check() || reachesIn(held),
    );
    const [first] = visible;
    if (!first) throw notFound("member");
    const act = first.disabledAt ? "reactivate" : "deactivate";
    return {
      user: userOf(first),
      hasPassword: first.hasPassword,
      hasIdentity: first.hasIdentity,
      lastActiveAt: iso(first.lastActiveAt),
      memberships: visible.map(({ organizationId, role, joinedAt }) => ({
        organization: reference(tree, organizationId),
        role,
        joinedAt: joinedAt.toISOString(),
      })),
      elsewhere: memberships.length - visible.length,
      deactivationRefusal: await authority.accountRefusal(context, userId, memberships, act),
    };
  }

  async function setDisabled(context: RequestContext, userId: string, act: "deactivate" | "reactivate") {
    await changes.run(context, `access.member.${act}`, async (tx) => {
      await store.takeTurn(tx);
      const held = await heldHere(context, userId);
      const memberships = await store.ofUser(userId);
      const refusal = await authority.accountRefusal(context, userId, memberships, act);
      if (refusal) throw new AppError("forbidden", refusal);
      if ((held.disabledAt !== null) === (act === "deactivate"))
        throw new AppError("conflict", "The account is already in that state. Reload it.");
      await store.setDisabled(tx, userId, act === "deactivate" ? new Date(clock.now()) : null);
      if (act === "deactivate") await store.revokeSessions(tx, userId);
      const before = { account: act === "deactivate" ? "open" : "deactivated" };
      const after = { account: act === "deactivate" ? "deactivated" : "open" };
      return { result: null, audit: { targets: targetOf(held), before, after } };
    });
    cut(userId);
    return detail(context, userId);
  }

  return {
    async list(
      { cursor, limit, includeChildren, role, q }: EndpointParsed<typeof listMembers>["query"],
      context: RequestContext,
    ) {
      const { tree } = admission.standing(context);
      const own = includeChildren ? context.subtreeIds : [context.organization.id];
      const above = tree.lineage(context.organization.id).slice(1);
      const rows = await store.list({
        own,
        role,
        q: q || undefined,
        limit: limit + 1,
        above: above.map(({ id }) => id),
        place: decodeCursor(cursor, memberPlace),
      });
      const last = rows[limit - 1];
      return {
        items: rows.slice(0, limit).map((row) => shown(row, tree)),
        nextCursor:
          rows.length > limit && last
            ? encodeCursor({
                rank: String(last.rank),
                name: last.sortName,
                userId: last.userId,
                organizationId: last.organizationId,
              })
            : null,
      };
    },

    read: (userId: string, context: RequestContext) => detail(context, userId),

    /** @throws AppError `conflict` if the role is no longer the one that the caller saw. */
    async changeRole(
      { params, body }: EndpointParsed<typeof updateMember>,
      context: RequestContext,
    ): Promise<Member> {
      const { tree } = admission.standing(context);
      const changed = await changes.run(context, "access.member.update", async (tx) => {
        await store.takeTurn(tx);
        const held = await heldHere(context, params.userId);
        await authority.demandChange(context, held, body.role);
        if (held.role !== body.currentRole)
          throw new AppError("conflict", `The role is now ${held.role}. Review the change again.`);
        await store.changeRole(tx, { ...held, role: body.role });
        return {
          result: shown({ ...held, role: body.role }, tree),
          audit: { targets: targetOf(held), before: { role: held.role }, after: { role: body.role } },
        };
      });
      cut(params.userId);
      return changed;
    },

    async remove({ params }: EndpointParsed<typeof deleteMember>, context: RequestContext) {
      await changes.run(context, "access.member.delete", async (tx) => {
        await store.takeTurn(tx);
        const held = await heldHere(context, params.userId);
        await authority.demandChange(context, held, null);
        await store.remove(tx, context.organization.id, params.userId);
        return {
          result: null,
          audit: { targets: targetOf(held), before: { role: held.role }, after: { role: null } },
        };
      });
      cut(params.userId);
      return null;
    },

    deactivate: (userId: string, context: RequestContext) => setDisabled(context, userId, "deactivate"),
    reactivate: (userId: string, context: RequestContext) => setDisabled(context, userId, "reactivate"),
  };
}
export type Members = ReturnType<typeof createMembers>;
