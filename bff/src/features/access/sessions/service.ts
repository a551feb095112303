import type { listOrganizationSessions, SessionEntry } from "@wheelhouse/shared/access/sessions.ts";
import type { EndpointParsed, EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import { z } from "zod";
import type { Changes } from "#lib/change.ts";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { invalidField, notFound } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { SessionEnds } from "#lib/security/session-ends.ts";
import type { UserStore } from "../user-store.ts";
import type { AdmissionOffice } from "./context.ts";
import type { SessionStore } from "./store.ts";

type SessionsDeps = {
  users: UserStore;
  sessions: SessionStore;
  admission: AdmissionOffice;
  changes: Changes;
  sessionEnds: SessionEnds;
};
type Person = { id: string; name: string };

const listedMax = 100;
const sessionPlace = z.strictObject({ createdAt: z.iso.datetime(), id: z.uuid() });

/** Sessions of people: everyone can list and end their own, administrators those of the members. */
export function createSessions({ users, sessions, admission, changes, sessionEnds }: SessionsDeps) {
  async function list(userId: string, currentId: string | null) {
    const found = await sessions.listOf(userId, listedMax);
    return {
      total: found[0]?.total ?? 0,
      items: found.map(
        ({ total: _, createdAt, lastSeenAt, expiresAt, ...session }): SessionEntry => ({
          ...session,
          current: session.id === currentId,
          createdAt: createdAt.toISOString(),
          lastSeenAt: lastSeenAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
        }),
      ),
    };
  }

  /** @param demanded fail with 404 if no session ends. */
  async function end(
    context: RequestContext,
    person: Person,
    which: { only?: string; except?: string },
    demanded: boolean,
  ): Promise<number> {
    const ended = await changes.run(context, "access.session.revoke", async (tx) => {
      const ids = await sessions.revokeOf(tx, person.id, which);
      if (demanded && ids.length === 0) throw notFound("session");
      return {
        result: ids,
        audit: { targets: [{ type: "user", ...person }], after: { endedSessions: ids.length } },
      };
    });
    for (const sessionId of ended) sessionEnds.announce({ sessionId });
    return ended.length;
  }

  const self = (context: RequestContext) => {
    const { session } = admission.behind(context);
    return { sessionId: session.id, person: { id: session.user.id, name: session.user.name } };
  };

  async function member(context: RequestContext, userId: string): Promise<Person> {
    const found = await users.memberOf(context.organization.id, userId);
    if (!found) throw notFound("member");
    return { id: found.id, name: found.name };
  }

  return {
    listOwn(context: RequestContext) {
      const { person, sessionId } = self(context);
      return list(person.id, sessionId);
    },

    async endOwn(context: RequestContext, sessionId: string) {
      const { person, sessionId: current } = self(context);
      if (sessionId === current)
        throw invalidField("path.sessionId", "is your current session: sign out instead");
      await end(context, person, { only: sessionId }, true);
    },

    async endOthers(context: RequestContext) {
      const { person, sessionId } = self(context);
      return { ended: await end(context, person, { except: sessionId }, false) };
    },

    async listOfMember(context: RequestContext, userId: string) {
      const { id } = await member(context, userId);
      return list(id, context.actor.sessionId);
    },

    async listOfOrganization(
      { cursor, limit }: EndpointParsed<typeof listOrganizationSessions>["query"],
      context: RequestContext,
    ): Promise<EndpointResult<typeof listOrganizationSessions>> {
      const place = decodeCursor(cursor, sessionPlace);
      const found = await sessions.listOfOrganization(context.organization.id, place, limit + 1);
      const items = found.slice(0, limit).map((row) => ({
        id: row.id,
        current: row.id === context.actor.sessionId,
        signedInBy: row.signedInBy,
        userAgent: row.userAgent,
        address: row.address,
        createdAt: row.createdAt.toISOString(),
        lastSeenAt: row.lastSeenAt.toISOString(),
        expiresAt: row.expiresAt.toISOString(),
        user: { id: row.userId, name: row.name, email: row.email },
      }));
      const last = items.at(-1);
      return {
        items,
        nextCursor:
          found.length > limit && last ? encodeCursor({ createdAt: last.createdAt, id: last.id }) : null,
        total: found[0]?.total ?? 0,
        idleMinutes: sessions.idleMs / 60_000,
      };
    },

    async endOfMember(context: RequestContext, { userId, sessionId }: { userId: string; sessionId: string }) {
      await end(context, await member(context, userId), { only: sessionId }, true);
    },

    async endAllOfMember(context: RequestContext, userId: string) {
      return { ended: await end(context, await member(context, userId), {}, false) };
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
