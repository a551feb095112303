import { AppError, isUnavailable } from "#lib/http/errors.ts";
import type { Ended } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { hashToken, type LiveSession, type SessionStore } from "./store.ts";

type IdentityDeps = { store: Pick<SessionStore, "find">; clock: Clock; idleMs: number };

const rememberedMax = 10_000;
// After a look-up that failed, snapshot reads do not wait for the next one for this long.
const pauseMs = 1_000;

/**
 * Finds out whose token it is. While the database is away, a session that was verified before may go on reading
 * snapshots until its idle time-out; nothing else may, because what was revoked meanwhile cannot be known.
 */
export function createIdentity({ store, clock, idleMs }: IdentityDeps) {
  const remembered = new Map<string, { session: LiveSession; verifiedAt: number }>();
  let awayUntil = 0;

  function remember(key: string, session: LiveSession) {
    remembered.delete(key);
    const oldest = remembered.keys().next().value;
    if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, { session, verifiedAt: clock.now() });
  }

  function fromMemory(key: string): LiveSession | undefined {
    const known = remembered.get(key);
    if (!known) return undefined;
    const { session, verifiedAt } = known;
    const over =
      session.expiresAt.getTime() <= clock.now() || verifiedAt + idleMs <= clock.now() || session.previous;
    return over ? undefined : session;
  }

  return {
    /**
     * @returns undefined when the token opens nothing.
     * @throws AppError `unavailable` while the database is away, unless a snapshot is read.
     */
    async of(token: string, use: { snapshot: boolean }): Promise<LiveSession | undefined> {
      const key = hashToken(token).toString("base64url");
      const offline = use.snapshot && clock.now() < awayUntil ? fromMemory(key) : undefined;
      if (offline) return offline;
      try {
        const session = await store.find(token);
        if (session) remember(key, session);
        else remembered.delete(key);
        return session;
      } catch (cause) {
        if (!isUnavailable(cause)) throw cause;
        awayUntil = clock.now() + pauseMs;
        const known = use.snapshot ? fromMemory(key) : undefined;
        if (known) return known;
        throw new AppError(
          "unavailable",
          "The database cannot be reached, so nobody can be recognised now.",
          {
            retryAfterSeconds: 5,
            cause,
          },
        );
      }
    },
    /** What was revoked is not to come back with an outage. */
    forget(ended: Ended) {
      for (const [key, { session }] of remembered)
        if ("userId" in ended ? session.user.id === ended.userId : session.id === ended.sessionId)
          remembered.delete(key);
    },
  };
}
export type Identity = ReturnType<typeof createIdentity>;
