import type { acceptInvitation, InvitationOffer } from "@wheelhouse/shared/access/members.ts";
import type { EndpointParsed } from "@wheelhouse/shared/endpoint.ts";
import { uuidv7 } from "uuidv7";
import type { Changes } from "#lib/change.ts";
import type { Caller } from "#lib/http/admission.ts";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { Actor, RequestContext } from "#lib/http/request-context.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { MembersStore } from "../member-store.ts";
import { anonymousContext, createRights, hashToken, type SessionStore } from "../sessions/sessions.ts";
import type { AccessService, GrantedSession, Passwords } from "../sign-in/sign-in.ts";
import { demandGoodPassword } from "../sign-in/sign-in.ts";
import type { Organizations } from "../tree.ts";
import type { InvitationRow, InvitationsStore } from "./invitation-store.ts";

export type InvitationLinksDeps = {
  store: InvitationsStore;
  members: Pick<MembersStore, "add" | "ofUser">;
  organizations: Organizations;
  sessions: Pick<SessionStore, "find">;
  service: Pick<AccessService, "signIn" | "verifyPassword">;
  passwords: Pick<Passwords, "hash">;
  changes: Changes;
  clock: Clock;
};

const invalidLink = () =>
  new AppError("not_found", "This link is no longer valid. Ask the person who invited you for a new one.");

/** The invitation as a target in the audit trail. */
export const targetOf = ({ id, email }: Pick<InvitationRow, "id" | "email">) => [
  { type: "invitation", id, name: email },
];

const accountTaken = (error: unknown): never => {
  if (error instanceof Error && "code" in error && error.code === "23505")
    throw new AppError("conflict", "An account with this address was just created. Reload the page.", {
      cause: error,
    });
  throw error;
};

/** What the holder of an invitation link can do, signed in or not: open the invitation and accept it. */
export function createInvitationLinks(deps: InvitationLinksDeps) {
  const { store, members, organizations, changes, clock } = deps;

  /** The invitation of a link, valid only while its inviter is still allowed to create it. */
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

  /** The account that accepts, proven by the browser's session or by the password. */
  async function proveAccount(row: InvitationRow, password: string | undefined, caller: Caller) {
    const session = caller.token ? await deps.sessions.find(caller.token) : undefined;
    if (session && session.user.email.toLowerCase() === row.email.toLowerCase())
      return { user: session.user, signedIn: true };
    if (password === undefined) throw invalidField("body.password", "is required to accept");
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
        throw new AppError("conflict", `You are already a member of ${organization.name}.`);
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

    /** @returns a session unless the caller is already signed in with this account. */
    async accept(
      { token, name, password }: EndpointParsed<typeof acceptInvitation>["body"],
      caller: Caller,
    ): Promise<{ organization: { slug: string; name: string }; granted: GrantedSession | null }> {
      const link = await behindLink(token);
      const { row, organization } = link;
      const answer = { organization: { slug: organization.slug, name: organization.name } };
      const account = await store.account(row.email);
      if (account) {
        if (account.id === row.invitedById) throw new AppError("forbidden", "You cannot invite yourself.");
        if (account.disabledAt) throw new AppError("forbidden", "This account is deactivated.");
        const { user, signedIn } = await proveAccount(row, password, caller);
        await becomeMember(link, user, null, caller);
        if (signedIn || password === undefined) return { ...answer, granted: null };
        return { ...answer, granted: await deps.service.signIn(row.email, password, caller) };
      }
      if (name === undefined) throw invalidField("body.name", "is required for a new account");
      if (password === undefined) throw invalidField("body.password", "is required for a new account");
      demandGoodPassword("body.password", password, { email: row.email, name });
      const user = { id: uuidv7(), email: row.email, name };
      await becomeMember(link, user, await deps.passwords.hash(password), caller);
      return { ...answer, granted: await deps.service.signIn(row.email, password, caller) };
    },
  };
}
