import type {
  acceptInvitation,
  createInvitation,
  Invitation,
  InvitationLink,
  InvitationOffer,
} from "@wheelhouse/shared/access-members.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { uuidv7 } from "uuidv7";
import type { Caller } from "#lib/admission.ts";
import type { Changes } from "#lib/change.ts";
import type { Clock } from "#lib/clock.ts";
import { decodeCursor, encodeCursor } from "#lib/cursor.ts";
import { AppError, invalidField, notFound } from "#lib/errors.ts";
import type { Actor, RequestContext } from "#lib/request-context.ts";
import { createRights } from "./access-actor.ts";
import type { Authority } from "./access-authority.ts";
import { type AdmissionOffice, anonymousContext } from "./access-context.ts";
import { type InvitationRow, type InvitationsStore, invitationPlace } from "./access-invitations-store.ts";
import type { MembersStore } from "./access-members-store.ts";
import type { Organizations, OrganizationTree } from "./access-organizations.ts";
import { demandGoodPassword } from "./access-password-rules.ts";
import type { Passwords } from "./access-passwords.ts";
import type { AccessService, GrantedSession } from "./access-service.ts";
import { hashToken, newToken, type SessionStore } from "./access-session-store.ts";

const lifetimeMs = 7 * 24 * 3_600_000;

type InvitationsDeps = {
  store: InvitationsStore;
  members: Pick<MembersStore, "add" | "ofUser">;
  admission: Pick<AdmissionOffice, "standing">;
  authority: Pick<Authority, "demandGrantable">;
  organizations: Organizations;
  sessions: Pick<SessionStore, "find">;
  service: Pick<AccessService, "signIn" | "verifyPassword">;
  passwords: Pick<Passwords, "hash">;
  changes: Changes;
  clock: Clock;
};

const invalidLink = () =>
  new AppError("not_found", "This link is not valid any more. Ask the person who invited you for a new one.");

