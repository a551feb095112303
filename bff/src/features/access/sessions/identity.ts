import { AppError, isUnavailable } from "#lib/http/errors.ts";
import type { Ended } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { hashToken, type LiveSession, type SessionStore } from "./store.ts";

type IdentityDeps = { store: Pick<SessionStore, "find">; clock: Clock; idleMs: number };

const rememberedMax = 10_000;
// After a failed lookup, snapshot reads skip the database for this long.
const pauseMs = 1_000;

/**
 * Resolves a session token. While the database is unavailable, an already verified session can keep reading
 * snapshots until its idle timeout. Everything else is refused, because a revocation in the meantime would go
 * unnoticed.
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
     * @returns undefined if the token is not valid.
     * @throws AppError `unavailable` while the database is unavailable, unless a snapshot is read.
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
          "The database is unavailable, so sessions cannot be verified right now.",
          {
            retryAfterSeconds: 5,
            cause,
          },
        );
      }
    },
    /** A revoked session must not become valid again during an outage. */
    forget(ended: Ended) {
      for (const [key, { session }] of remembered)
        if ("userId" in ended ? session.user.id === ended.userId : session.id === ended.sessionId)
          remembered.delete(key);
    },
  };
}
export type Identity = ReturnType<typeof createIdentity>;
