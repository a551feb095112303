import type pg from "pg";
import { judgeLedger } from "#lib/postgres/migrate.ts";
import { roleSettings } from "#lib/postgres/postgres.ts";
import { type Finding, fail, isUsable, type MakeCheck, pass, warn } from "./check.ts";
import { endSoon, openClient } from "./client.ts";
import type { Deployment, Requirements } from "./deployment.ts";
import { type ConnectionFailure, hostOf, postgresFailure, userOf } from "./failures.ts";
import { findPooler, type Pooler } from "./pooler.ts";

type Login = { variable: string; url: string; role: "application" | "system" | "administrator" };
type Opened = Login & { client?: pg.Client; failure?: ConnectionFailure };

async function open(login: Login): Promise<Opened> {
  try {
    return { ...login, client: await openClient(login.url) };
  } catch (error) {
    return { ...login, failure: postgresFailure(error, login.variable, login.url) };
  }
}

function stepFinding(opened: readonly Opened[], step: ConnectionFailure["step"], good: string): Finding {
  const found = opened.find(({ failure }) => failure?.step === step);
  if (!found?.failure) return pass(good);
  return fail(`${found.variable}: ${found.failure.says}`, found.failure.remedy);
}

function loginsOf({ database }: Deployment): Login[] {
  const logins: Login[] = [
    { variable: "DATABASE_URL", url: database.app, role: "application" },
    { variable: "DATABASE_SYSTEM_URL", url: database.system, role: "system" },
  ];
  if (database.admin)
    logins.push({ variable: "DATABASE_ADMIN_URL", url: database.admin, role: "administrator" });
  return logins;
}

/** What later groups need of Postgres: the system role's connection, once all about it is well. */
export type PostgresFound = { system: pg.Client | undefined; usable: Finding };

/**
 * Checks Postgres from the connection to the rights of the roles. `use` gets the open connections for the checks that
 * read the database; they are closed when it has ended.
 */
export async function checkPostgres(
  check: MakeCheck,
  deployment: Deployment,
  needs: Requirements,
  use: (found: PostgresFound) => Promise<void>,
): Promise<void> {
  const logins = loginsOf(deployment);
  const opening = Promise.all(logins.map(open));
  try {
    const reached = await check("Postgres reachable", async () =>
      stepFinding(
        await opening,
        "reach",
        logins
          .map(({ url }) => hostOf(url))
          .filter(isFirst)
          .join(", "),
      ),
    );
    const opened = isUsable(reached) ? await opening : [];
    const signedIn: Finding[] = [];
    for (const login of logins) {
      const own = opened.filter(({ variable }) => variable === login.variable);
      signedIn.push(
        await check(
          `Postgres sign-in, ${login.role} role`,
          () => {
            const bad = stepFinding(own, "sign-in", userOf(login.url));
            return isUsable(bad) ? stepFinding(own, "other", userOf(login.url)) : bad;
          },
          { after: [reached] },
        ),
      );
    }
    const exists = await check(
      "Postgres database",
      () =>
        stepFinding(
          opened,
          "database",
          decodeURIComponent(new URL(deployment.database.app).pathname.slice(1)),
        ),
      { after: [reached] },
    );
    const clientOf = (role: Login["role"]) => opened.find((one) => one.role === role)?.client;
    const app = clientOf("application");
    const system = clientOf("system");
    const connected = [reached, exists, ...signedIn];
    const usable = await checkOpened({ check, deployment, needs, app, system, connected });
    await use({ system, usable });
  } finally {
    // A frozen server never confirms the end; what is left ends with the process.
    for (const { client } of await opening) if (client) endSoon(client);
  }
}

const isFirst = (text: string, n: number, all: readonly string[]) => all.indexOf(text) === n;

