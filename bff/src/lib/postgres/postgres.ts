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

// bigint columns are counters and sizes far below 2^53; dates are wanted as ISO text by the contract.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export type Database = {
  /** Connections of the application's role: row-level security forced, no organization visible by default. */
  app: Kysely<Tables>;
  /** Connections of the system role (worker, sweeper, aggregates), with policies of its own. */
  system: Kysely<Tables>;
  /** The raw pools, for COPY, LISTEN and the pool figures. */
  pools: { app: pg.Pool; system: pg.Pool };
  /**
   * One transaction of the application's role that sees exactly these organizations. `statementTimeoutMs` bounds each
   * of its statements closer than the pool does.
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
  /** Upper bound of any statement, milliseconds. */
  statementTimeoutMs?: number;
  log: Logger;
};

/**
 * A pool whose lost connections never end the process. pg reports the loss on the pool while a connection is idle, on
 * the connection itself between two statements of a transaction; nobody listening there would be an uncaught error.
 */
export function openPool(options: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool(options);
  // The error itself carries the whole client, with the key that cancels its queries.
  const lost = ({ message }: Error) => {
    if (!pool.ending)
      log.warn({ reason: message, pool: options.application_name }, "Postgres connection lost");
  };
  pool.on("error", lost);
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}

// Connection exceptions, too many connections, and a server that is shutting down, was killed or starts up.
const awayCodes = /^(?:08...|53300|57P0[123])$/;

/**
 * What the server answered stays as it is, unless it says that it is going. Mistakes in a call are TypeErrors and the
 * like; all that is left are plain errors by which pg and its pool say that they have no connection.
 */
function databaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof pg.DatabaseError)
    return awayCodes.test(error.code ?? "") ? new DatabaseAway(error) : error;
  const isPlain = error.name === "Error" || error instanceof AggregateError;
  return isPlain ? new DatabaseAway(error) : error;
}

/** The outcome of work on a pool. @throws DatabaseAway when the database cannot be reached; else what it throws */
export async function onDatabase<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw databaseError(error);
  }
}

/** Dialect whose queries throw `DatabaseAway` when the database cannot be reached. */
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
 * Opens both pools lazily: nothing connects until the first query, so that a database that is away at start-up
 * degrades what needs it and nothing else. Waiting for a connection ends after 5 s.
 */
export function createDatabase({
  appUrl,
  systemUrl,
  poolSize,
  statementTimeoutMs = 30_000,
  log,
}: PostgresOptions): Database {
  const open = (connectionString: string, max: number, name: string) =>
    openPool(
      {
        connectionString,
        max,
        connectionTimeoutMillis: 5_000,
        idleTimeoutMillis: 30_000,
        // A new connection plans its first look-ups anew, which takes longer than all the rest of a page.
        min: 2,
        keepAlive: true,
        statement_timeout: statementTimeoutMs,
        query_timeout: statementTimeoutMs + 2_000,
        application_name: `wheelhouse-${name}`,
        options: "-c search_path=wheelhouse -c timezone=UTC",
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
      // Begins together with its settings, which saves every reading a round trip.
      const settings = limits(organizationIds, options?.statementTimeoutMs);
      const dialect = watchedDialect(pools.app, CompiledQuery.raw(`begin; ${settings}`));
      return new Kysely<Tables>({ dialect }).transaction().execute(work);
    },
    close: async () => {
      await Promise.all([app.destroy(), system.destroy()]);
    },
  };
}

/** What a transaction sees and may write; read by `wheelhouse.current_organizations()`. */
function limits(organizationIds: readonly string[], statementTimeoutMs: number | undefined): string {
  const organizations = pg.escapeLiteral(`{${organizationIds.join(",")}}`);
  const timeout =
    statementTimeoutMs === undefined ? "" : `; set local statement_timeout = ${statementTimeoutMs}`;
  return `set local wheelhouse.organization_ids = ${organizations}${timeout}`;
}
