import type { createInvitation, Invitation, InvitationLink } from "@wheelhouse/shared/access/members.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { uuidv7 } from "uuidv7";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { Mails } from "#lib/mails.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import { hashToken, newToken } from "../sessions/sessions.ts";
import type { OrganizationTree } from "../tree.ts";
import type { Authority } from "./authority.ts";
import { createInvitationLinks, type InvitationLinksDeps, targetOf } from "./invitation-links.ts";
import { type InvitationRow, invitationPlace } from "./invitation-store.ts";

const lifetimeMs = 7 * 24 * 3_600_000;

type InvitationsDeps = InvitationLinksDeps & {
  admission: Pick<AdmissionOffice, "standing">;
  authority: Pick<Authority, "demandGrantable">;
  mails: Mails;
};

/** Inviting people: an admin passes on a one-time link, and its holder becomes a member. */
export function createInvitations(deps: InvitationsDeps) {
  const { store, admission, authority, changes, mails, clock } = deps;

  const shown = (row: InvitationRow, tree: OrganizationTree): Invitation => {
    const { slug = "", name = "" } = tree.byId(row.organizationId) ?? {};
    return {
      id: row.id,
      organization: { id: row.organizationId, slug, name },
      email: row.email,
      role: row.role,
      invitedBy: row.invitedBy,
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt.toISOString(),
      openedAt: row.openedAt?.toISOString() ?? null,
    };
  };
  const pathOf = (token: string) => `/invite#${token}`;
  const expiry = () => new Date(clock.now() + lifetimeMs);

  /** Sends the link, if this installation sends e-mail; otherwise the inviter passes it on. */
  const mail = (
    tx: Parameters<typeof mails.queue>[0],
    { email, invitedBy, expiresAt }: Pick<InvitationRow, "email" | "invitedBy" | "expiresAt">,
    { organization }: RequestContext,
    token: string,
  ) =>
    mails.queue(tx, {
      organizationId: organization.id,
      to: email,
      subject: `${invitedBy} invites you to ${organization.name} on Wheelhouse`,
      text: `${invitedBy} invites you to ${organization.name}.\n\nAccept: ${mails.urlOf(pathOf(token))}\n\nThe link works once, until ${expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC. If you do not know ${invitedBy}, ignore this message.\n`,
    });

  function inviterOf(context: RequestContext): string {
    if (context.actor.type !== "user" || !context.actor.id) throw notFound("person");
    return context.actor.id;
  }

  return {
    ...createInvitationLinks(deps),

    async list(
      {
        cursor,
        limit,
        includeChildren,
      }: { cursor?: string | undefined; limit: number; includeChildren: boolean },
      context: RequestContext,
    ) {
      const { tree } = admission.standing(context);
      const own = includeChildren ? context.subtreeIds : [context.organization.id];
      const rows = await store.list(own, decodeCursor(cursor, invitationPlace), limit + 1);
      const last = rows[limit - 1];
      return {
        items: rows.slice(0, limit).map((row) => shown(row, tree)),
        nextCursor: rows.length > limit && last ? encodeCursor({ id: last.id }) : null,
      };
    },

    /**
     * @throws AppError `conflict` if the address is already a member or invited, `forbidden` if the caller
     * cannot grant the role.
     */
    async create(
      { email, role }: EndpointParsed<typeof createInvitation>["body"],
      context: RequestContext,
    ): Promise<InvitationLink> {
      const { tree } = admission.standing(context);
      const { organization, actor } = context;
      authority.demandGrantable(context, role);
      const invitedBy = inviterOf(context);
      const own = await store.account(email);
      if (own?.id === invitedBy) throw new AppError("forbidden", "You cannot invite yourself.");
      const token = newToken();
      const row = {
        id: uuidv7(),
        organizationId: organization.id,
        email,
        role,
        expiresAt: expiry(),
        invitedById: invitedBy,
        invitedBy: actor.display,
        createdAt: new Date(clock.now()),
        openedAt: null,
      };
      return changes.run(context, "access.invitation.create", async (tx) => {
        if (await store.isMember(tx, organization.id, email))
          throw new AppError("conflict", "This person is already a member.", {
            details: [{ field: "body.email", message: "is already a member" }],
          });
        await store.insert(tx, { ...row, hash: hashToken(token), invitedBy });
        await mail(tx, row, context, token);
        return {
          result: { ...shown(row, tree), path: pathOf(token), isMailed: mails.isOn },
          audit: {
            targets: targetOf(row),
            before: null,
            after: { email, role, expiresAt: row.expiresAt.toISOString() },
          },
        };
      });
    },

    async renew(id: string, context: RequestContext): Promise<InvitationLink> {
      const { tree } = admission.standing(context);
      const token = newToken();
      const invitedById = inviterOf(context);
      return changes.run(context, "access.invitation.renew", async (tx) => {
        const found = await store.find(tx, context.organization.id, id);
        if (!found) throw notFound("invitation");
        authority.demandGrantable(context, found.role);
        const expiresAt = expiry();
        // Whoever creates the new link becomes the inviter.
        await store.update(tx, id, {
          token_hash: hashToken(token),
          expires_at: expiresAt,
          invited_by: invitedById,
          opened_at: null,
        });
        const row = { ...found, invitedById, invitedBy: context.actor.display, expiresAt, openedAt: null };
        await mail(tx, row, context, token);
        return {
          result: { ...shown(row, tree), path: pathOf(token), isMailed: mails.isOn },
          audit: {
            targets: targetOf(row),
            before: { expiresAt: found.expiresAt.toISOString() },
            after: { expiresAt: expiresAt.toISOString() },
          },
        };
      });
    },

    async withdraw(id: string, context: RequestContext) {
      await changes.run(context, "access.invitation.delete", async (tx) => {
        const row = await store.find(tx, context.organization.id, id);
        if (!row) throw notFound("invitation");
        authority.demandGrantable(context, row.role);
        await store.update(tx, id, { revoked_at: new Date(clock.now()) });
        return {
          result: null,
          audit: { targets: targetOf(row), before: { email: row.email, role: row.role }, after: null },
        };
      });
      return null;
    },
  };
}
export type Invitations = ReturnType<typeof createInvitations>;