/** Checks what the open connections tell. @returns whether the database can be read as the product would. */
async function checkOpened(given: {
  check: MakeCheck;
  deployment: Deployment;
  needs: Requirements;
  app: pg.Client | undefined;
  system: pg.Client | undefined;
  connected: readonly Finding[];
}): Promise<Finding> {
  const { check, deployment, needs, app, system, connected } = given;
  const missing: Finding = { status: "skip", says: "not connected" };
  if (!app || !system) {
    for (const name of [
      "Postgres version",
      "Postgres is one, and writable",
      "Connection pooler",
      "Application role",
      "System role",
      "Migrations",
      "Role settings",
      "Row-level security",
      "Privileges",
    ])
      await check(name, () => missing, { after: [...connected, missing] });
    return missing;
  }
  const version = await check("Postgres version", () => checkVersion(app, needs), { after: connected });
  const writable = await check("Postgres is one, and writable", () => checkSame(app, system), {
    after: [...connected, version],
  });
  let pooler: Pooler | undefined;
  await check(
    "Connection pooler",
    async () => {
      const { database } = deployment;
      pooler = await findPooler(database.app);
      return checkPooler(pooler, database.admin ? await findPooler(database.admin) : undefined);
    },
    { after: [...connected, writable] },
  );
  const appRole = await check("Application role", () => checkApplicationRole(app), { after: [writable] });
  const systemRole = await check("System role", () => checkSystemRole(system), {
    after: [writable, appRole],
  });
  const migrations = await check("Migrations", () => checkMigrations(app, system, systemRole), {
    after: [writable],
  });
  await check("Role settings", () => checkRoleSettings([app, system]), {
    after: [migrations, appRole, systemRole],
  });
  const security = await check("Row-level security", () => checkRowSecurity(app), {
    after: [writable, migrations],
  });
  const rights = await check("Privileges", () => checkPrivileges(app, system), {
    after: [migrations, security, appRole],
  });
  await check("Postgres connections", () => checkConnections(app, deployment, pooler), {
    after: [writable],
    isThorough: true,
  });
  return rights;
}

async function one<T extends pg.QueryResultRow>(client: pg.Client, sql: string, values: unknown[] = []) {
  const { rows } = await client.query<T>(sql, values);
  const [row] = rows;
  if (!row) throw new Error("the server answered without a row");
  return row;
}

