import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Capability, capabilities, roles } from "@wheelhouse/shared/capabilities.ts";
import type { QueryConfig } from "pg";
import type { Logger } from "pino";
import { z } from "zod";
import { AppError, isUnavailable } from "#lib/http/errors.ts";
import type { Actor } from "#lib/http/request-context.ts";
import { type Database, onDatabase } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { lastSeenStepMs } from "../config.ts";
import type { Organization } from "../tree.ts";
import type { Rights } from "./actor.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretLength = 40;
const checksumLength = 6;
export const tokenPrefixLength = 11;
const lookupTimeoutMs = 2_000;

const liveToken = z.object({
  id: z.uuid(),
  name: z.string(),
  organizationId: z.uuid(),
  capabilities: z.array(z.string()),
  lastUsedAt: z.date().nullable(),
  /** The creator's memberships at this moment. */
  memberships: z.array(z.object({ organizationId: z.uuid(), role: z.enum(roles) })),
});
export type LiveToken = z.infer<typeof liveToken>;

const lookupSql = "select * from wheelhouse.find_api_token($1, $2)";

type TimedQuery = QueryConfig & { query_timeout: number };

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let n = 0; n < checksumLength; n += 1) {
    digits = (alphabet[rest % alphabet.length] ?? "") + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}

/**
 * `wh_`, 40 random characters (238 bits) and a checksum, which lets secret scanners recognize leaked tokens.
 */
export function makeApiToken(): string {
  const body = `wh_${Array.from({ length: secretLength }, () => alphabet[randomInt(alphabet.length)]).join("")}`;
  return body + checksumOf(body);
}

export const isTokenShaped = (token: string) => token.startsWith("wh_");

/** Rejects mistyped or truncated tokens without a lookup. */
function isWhole(token: string): boolean {
  return (
    token.length === 3 + secretLength + checksumLength &&
    checksumOf(token.slice(0, -checksumLength)) === token.slice(-checksumLength)
  );
}

export const hashApiToken = (token: string): Buffer => createHash("sha256").update(token).digest();

/**
 * Resolves an API token in the database on every request, so that a revoked token never lives on in memory.
 */
export function createTokenIdentity({
  database,
  clock,
  log,
}: {
  database: Database;
  clock: Clock;
  log: Logger;
}) {
  const touched = new Map<string, number>();

  function touch({ id, lastUsedAt }: LiveToken) {
    const now = clock.now();
    const known = Math.max(lastUsedAt?.getTime() ?? 0, touched.get(id) ?? 0);
    if (now - known < lastSeenStepMs) return;
    if (touched.size >= 10_000) touched.clear();
    touched.set(id, now);
    const update: TimedQuery = {
      text: "update wheelhouse.api_tokens set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at < $2)",
      values: [id, new Date(now)],
      query_timeout: lookupTimeoutMs,
    };
    database.pools.system
      .query(update)
      .catch((err: unknown) => log.warn({ err }, "last use of a token was not recorded"));
  }

  return {
    /** @throws AppError `unavailable` while the database is unavailable. */
    async of(token: string): Promise<LiveToken | undefined> {
      if (!isWhole(token)) return undefined;
      const lookup: TimedQuery = {
        text: lookupSql,
        values: [hashApiToken(token), new Date(clock.now())],
        query_timeout: lookupTimeoutMs,
      };
      const { rows } = await onDatabase(database.pools.system.query(lookup)).catch((cause: unknown) => {
        if (!isUnavailable(cause)) throw cause;
        const text = "The database is unavailable, so tokens cannot be verified right now.";
        throw new AppError("unavailable", text, { retryAfterSeconds: 5, cause });
      });
      if (rows[0] === undefined) return undefined;
      const found = liveToken.parse(rows[0]);
      touch(found);
      return found;
    },
  };
}
export type TokenIdentity = ReturnType<typeof createTokenIdentity>;

/** Rights of a token: in one organization, the intersection of its scope and its creator's rights. */
export function createTokenRights(token: LiveToken, creator: Rights, organization: Organization): Rights {
  const allows = (organizationId: string, capability: Capability) =>
    organizationId === organization.id &&
    token.capabilities.includes(capability) &&
    creator.allows(organizationId, capability);
  return {
    allows,
    roleIn: () => undefined,
    grantableIn: () => [],
    capabilitiesIn: (organizationId) =>
      capabilities.filter((capability) => allows(organizationId, capability)),
    organizations: () => [organization],
  };
}

export const createTokenActor = (token: LiveToken, rights: Rights): Actor => ({
  type: "token",
  id: token.id,
  display: token.name,
  authMethod: "token",
  sessionId: null,
  can: (capability) => ({
    in: (organizationId) => ({ check: () => rights.allows(organizationId, capability) }),
  }),
});
