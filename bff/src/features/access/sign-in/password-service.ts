import type { Changes, Denials } from "#lib/change.ts";
import { AppError, invalidField, notFound } from "#lib/http/errors.ts";
import { platformOrganization, type RequestContext } from "#lib/http/request-context.ts";
import type { Mails } from "#lib/mails.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { resetLinkMs } from "../config.ts";
import type { SignInLimit } from "../limits/limits.ts";
import type { AdmissionOffice } from "../sessions/sessions.ts";
import { newToken, type SessionStore } from "../sessions/sessions.ts";
import type { Organizations } from "../tree.ts";
import type { UserStore } from "../user-store.ts";
import type { Credentials } from "./credentials.ts";
import { demandGoodPassword } from "./password-rules.ts";
import type { PasswordsStore } from "./password-store.ts";
import type { Passwords } from "./passwords.ts";

type PasswordServiceDeps = {
  users: UserStore;
  sessions: SessionStore;
  store: PasswordsStore;
  passwords: Passwords;
  credentials: Credentials;
  limit: SignInLimit;
  organizations: Organizations;
  admission: AdmissionOffice;
  changes: Changes;
  denials: Denials;
  sessionEnds: SessionEnds;
  mails: Mails;
  clock: Clock;
  /** True if people can sign in at an identity provider. */
  hasProvider: boolean;
};

export function createPasswordService(deps: PasswordServiceDeps) {
  const { users, sessions, store, passwords, credentials, admission, changes, denials, sessionEnds, mails } =
    deps;

  return {
    /**
     * Changes the caller's password: other sessions end, this one gets a new token.
     * @throws AppError `validation_failed` naming the invalid field, `rate_limited`.
     */
    async change(
      context: RequestContext,
      { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
      currentToken: string,
    ) {
      const { session } = admission.behind(context);
      const { id, name, email } = session.user;
      const targets = [{ type: "user", id, name }];
      const known = await credentials.verify(email, currentPassword, context.address, () =>
        denials.record(context, {
          action: "access.password.change",
          outcome: "failure",
          reason: "wrong password",
          targets,
        }),
      );
      if (!known) throw invalidField("body.currentPassword", "is wrong");
      if (newPassword === currentPassword) throw invalidField("body.newPassword", "is your current password");
      demandGoodPassword("body.newPassword", newPassword, session.user);
      const passwordHash = await passwords.hash(newPassword);
      const token = newToken();
      await store.endResets(id);
      const ended = await changes.run(
        { ...context, idempotencyKey: null },
        "access.password.change",
        async (tx) => {
          await store.set(tx, id, passwordHash);
          const others = await sessions.revokeOf(tx, id, { except: session.id });
          const rotation = { sessionId: session.id, from: currentToken, to: token, confirmed: true } as const;
          if (!(await sessions.rotate(tx, rotation)))
            throw new AppError("conflict", "The session has changed in the meantime. Reload it.");
          return { result: others, audit: { targets, after: { endedSessions: others.length } } };
        },
      );
      for (const sessionId of ended) sessionEnds.announce({ sessionId });
      return { token, expiresAt: session.expiresAt, view: { ended: ended.length } };
    },

    /** Creates a link with which a member can set a new password; earlier links become invalid. */
    async issueReset(context: RequestContext, userId: string) {
      const { organization } = context;
      const person = await users.memberOf(organization.id, userId);
      if (!person) throw notFound("member");
      const { rights } = admission.behind(context);
      // The holder of the link can take over the account with all its memberships, so the caller must
      // administer all of them.
      const mayBecome = person.memberships.every(
        ({ organizationId, role }) =>
          rights.allows(organizationId, "access:manage") && rights.grantableIn(organizationId).includes(role),
      );
      if (!mayBecome)
        throw new AppError(
          "forbidden",
          "This person also has a role elsewhere that you do not administer. Ask an administrator of both organizations.",
        );
      if (person.disabled) throw new AppError("conflict", "This account is deactivated.");
      // A password would bypass the identity provider, which decides who may sign in and may require more
      // than a password.
      if (deps.hasProvider && person.hasIdentity && !person.hasPassword)
        throw new AppError(
          "conflict",
          "This account signs in at the identity provider and has no password. Ask the provider's support for help.",
        );
      const token = newToken();
      const expiresAt = new Date(deps.clock.now() + resetLinkMs);
      await store.endResets(userId);
      await changes.run({ ...context, idempotencyKey: null }, "access.password.reset-link", async (tx) => {
        await store.addReset(tx, { organizationId: organization.id, userId, token, expiresAt });
        await mails.queue(tx, {
          organizationId: organization.id,
          to: person.email,
          subject: "Set a new password for Wheelhouse",
          text: `${context.actor.display} made this link with which you set a new password:\n\n${mails.urlOf(`/reset#${token}`)}\n\nIt works once, until ${expiresAt.toISOString().slice(0, 16).replace("T", " ")} UTC.\n`,
        });
        return {
          result: null,
          audit: {
            targets: [{ type: "user", id: userId, name: person.name }],
            after: { expiresAt: expiresAt.toISOString() },
          },
        };
      });
      return { path: `/reset#${token}`, expiresAt: expiresAt.toISOString(), isMailed: mails.isOn };
    },

    /**
     * Sets a new password by a link. It does not sign in, so the holder of the link still has to use the
     * password.
     * @throws AppError `validation_failed`: for `body.token` the same whether it is unknown, used or expired.
     */
    async reset(context: RequestContext, { token, newPassword }: { token: string; newPassword: string }) {
      const attempt = await deps.limit.begin(null, context.address);
      const found = await store.findReset(token).catch(async (error: unknown) => {
        await attempt.undecided();
        throw error;
      });
      const home = found && (await deps.organizations.byId(found.organizationId));
      if (!found || !home) {
        await attempt.failed();
        const reason = "unknown, used or expired link";
        const origin = { ...context, organization: platformOrganization };
        await denials.record(origin, { action: "access.password.reset", outcome: "failure", reason });
        throw unknownLink();
      }
      await attempt.succeeded();
      const { id: userId, name } = found.user;
      demandGoodPassword("body.newPassword", newPassword, found.user);
      const passwordHash = await passwords.hash(newPassword);
      const actor = { ...context.actor, type: "user", id: userId, display: name } as const;
      const ended = await changes.run(
        { ...context, actor, organization: home, idempotencyKey: null },
        "access.password.reset",
        async (tx) => {
          if (!(await store.useReset(tx, found.id))) throw unknownLink();
          await store.set(tx, userId, passwordHash);
          const sessionIds = await sessions.revokeOf(tx, userId);
          return {
            result: sessionIds,
            audit: {
              targets: [{ type: "user", id: userId, name }],
              after: { endedSessions: sessionIds.length },
            },
          };
        },
      );
      for (const sessionId of ended) sessionEnds.announce({ sessionId });
    },
  };
}
export type PasswordService = ReturnType<typeof createPasswordService>;

const unknownLink = () => invalidField("body.token", "is unknown, used or expired: ask for another link");