async function checkVersion(app: pg.Client, { postgresVersion }: Requirements): Promise<Finding> {
  const { number, text } = await one<{ number: number; text: string }>(
    app,
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  if (number >= postgresVersion * 10_000) return pass(text);
  return fail(
    `the server is Postgres ${text}`,
    `upgrade it: Wheelhouse needs Postgres ${postgresVersion} or later`,
  );
}

async function checkSame(app: pg.Client, system: pg.Client): Promise<Finding> {
  type Place = {
    started: string;
    database: string;
    isStandby: boolean;
    isReadOnly: boolean;
    encoding: string;
  };
  const sql = `select pg_postmaster_start_time()::text as started, current_database() as database,
    pg_is_in_recovery() as "isStandby", current_setting('transaction_read_only') = 'on' as "isReadOnly",
    current_setting('server_encoding') as encoding`;
  const places = [await one<Place>(app, sql), await one<Place>(system, sql)];
  const [first, second] = places;
  if (first?.started !== second?.started || first?.database !== second?.database)
    return fail(
      `DATABASE_URL leads to ${first?.database} and DATABASE_SYSTEM_URL to ${second?.database}, two different databases`,
      "give both the same host, port and database",
    );
  if (places.some(({ isStandby }) => isStandby))
    return fail(
      "the server is a standby, which takes no writes",
      "name the primary in DATABASE_URL and DATABASE_SYSTEM_URL",
    );
  if (places.some(({ isReadOnly }) => isReadOnly))
    return fail(
      "transactions are read-only by default",
      `alter database ${first?.database} reset default_transaction_read_only, and the same for both roles`,
    );
  if (first?.encoding !== "UTF8")
    return fail(`the database is encoded in ${first?.encoding}`, "create it again with encoding 'UTF8'");
  return pass(`database ${first.database}`);
}

/** Whether Wheelhouse works through what stands before Postgres, and what does not. */
function checkPooler(pooler: Pooler, beforeAdministrator: Pooler | undefined): Finding {
  if (pooler.mode === "statement")
    return fail(
      `${pooler.says}, which allows no transactions`,
      "let the pooler run in transaction or session mode, or connect directly to Postgres",
    );
  if (beforeAdministrator && beforeAdministrator.mode !== "none")
    return warn(
      `DATABASE_ADMIN_URL leads through a pooler: ${beforeAdministrator.says}`,
      "name Postgres itself in DATABASE_ADMIN_URL, because `npm run create-admin` and `npm run db` set their search path at the start of a connection",
    );
  return pass(pooler.says);
}

/** The roles bring their settings along, because poolers refuse or drop those that a connection asks for. */
async function checkRoleSettings(clients: readonly pg.Client[]): Promise<Finding> {
  for (const client of clients) {
    const has = await one<{ role: string; path: string; zone: string; timeout: string }>(
      client,
      `select current_user as role, current_setting('search_path') as path, current_setting('TimeZone') as zone,
         current_setting('statement_timeout') as timeout`,
    );
    const lacking = [
      ...(/\bwheelhouse\b/.test(has.path) ? [] : [`search_path is ${has.path}`]),
      ...(has.zone === roleSettings.TimeZone ? [] : [`TimeZone is ${has.zone}`]),
      ...(has.timeout === "0" ? ["statements have no time limit"] : []),
    ];
    if (lacking.length > 0)
      return fail(
        `${has.role}: ${lacking.join(", ")}`,
        "run `npm run migrate` with DATABASE_ADMIN_URL, then RECONNECT in a pooler; look for `alter role … in database …` and `alter database …` that set something else",
      );
  }
  return pass("search path, time zone and time limit as the migrations set them");
}

type RoleRow = {
  name: string;
  isSuperuser: boolean;
  bypasses: boolean;
  owned: string[];
  isApp: boolean;
  isSystem: boolean;
  isOwner: boolean;
};

function readRole(client: pg.Client): Promise<RoleRow> {
  const member = (role: string) =>
    `exists (select from pg_roles where rolname = '${role}' and pg_has_role(current_user, oid, 'member'))`;
  return one<RoleRow>(
    client,
    `select rolname as name, rolsuper as "isSuperuser", rolbypassrls as bypasses,
       array(select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'wheelhouse' and c.relowner = r.oid and c.relkind in ('r', 'p')
             order by 1 limit 3) as owned,
       ${member("wheelhouse_app")} as "isApp", ${member("wheelhouse_system")} as "isSystem",
       ${member("wheelhouse_owner")} as "isOwner"
     from pg_roles r where rolname = current_user`,
  );
}

async function checkApplicationRole(app: pg.Client): Promise<Finding> {
  const role = await readRole(app);
  const other = "name the role wheelhouse_app in DATABASE_URL, which `npm run migrate` makes";
  if (role.isSuperuser)
    return fail(`${role.name} is a superuser, whom row-level security does not bind`, other);
  if (role.bypasses)
    return fail(
      `${role.name} has BYPASSRLS, so that row-level security does not bind it`,
      `alter role "${role.name}" nobypassrls`,
    );
  if (role.owned.length > 0)
    return fail(
      `${role.name} owns tables (${role.owned.join(", ")}) and could lift their row-level security`,
      `alter table wheelhouse.<table> owner to wheelhouse_owner; ${other}`,
    );
  if (role.isSystem)
    return fail(
      role.name === "wheelhouse_system"
        ? "DATABASE_URL signs in as wheelhouse_system, which sees all organizations"
        : `${role.name} is a member of wheelhouse_system, which sees all organizations`,
      role.name === "wheelhouse_system" ? other : `revoke wheelhouse_system from "${role.name}"`,
    );
  if (role.isOwner)
    return fail(
      `${role.name} is a member of wheelhouse_owner and could lift row-level security`,
      `revoke wheelhouse_owner from "${role.name}"`,
    );
  if (!role.isApp)
    return fail(`${role.name} is not wheelhouse_app, which has all rights and policies`, other);
  return pass(`${role.name}: no superuser, no BYPASSRLS, owner of nothing`);
}

async function checkSystemRole(system: pg.Client): Promise<Finding> {
  const role = await readRole(system);
  const other = "name the role wheelhouse_system in DATABASE_SYSTEM_URL, which `npm run migrate` makes";
  if (!role.isSystem)
    return fail(`${role.name} is not wheelhouse_system, which has the rights and policies`, other);
  if (role.isSuperuser || role.bypasses || role.owned.length > 0 || role.isOwner)
    return warn(`${role.name} may do more than the system role needs`, other);
  return pass(role.name);
}

async function checkMigrations(app: pg.Client, system: pg.Client, systemRole: Finding): Promise<Finding> {
  const migrate = "run `npm run migrate` with DATABASE_ADMIN_URL";
  const { isThere } = await one<{ isThere: boolean }>(
    app,
    `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'wheelhouse' and c.relname = 'schema_migrations') as "isThere"`,
  );
  if (!isThere) return fail("the database was never migrated", migrate);
  const { mayRead } = await one<{ mayRead: boolean }>(
    system,
    `select coalesce(bool_or(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')), false)
       as "mayRead"
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'wheelhouse' and c.relname = 'schema_migrations'`,
  );
  if (!mayRead && !isUsable(systemRole)) return { status: "skip", says: "not checked, because of the roles" };
  if (!mayRead) return fail("the database was not migrated to this release", migrate);
  const { rows } = await system.query<{ name: string; checksum: string }>(
    "select name, checksum from wheelhouse.schema_migrations",
  );
  const { pending, changed, unknown, staleFunctions } = judgeLedger(
    new Map(rows.map(({ name, checksum }) => [name, checksum])),
  );
  const some = (names: readonly string[]) =>
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  if (pending.length > 0) return fail(`not applied: ${some(pending)}`, migrate);
  if (changed.length > 0)
    return fail(
      `applied from other files than this release has: ${some(changed)}`,
      "run the release that migrated this database, or restore a backup",
    );
  if (unknown.length > 0)
    return warn(
      `applied, but not known to this release: ${some(unknown)}`,
      "a newer release migrated the database: run that one",
    );
  if (staleFunctions.length > 0)
    return warn(`other functions than this release has: ${some(staleFunctions)}`, migrate);
  return pass(`all ${rows.length} applied`);
}

async function checkRowSecurity(app: pg.Client): Promise<Finding> {
  const { rows } = await app.query<{ name: string; isForced: boolean; policies: number }>(
    `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as "isForced",
       (select count(*)::int from pg_policy where polrelid = c.oid) as policies
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'wheelhouse' and c.relkind in ('r', 'p') and not c.relispartition
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped)
     order by 1`,
  );
  const open = rows.filter(({ isForced, policies }) => !isForced || policies === 0).map(({ name }) => name);
  if (open.length > 0)
    return fail(
      `not forced on ${open.join(", ")}`,
      `alter table wheelhouse.${open[0]} enable row level security, force row level security; then find out who lifted it`,
    );
  return pass(`forced on all ${rows.length} tables of organizations`);
}

/** One right of each kind that the product cannot work without; a restore without privileges loses all of them. */
const neededRights = [
  ["app", "organizations", "select"],
  ["app", "memberships", "select"],
  ["app", "audit_events", "insert (id, org_id, content)"],
  ["app", "webhook_events", "select"],
  ["system", "webhook_delivery_log", "select"],
  ["system", "history_frames", "insert"],
] as const;

async function checkPrivileges(app: pg.Client, system: pg.Client): Promise<Finding> {
  const lacking: string[] = [];
  for (const [who, table, right] of neededRights) {
    const [, kind = "", columns] = /^(\w+)(?: \((.+)\))?$/.exec(right) ?? [];
    const client = who === "app" ? app : system;
    const ask = columns
      ? "select bool_and(has_column_privilege($1::regclass, c, $2)) as may from unnest(string_to_array($3, ', ')) c"
      : "select has_table_privilege($1::regclass, $2) as may";
    const values = [`wheelhouse.${table}`, kind, ...(columns ? [columns] : [])];
    const { may } = await one<{ may: boolean }>(client, ask, values);
    if (!may) lacking.push(`${kind} on ${table} (wheelhouse_${who})`);
  }
  if (lacking.length > 0)
    return fail(
      `lost: ${lacking.join(", ")}`,
      "restore the backup with its privileges (pg_restore without --no-privileges), or grant them as database/schema.sql says",
    );
  return pass("as the migrations grant them");
}

async function checkConnections(
  app: pg.Client,
  { config }: Deployment,
  pooler: Pooler | undefined,
): Promise<Finding> {
  if (pooler?.mode === "transaction") return pass("shared by the pooler");
  const { limit, used } = await one<{ limit: number; used: number }>(
    app,
    `select least(
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
         nullif((select rolconnlimit from pg_roles where rolname = current_user), -1),
         nullif((select datconnlimit from pg_database where datname = current_database()), -1)) as limit,
       (select count(*)::int from pg_stat_activity where datname = current_database()) as used`,
  );
  const wanted = config.postgres.poolSize * 2;
  if (wanted <= limit) return pass(`${limit} allowed, ${used} in use, ${wanted} wanted by each process`);
  return warn(
    `${limit} connections are allowed, and each process opens up to ${wanted}`,
    "raise the limit of the server, database or role, or lower WHEELHOUSE_PG_POOL_SIZE",
  );
}
