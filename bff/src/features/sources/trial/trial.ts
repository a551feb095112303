import type { SourceTrial } from "@wheelhouse/shared/sources/trial.ts";
import type { Redis } from "ioredis";
import pg from "pg";
import type { Changes } from "#lib/change.ts";
import { type EnteredAddress, readEnteredAddress } from "#lib/entered-address.mjs";
import { AppError, invalidField } from "#lib/http/errors.ts";
import type { RequestContext } from "#lib/http/request-context.ts";
import type { WatchHttp } from "#lib/http/watch-http.ts";
import { addToWindow } from "#lib/redis/rate-window.ts";
import { createRedisOnce, databaseRefusalOf, redisDatabaseOf } from "#lib/redis/redis.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { filteredSocket } from "#lib/security/filtered-socket.ts";
import { type Found, refusedServer } from "./found.ts";
import { type AnswerReaders, examineHttp } from "./http.ts";
import { examinePostgres } from "./postgres.ts";
import { examineRedis, type QueueReader } from "./redis.ts";
import { suggestionFor } from "./suggestion.ts";

export type { AnswerReaders } from "./http.ts";
export type { QueueReader } from "./redis.ts";

/** How the features that watch understand what they read. */
export type Readers = AnswerReaders & { queues(redis: Redis, database: number): QueueReader };

type TrialsDeps = {
  readers: Readers;
  http: Pick<WatchHttp, "get">;
  /** Which addresses a Redis or Postgres server may have. */
  filter: AddressFilter;
  /** Counts the trials of an organization. */
  redis: Redis;
  changes: Pick<Changes, "run">;
  /** Short names that are in use in an organization. */
  takenSlugs(organization: string): ReadonlySet<string>;
};

const limitMs = 8_000;
const windowMs = 10 * 60_000;
/** Enough to attach a platform by hand; too few to search a network for open ports. */
const trialsPerWindow = 30;

/** Connects to an address once, reads, and says what it is. */
export function createTrials({ readers, http, filter, redis, changes, takenSlugs }: TrialsDeps) {
  async function examine(address: EnteredAddress): Promise<Found> {
    const signal = AbortSignal.timeout(limitMs);
    if (address.kind === "http") return examineHttp(address.url, { http, readers, signal });
    const refusal = filter.refusalOfUrl(address.url);
    if (refusal !== null) return refusedServer({ kind: address.kind }, refusal);
    return address.kind === "redis" ? examineOnRedis(address.url, signal) : examineOnPostgres(address.url);
  }

  async function examineOnRedis(url: string, signal: AbortSignal): Promise<Found> {
    const connection = createRedisOnce({ url, name: "wheelhouse-trial", filter });
    try {
      return await examineRedis({
        redis: connection,
        user: decodeURIComponent(new URL(url).username),
        queuesOf: (opened) => readers.queues(opened, redisDatabaseOf(url) ?? 0),
        databaseRefusal: () => databaseRefusalOf(connection),
        signal,
      });
    } finally {
      connection.disconnect();
    }
  }

  async function examineOnPostgres(url: string): Promise<Found> {
    const client = new pg.Client({
      connectionString: url,
      application_name: "wheelhouse-trial",
      connectionTimeoutMillis: 4_000,
      query_timeout: 4_000,
      stream: () => filteredSocket(filter),
    });
    // A lost connection shows in the answer to the next query.
    client.on("error", () => {});
    try {
      return await examinePostgres(client);
    } finally {
      // A server that hangs never confirms the end.
      void client.end().catch(() => {});
    }
  }

  async function admit({ organization }: RequestContext) {
    const { count, resetMs } = await addToWindow(
      redis,
      { kind: "source-trials", name: organization.id },
      1,
      windowMs,
    );
    if (count > trialsPerWindow)
      throw new AppError(
        "rate_limited",
        `This organization may try ${trialsPerWindow} addresses in ${windowMs / 60_000} minutes.`,
        { retryAfterSeconds: Math.max(1, Math.ceil(resetMs / 1_000)) },
      );
  }

  /** @param taken short names that are in use. */
  const describe = (address: EnteredAddress, found: Found, taken: ReadonlySet<string>): SourceTrial => {
    const { name, slug } = suggestionFor(address, found.kept, taken);
    return Object.assign({ shown: address.shown, name, slug }, found);
  };

  return {
    /** Without limit and audit, for addresses given to the start. */
    examine,
    describe,
    /** @throws 400 for a text that is no address, 403 for a server without the right to connect it, 429. */
    async run({ address: text }: { address: string }, context: RequestContext): Promise<SourceTrial> {
      const { actor, organization } = context;
      const address = readEnteredAddress(text);
      if ("problem" in address) throw invalidField("body.address", address.problem);
      if (address.kind !== "http" && !actor.can("sources:connect").in(organization.id).check())
        throw new AppError("forbidden", "Only a superadmin may connect Redis and Postgres servers.");
      await admit(context);
      const found = await examine(address);
      const { kind } = found.kept;
      const target = new URL(address.url).host;
      await changes.run(context, "sources.trial.run", async () => ({
        result: null,
        audit: {
          targets: [{ type: "address", id: target, name: target }],
          after: { target, kind, state: found.state },
        },
      }));
      return describe(address, found, takenSlugs(organization.slug));
    },
  };
}
export type Trials = ReturnType<typeof createTrials>;
