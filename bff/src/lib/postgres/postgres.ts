import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  Kysely,
  PostgresDialect,
  type Transaction,
} from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import { DatabaseAway } from "#lib/http/server-away.ts";

// bigint columns hold counters and sizes far below 2^53; the contract needs dates as ISO text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export type Database = {
  /** Connections of the application's role: row-level security forced, no organization visible by default. */
  app: Kysely<Tables>;
  /** Connections of the system role (worker, sweeper, aggregates), with its own policies. */
  system: Kysely<Tables>;
  /** The raw pools, for COPY and the pool's metrics. */
  pools: { app: pg.Pool; system: pg.Pool };
  /**
   * One transaction of the application's role that sees exactly these organizations. `statementTimeoutMs` limits each
   * of its statements more tightly than the role does.
   */
  asOrganizations<T>(
    organizationIds: readonly string[],
    work: (tx: Transaction<Tables>) => Promise<T>,
    options?: { statementTimeoutMs?: number },
  ): Promise<T>;
  close(): Promise<void>;
};

type PostgresOptions = {
  appUrl: string;
  systemUrl: string;
  poolSize: number;
  /** The URLs name an administrator, who has none of the settings of the application's roles. Not through a pooler. */
  isAdministrator?: boolean;
  log: Logger;
};

/**
 * What `npm run migrate` sets on the application's roles: a pooler in transaction mode takes no start-up parameters and
 * keeps no settings between transactions.
 */
export const roleSettings = { search_path: "wheelhouse", TimeZone: "UTC", statement_timeout: "30s" };
/** Longer than the role's `statement_timeout`, so that a server that answers says why itself. */
const queryTimeoutMs = 32_000;

/**
 * A pool whose lost connections never end the process. pg reports the loss on the pool while a connection is idle, and
 * on the connection itself between two statements of a transaction; without a listener it would be an uncaught error.
 */
export function openPool(options: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool(options);
  // The error object carries the whole client, including the key that cancels its queries.
  const lost = ({ message }: Error) => {
    if (!pool.ending)
      log.warn({ reason: message, pool: options.application_name }, "Postgres connection lost");
  };
  pool.on("error", lost);
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}

// Connection exceptions, too many connections, and a server that is shutting down, was killed or is starting.
const awayCodes = /^(?:08...|53300|57P0[123])$/;

/**
 * A server's answer stays as it is, unless it announces a shutdown. Programming errors are TypeErrors and the like; the
 * remaining plain errors are those of pg and its pool for a missing connection.
 */
function databaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof pg.DatabaseError)
    return awayCodes.test(error.code ?? "") ? new DatabaseAway(error) : error;
  const isPlain = error.name === "Error" || error instanceof AggregateError;
  return isPlain ? new DatabaseAway(error) : error;
}

/**
 * The result of work on a pool.
 * @throws DatabaseAway if the database cannot be reached; otherwise the original error
 */
export async function onDatabase<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw databaseError(error);
  }
}

/** A dialect whose queries throw `DatabaseAway` if the database cannot be reached. */
export function watchedDialect(pool: pg.Pool, begin?: CompiledQuery): Dialect {
  const dialect = new PostgresDialect({ pool });
  return {
    createDriver: () => {
      const driver = dialect.createDriver();
      const acquire = driver.acquireConnection.bind(driver);
      // A connection is acquired again and again.
      const watched = new WeakSet<DatabaseConnection>();
      return Object.assign(driver, {
        acquireConnection: async () => {
          const connection = await onDatabase(acquire());
          if (watched.has(connection)) return connection;
          watched.add(connection);
          const execute = connection.executeQuery.bind(connection);
          return Object.assign(connection, {
            executeQuery: <R>(query: CompiledQuery) => onDatabase(execute<R>(query)),
          });
        },
        ...(begin
          ? {
              beginTransaction: async (connection: DatabaseConnection) => {
                await connection.executeQuery(begin);
              },
            }
          : {}),
      });
    },
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

/**
 * Opens both pools lazily: nothing connects until the first query, so a database that is away at start-up degrades only
 * what needs it. Waiting for a connection ends after 5 s, a statement after 30 s.
 */
export function createDatabase({
  appUrl,
  systemUrl,
  poolSize,
  isAdministrator = false,
  log,
}: PostgresOptions): Database {
  const open = (connectionString: string, max: number, name: string) =>
    openPool(
      {
        connectionString,
        max,
        connectionTimeoutMillis: 5_000,
        idleTimeoutMillis: 30_000,
        // A new connection plans its first queries again, which takes longer than the rest of a page.
        min: 2,
        keepAlive: true,
        query_timeout: queryTimeoutMs,
        application_name: `wheelhouse-${name}`,
        ...(isAdministrator ? { options: asOptions(roleSettings) } : {}),
      },
      log,
    );
  const pools = { app: open(appUrl, poolSize, "app"), system: open(systemUrl, poolSize, "system") };
  const app = new Kysely<Tables>({ dialect: watchedDialect(pools.app) });
  const system = new Kysely<Tables>({ dialect: watchedDialect(pools.system) });
  return {
    app,
    system,
    pools,
    asOrganizations: (organizationIds, work, options) => {
      // Starts together with its settings, which saves a round trip on every read.
      const settings = limits(organizationIds, options?.statementTimeoutMs);
      const dialect = watchedDialect(pools.app, CompiledQuery.raw(`begin; ${settings}`));
      return new Kysely<Tables>({ dialect }).transaction().execute(work);
    },
    close: async () => {
      await Promise.all([app.destroy(), system.destroy()]);
    },
  };
}

function asOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

/** What a transaction sees and may write; read by `wheelhouse.current_organizations()`. */
function limits(organizationIds: readonly string[], statementTimeoutMs: number | undefined): string {
  const organizations = pg.escapeLiteral(`{${organizationIds.join(",")}}`);
  const timeout =
    statementTimeoutMs === undefined ? "" : `; set local statement_timeout = ${statementTimeoutMs}`;
  return `set local wheelhouse.organization_ids = ${organizations}${timeout}`;
}
