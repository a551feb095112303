import { AppError, isUnavailable } from "#lib/http/errors.ts";
import { NoAnswerInTime } from "#lib/http/server-away.ts";
import type { Ended } from "#lib/security/session-ends.ts";
import type { Clock } from "#lib/time/clock.ts";
import { within } from "#lib/time/deadline.ts";
import { hashToken, type LiveSession, type SessionStore } from "./store.ts";

type IdentityDeps = { store: Pick<SessionStore, "find">; clock: Clock; idleMs: number };

/** `expired`: reached its longest time; `idle`: unused for too long; `ended`: signed out or revoked. */
export type Ending = "expired" | "idle" | "ended";

const rememberedMax = 10_000;
// After a failed lookup, snapshot reads skip the database for this long.
const pauseMs = 1_000;
// A lookup takes a few milliseconds; a longer one does not keep a snapshot read waiting.
const lateAfterMs = 50;

/**
 * Resolves a session token. While the database is unavailable or late, an already verified session can keep reading
 * snapshots until its idle timeout. Everything else waits for the database or is refused, because a revocation in the
 * meantime would go unnoticed.
 */
export function createIdentity({ store, clock, idleMs }: IdentityDeps) {
  const remembered = new Map<string, { session: LiveSession; verifiedAt: number }>();
  // Lookups that are late: further snapshot reads of the same session start none, so that none pile up.
  const late = new Set<string>();
  /** Why sessions that were seen alive are not any more, by key. */
  const endings = new Map<string, Ending>();
  let awayUntil = 0;
  let forgotten = 0;

  function remember(key: string, session: LiveSession) {
    remembered.delete(key);
    const oldest = remembered.keys().next().value;
    if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, { session, verifiedAt: clock.now() });
  }

  function noteEnding(key: string, ending?: Ending) {
    const known = remembered.get(key);
    if (!known) return;
    remembered.delete(key);
    const isExpired = known.session.expiresAt.getTime() <= clock.now();
    const oldest = endings.keys().next().value;
    if (endings.size >= rememberedMax && oldest !== undefined) endings.delete(oldest);
    endings.set(
      key,
      ending ?? (isExpired ? "expired" : known.verifiedAt + idleMs <= clock.now() ? "idle" : "ended"),
    );
  }

  function fromMemory(key: string): LiveSession | undefined {
    const known = remembered.get(key);
    if (!known) return undefined;
    const { session, verifiedAt } = known;
    const over =
      session.expiresAt.getTime() <= clock.now() || verifiedAt + idleMs <= clock.now() || session.previous;
    return over ? undefined : session;
  }

  async function lookUp(token: string, key: string): Promise<LiveSession | undefined> {
    const before = forgotten;
    try {
      const session = await store.find(token);
      // A lookup that began before a revocation must not bring the session back.
      if (session && before === forgotten) remember(key, session);
      if (!session) noteEnding(key);
      return session;
    } catch (cause) {
      if (isUnavailable(cause)) awayUntil = clock.now() + pauseMs;
      throw cause;
    }
  }

  /** The looked-up session, or the remembered one as soon as the lookup fails or is late. */
  async function readSnapshot(token: string, key: string): Promise<LiveSession | undefined> {
    const isAway = late.has(key) || clock.now() < awayUntil;
    const offline = isAway ? fromMemory(key) : undefined;
    if (offline) return offline;
    const lookup = lookUp(token, key);
    try {
      return await (fromMemory(key) ? within(lateAfterMs, lookup) : lookup);
    } catch (cause) {
      if (cause instanceof NoAnswerInTime) followLate(key, lookup);
      else if (!isUnavailable(cause)) throw cause;
      const known = fromMemory(key);
      if (known) return known;
      // Ended in the meantime.
      if (cause instanceof NoAnswerInTime) return lookup;
      throw cause;
    }
  }

  function followLate(key: string, lookup: Promise<unknown>) {
    late.add(key);
    const settled = () => void late.delete(key);
    lookup.then(settled, settled);
  }

  return {
    /**
     * @returns undefined if the token is not valid.
     * @throws AppError `unavailable` while the database is unavailable, unless a snapshot is read.
     */
    async of(token: string, use: { snapshot: boolean }): Promise<LiveSession | undefined> {
      const key = hashToken(token).toString("base64url");
      try {
        return await (use.snapshot ? readSnapshot(token, key) : lookUp(token, key));
      } catch (cause) {
        if (!isUnavailable(cause)) throw cause;
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
      forgotten += 1;
      for (const [key, { session }] of [...remembered])
        if ("userId" in ended ? session.user.id === ended.userId : session.id === ended.sessionId)
          noteEnding(key, "ended");
    },
    /** Why the token is not valid any more, as far as this process has seen; undefined for one it never saw alive. */
    endingOf: (token: string): Ending | undefined => endings.get(hashToken(token).toString("base64url")),
  };
}
export type Identity = ReturnType<typeof createIdentity>;