/** Letting people in: an admin hands a one-time link over, its holder becomes a member by it. */
export function createInvitations(deps: InvitationsDeps) {
  const { store, members, admission, authority, organizations, changes, clock } = deps;

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
  const targetOf = ({ id, email }: Pick<InvitationRow, "id" | "email">) => [
    { type: "invitation", id, name: email },
  ];
  const expiry = () => new Date(clock.now() + lifetimeMs);

  function inviterOf(context: RequestContext): string {
    if (context.actor.type !== "user" || !context.actor.id) throw notFound("person");
    return context.actor.id;
  }

  /** The invitation behind a link, as long as who made it could make it today. */
  async function behindLink(token: string) {
    const row = await store.byHash(hashToken(token));
    if (!row || row.expiresAt.getTime() <= clock.now()) throw invalidLink();
    const tree = await organizations.refreshed();
    const organization = tree.byId(row.organizationId);
    const inviter = await members.ofUser(row.invitedById);
    const rights = createRights(inviter, tree);
    const stillMay =
      organization !== undefined &&
      inviter.every(({ disabledAt }) => disabledAt === null) &&
      rights.allows(organization.id, "access:manage") &&
      rights.grantableIn(organization.id).includes(row.role);
    if (!stillMay) throw invalidLink();
    return { row, organization };
  }

  /** Who accepts, proven by the browser's session or by the password. */
  async function proveAccount(row: InvitationRow, password: string | undefined, caller: Caller) {
    const session = caller.token ? await deps.sessions.find(caller.token) : undefined;
    if (session && session.user.email.toLowerCase() === row.email.toLowerCase())
      return { user: session.user, signedIn: true };
    if (password === undefined) throw invalidField("body.password", "is needed to accept");
    return { user: await deps.service.verifyPassword(row.email, password, caller), signedIn: false };
  }

  async function becomeMember(
    { row, organization }: Awaited<ReturnType<typeof behindLink>>,
    user: { id: string; email: string; name: string },
    newPasswordHash: string | null,
    caller: Caller,
  ) {
    const context: RequestContext = { ...anonymousContext(caller), organization, idempotencyKey: null };
    const actor: Actor = {
      ...context.actor,
      type: "user" as const,
      id: user.id,
      display: user.name,
      authMethod: "password" as const,
    };
    await changes.run({ ...context, actor }, "access.invitation.accept", async (tx) => {
      if (!(await store.find(tx, organization.id, row.id))) throw invalidLink();
      if (newPasswordHash !== null)
        await store.makeAccount(tx, { ...user, passwordHash: newPasswordHash }).catch(accountTaken);
      if (await store.isMember(tx, organization.id, user.email))
        throw new AppError("conflict", `You are a member of ${organization.name} already.`);
      await members.add(tx, { organizationId: organization.id, userId: user.id, role: row.role });
      await store.update(tx, row.id, { accepted_at: new Date(clock.now()), accepted_by: user.id });
      return {
        result: null,
        audit: {
          targets: [...targetOf(row), { type: "user", id: user.id, name: user.name }],
          before: { role: null },
          after: { role: row.role, account: newPasswordHash === null ? "existing" : "new" },
        },
      };
    });
  }

  return {
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

    /** @throws AppError `conflict` when the address is a member or invited already, `forbidden` above one's own role. */
    async create(
      { email, role }: EndpointParsed<typeof createInvitation>["body"],
      context: RequestContext,
    ): Promise<InvitationLink> {
      const { tree } = admission.standing(context);
      const { organization, actor } = context;
      authority.demandGrantable(context, role);
      const invitedBy = inviterOf(context);
      const own = await store.account(email);
      if (own?.id === invitedBy) throw new AppError("forbidden", "Nobody invites himself.");
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
          throw new AppError("conflict", "This person is a member already.", {
            details: [{ field: "body.email", message: "is a member already" }],
          });
        await store.insert(tx, { ...row, hash: hashToken(token), invitedBy });
        return {
          result: { ...shown(row, tree), path: pathOf(token) },
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
        // Who makes the new link answers for it from now on.
        await store.update(tx, id, {
          token_hash: hashToken(token),
          expires_at: expiresAt,
          invited_by: invitedById,
          opened_at: null,
        });
        const row = { ...found, invitedById, invitedBy: context.actor.display, expiresAt, openedAt: null };
        return {
          result: { ...shown(row, tree), path: pathOf(token) },
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

    async open(token: string, caller: Caller): Promise<InvitationOffer> {
      const { row, organization } = await behindLink(token);
      const account = await store.account(row.email);
      if (row.openedAt === null)
        await changes.run(
          { ...anonymousContext(caller, row.email), organization, idempotencyKey: null },
          "access.invitation.open",
          async (tx) => {
            await store.update(tx, row.id, { opened_at: new Date(clock.now()) });
            return { result: null, audit: { targets: targetOf(row) } };
          },
        );
      return {
        organization: { slug: organization.slug, name: organization.name },
        role: row.role,
        email: row.email,
        invitedBy: row.invitedBy,
        expiresAt: row.expiresAt.toISOString(),
        account: account ? "existing" : "new",
      };
    },

    /** @returns with a session where the caller had none of this account. */
    async accept(
      { token, name, password }: EndpointParsed<typeof acceptInvitation>["body"],
      caller: Caller,
    ): Promise<{ organization: { slug: string; name: string }; granted: GrantedSession | null }> {
      const link = await behindLink(token);
      const { row, organization } = link;
      const answer = { organization: { slug: organization.slug, name: organization.name } };
      const account = await store.account(row.email);
      if (account) {
        if (account.id === row.invitedById) throw new AppError("forbidden", "Nobody invites himself.");
        if (account.disabledAt) throw new AppError("forbidden", "This account is deactivated.");
        const { user, signedIn } = await proveAccount(row, password, caller);
        await becomeMember(link, user, null, caller);
        if (signedIn || password === undefined) return { ...answer, granted: null };
        return { ...answer, granted: await deps.service.signIn(row.email, password, caller) };
      }
      if (name === undefined) throw invalidField("body.name", "is needed for a new account");
      if (password === undefined) throw invalidField("body.password", "is needed for a new account");
      demandGoodPassword("body.password", password, { email: row.email, name });
      const user = { id: uuidv7(), email: row.email, name };
      await becomeMember(link, user, await deps.passwords.hash(password), caller);
      return { ...answer, granted: await deps.service.signIn(row.email, password, caller) };
    },
  };
}
export type Invitations = ReturnType<typeof createInvitations>;

const accountTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "An account of this address was made just now. Load the page again.", {
      cause: error,
    });
  throw error;
};
