import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { platformOrganization } from "#lib/http/request-context.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { type PgBouncer, startPgBouncer } from "#testing/postgres/pgbouncer.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { query } from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";
import { requirements } from "./deployment.ts";
import { diagnose } from "./doctor.ts";

type Environment = Record<string, string>;
type Options = NonNullable<Parameters<typeof diagnose>[1]>;

let postgres: OwnPostgres;
let pooler: PgBouncer;
let statements: PgBouncer;
let redis: OwnRedis;
let replica: OwnRedis;
let folder: string;
let healthy: Environment;
let closedPort: number;
const secretKey = randomBytes(32).toString("base64");

beforeAll(async () => {
  [postgres, redis, replica] = await Promise.all([startOwnPostgres(), startOwnRedis(), startOwnRedis()]);
  const roles = [postgres.appUrl, postgres.systemUrl, postgres.adminUrl];
  [pooler, statements] = await Promise.all([startPgBouncer(roles), startPgBouncer(roles, "statement")]);
  folder = makeTemporaryFolder();
  closedPort = await freePort();
  healthy = {
    NODE_ENV: "production",
    PORT: "0",
    DATABASE_URL: postgres.appUrl,
    DATABASE_SYSTEM_URL: postgres.systemUrl,
    REDIS_URL: `${redis.url}/0`,
    WHEELHOUSE_SECRET_KEY: secretKey,
    WHEELHOUSE_PUBLIC_URL: "https://ops.example.com",
    WHEELHOUSE_TRUST_PROXY: "1",
    WHEELHOUSE_DATA_DIR: join(folder, "data"),
  };
  mkdirSync(join(folder, "data"));
  const id = "0198a000-0000-7000-8000-000000000001";
  await admin(
    `insert into wheelhouse.watched_sources (id, org_id, slug, kind, definition, url_box)
     values ($1, $2, 'primary', 'redis', '{}', $3)`,
    [id, platformOrganization.id, createSecretBox(secretKey).seal("redis://x", `watched-source/${id}`)],
  );
});
afterAll(async () => {
  await Promise.all([pooler.stop(), statements.stop()]);
  await Promise.all([postgres.dispose(), redis.dispose(), replica.dispose()]);
  rmSync(folder, { recursive: true, force: true });
});

const admin = (sql: string, values: unknown[] = []) => query(postgres.adminUrl, sql, values);

async function asRedis(work: (client: Redis) => Promise<unknown>, url = redis.url) {
  const client = new Redis(url, { commandTimeout: 5_000 });
  client.on("error", () => {});
  try {
    await work(client);
  } finally {
    client.disconnect();
  }
}

/** The same address with something else in it. */
const changed = (url: string, change: Partial<Pick<URL, "username" | "password" | "pathname" | "port">>) =>
  Object.assign(new URL(url), change).href;

const behind = ({ through }: PgBouncer) => ({
  DATABASE_URL: through(postgres.appUrl),
  DATABASE_SYSTEM_URL: through(postgres.systemUrl),
});

const listen = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve((typeof address === "object" ? (address satisfies AddressInfo | null)?.port : 0) ?? 0);
    });
  });

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

/** A server that answers each path with a status and a text. */
async function startAnswering(answer: (path: string, port: number) => { status: number; text: string }) {
  const server = createHttpServer((request, response) => {
    const { status, text } = answer(request.url ?? "", port);
    response.writeHead(status).end(text);
  });
  const port = await listen(server);
  return { port, stop: () => server.close() };
}

const named = async (environment: Environment, options: Options = {}) => {
  const results = await diagnose(environment, options);
  return results.filter(({ status }) => status === "warn" || status === "fail");
};

test("a healthy deployment passes every check", async () => {
  const results = await diagnose(healthy);
  expect(results.filter(({ status }) => status !== "pass")).toEqual([]);
  expect(results.length).toBeGreaterThan(25);
});

type Broken = {
  /** What is wrong, in the title. */
  what: string;
  check: string;
  status: "warn" | "fail";
  says: RegExp;
  remedy: RegExp;
  set?: () => Environment;
  options?: () => Options;
  /** Breaks a server, and returns what mends it. */
  breakIt?: () => Promise<() => unknown>;
};

const sql = (breaking: string, mending: string) => async () => {
  await admin(breaking);
  return () => admin(mending);
};
const redisConfig = (name: string, value: string, before: string) => async () => {
  await asRedis((client) => client.config("SET", name, value));
  return () => asRedis((client) => client.config("SET", name, before));
};
const ledger = (row: string) => async () => {
  await admin(row);
  return () =>
    admin(`begin; delete from wheelhouse.schema_migrations where name like '9999%';
      delete from wheelhouse.schema_migrations where name = '0009-baseline-history.sql';
      insert into wheelhouse.schema_migrations select * from ledger_before
        where name = '0009-baseline-history.sql'; drop table ledger_before; commit`);
};
const keepLedger = "create table ledger_before as select * from wheelhouse.schema_migrations; ";
const other = randomBytes(32).toString("base64");

const broken: Broken[] = [
  {
    what: "a bad variable",
    check: "PORT",
    status: "fail",
    says: /whole number/,
    remedy: /configuration\.md/,
    set: () => ({ PORT: "http" }),
  },
  {
    what: "a missing variable",
    check: "REDIS_URL",
    status: "fail",
    says: /is required/,
    remedy: /configuration\.md/,
    set: () => ({ REDIS_URL: "" }),
  },
  {
    what: "a bare # in the password of a database",
    check: "DATABASE_URL",
    status: "fail",
    says: /the password in DATABASE_URL must be percent-encoded/,
    remedy: /configuration\.md/,
    set: () => ({ DATABASE_URL: "postgres://app:12#34@db/wheelhouse" }),
  },
  {
    what: "a wrong password of the application role",
    check: "Postgres sign-in, application role",
    status: "fail",
    says: /DATABASE_URL: wheelhouse_app may not sign in/,
    remedy: /correct user and password in DATABASE_URL/,
    set: () => ({ DATABASE_URL: changed(postgres.appUrl, { password: "hunter2-hunter2" }) }),
  },
  {
    what: "a system role that does not exist",
    check: "Postgres sign-in, system role",
    status: "fail",
    says: /DATABASE_SYSTEM_URL: nobody_here may not sign in/,
    remedy: /npm run migrate/,
    set: () => ({ DATABASE_SYSTEM_URL: changed(postgres.systemUrl, { username: "nobody_here" }) }),
  },
  {
    what: "a wrong password of the administrator",
    check: "Postgres sign-in, administrator role",
    status: "fail",
    says: /DATABASE_ADMIN_URL: postgres may not sign in/,
    remedy: /DATABASE_ADMIN_URL/,
    set: () => ({ DATABASE_ADMIN_URL: changed(postgres.adminUrl, { password: "hunter2-hunter2" }) }),
  },
  {
    what: "a port on which no Postgres listens",
    check: "Postgres reachable",
    status: "fail",
    says: /127\.0\.0\.1:1 cannot be reached: nothing listens there/,
    remedy: /start the server/,
    set: () => ({
      DATABASE_URL: changed(postgres.appUrl, { port: "1" }),
      DATABASE_SYSTEM_URL: changed(postgres.systemUrl, { port: "1" }),
    }),
  },
  {
    what: "a Postgres that hangs",
    check: "Postgres reachable",
    status: "fail",
    says: /does not answer in time/,
    remedy: /start the server/,
    breakIt: async () => {
      postgres.pause();
      return postgres.resume;
    },
  },
  {
    what: "a database that does not exist",
    check: "Postgres database",
    status: "fail",
    says: /the database nothing_here does not exist/,
    remedy: /create database nothing_here/,
    set: () => ({
      DATABASE_URL: changed(postgres.appUrl, { pathname: "/nothing_here" }),
      DATABASE_SYSTEM_URL: changed(postgres.systemUrl, { pathname: "/nothing_here" }),
    }),
  },
  {
    what: "a database that was never migrated",
    check: "Migrations",
    status: "fail",
    says: /never migrated/,
    remedy: /npm run migrate/,
    set: () => ({
      DATABASE_URL: changed(postgres.appUrl, { pathname: "/postgres" }),
      DATABASE_SYSTEM_URL: changed(postgres.systemUrl, { pathname: "/postgres" }),
    }),
  },
  {
    what: "a migration that is not applied",
    check: "Migrations",
    status: "fail",
    says: /not applied: 0009-baseline-history\.sql/,
    remedy: /npm run migrate/,
    breakIt: ledger(
      `${keepLedger} delete from wheelhouse.schema_migrations where name = '0009-baseline-history.sql'`,
    ),
  },
  {
    what: "a migration of another content",
    check: "Migrations",
    status: "fail",
    says: /from other files.*0009-baseline-history\.sql/,
    remedy: /restore a backup/,
    breakIt: ledger(
      `${keepLedger} update wheelhouse.schema_migrations set checksum = 'x' where name = '0009-baseline-history.sql'`,
    ),
  },
  {
    what: "a migration of a newer release",
    check: "Migrations",
    status: "warn",
    says: /not known to this release: 9999-later\.sql/,
    remedy: /newer release/,
    breakIt: ledger(
      `${keepLedger} insert into wheelhouse.schema_migrations (name, checksum) values ('9999-later.sql', 'x')`,
    ),
  },
  {
    what: "a function of another release",
    check: "Migrations",
    status: "warn",
    says: /other functions.*functions\/find-audit\.sql/,
    remedy: /npm run migrate/,
    breakIt: sql(
      "update wheelhouse.schema_migrations set checksum = 'x' || checksum where name = 'functions/find-audit.sql'",
      "update wheelhouse.schema_migrations set checksum = substr(checksum, 2) where name = 'functions/find-audit.sql'",
    ),
  },
  {
    what: "two different databases",
    check: "Postgres is one, and writable",
    status: "fail",
    says: /two different databases/,
    remedy: /same host, port and database/,
    set: () => ({ DATABASE_SYSTEM_URL: changed(postgres.systemUrl, { pathname: "/postgres" }) }),
  },
  {
    what: "a database that takes no writes",
    check: "Postgres is one, and writable",
    status: "fail",
    says: /read-only/,
    remedy: /reset default_transaction_read_only/,
    breakIt: async () => {
      await admin("alter database wheelhouse set default_transaction_read_only = on");
      const mend =
        "set transaction read write; alter database wheelhouse reset default_transaction_read_only";
      return () => admin(`begin; ${mend}; commit`);
    },
  },
  {
    what: "a superuser as application role",
    check: "Application role",
    status: "fail",
    says: /wheelhouse_app is a superuser/,
    remedy: /wheelhouse_app/,
    breakIt: sql("alter role wheelhouse_app superuser", "alter role wheelhouse_app nosuperuser"),
  },
  {
    what: "an application role with BYPASSRLS",
    check: "Application role",
    status: "fail",
    says: /BYPASSRLS/,
    remedy: /alter role "wheelhouse_app" nobypassrls/,
    breakIt: sql("alter role wheelhouse_app bypassrls", "alter role wheelhouse_app nobypassrls"),
  },
  {
    what: "an application role that owns a table",
    check: "Application role",
    status: "fail",
    says: /owns tables \(deployments\)/,
    remedy: /owner to wheelhouse_owner/,
    breakIt: sql(
      "alter table wheelhouse.deployments owner to wheelhouse_app",
      "alter table wheelhouse.deployments owner to wheelhouse_owner",
    ),
  },
  {
    what: "an application role that is a member of the owner",
    check: "Application role",
    status: "fail",
    says: /member of wheelhouse_owner/,
    remedy: /revoke wheelhouse_owner/,
    breakIt: sql("grant wheelhouse_owner to wheelhouse_app", "revoke wheelhouse_owner from wheelhouse_app"),
  },
  {
    what: "the system role in place of the application's",
    check: "Application role",
    status: "fail",
    says: /signs in as wheelhouse_system/,
    remedy: /name the role wheelhouse_app/,
    set: () => ({ DATABASE_URL: postgres.systemUrl }),
  },
  {
    what: "the application role in place of the system's",
    check: "System role",
    status: "fail",
    says: /is not wheelhouse_system/,
    remedy: /DATABASE_SYSTEM_URL/,
    set: () => ({ DATABASE_SYSTEM_URL: postgres.appUrl }),
  },
  {
    what: "a superuser as system role",
    check: "System role",
    status: "warn",
    says: /may do more/,
    remedy: /wheelhouse_system/,
    breakIt: sql("alter role wheelhouse_system superuser", "alter role wheelhouse_system nosuperuser"),
  },
  {
    what: "row-level security that is not forced on a table",
    check: "Row-level security",
    status: "fail",
    says: /not forced on deployments/,
    remedy: /force row level security/,
    breakIt: sql(
      "alter table wheelhouse.deployments no force row level security",
      "alter table wheelhouse.deployments force row level security",
    ),
  },
  {
    what: "privileges that a restore left out",
    check: "Privileges",
    status: "fail",
    says: /select on memberships \(wheelhouse_app\)/,
    remedy: /--no-privileges/,
    breakIt: sql(
      "revoke select on wheelhouse.memberships from wheelhouse_app",
      "grant select on wheelhouse.memberships to wheelhouse_app",
    ),
  },
  {
    what: "a database that does not exist behind a pooler",
    check: "Postgres database",
    status: "fail",
    says: /the database nothing_here does not exist/,
    remedy: /create database nothing_here/,
    set: () => ({
      DATABASE_URL: changed(pooler.through(postgres.appUrl), { pathname: "/nothing_here" }),
      DATABASE_SYSTEM_URL: changed(pooler.through(postgres.systemUrl), { pathname: "/nothing_here" }),
    }),
  },
  {
    what: "a wrong password behind a pooler",
    check: "Postgres sign-in, application role",
    status: "fail",
    says: /wheelhouse_app may not sign in/,
    remedy: /correct user and password in DATABASE_URL/,
    set: () => ({
      ...behind(pooler),
      DATABASE_URL: changed(pooler.through(postgres.appUrl), { password: "hunter2-hunter2" }),
    }),
  },
  {
    what: "a pooler that allows no transactions",
    check: "Connection pooler",
    status: "fail",
    says: /statement mode, which allows no transactions/,
    remedy: /transaction or session mode/,
    set: () => behind(statements),
  },
  {
    what: "an administrator behind a pooler",
    check: "Connection pooler",
    status: "warn",
    says: /DATABASE_ADMIN_URL leads through a pooler/,
    remedy: /create-admin/,
    set: () => ({ ...behind(pooler), DATABASE_ADMIN_URL: pooler.through(postgres.adminUrl) }),
  },
  {
    what: "a role that does not find the schema",
    check: "Role settings",
    status: "fail",
    says: /wheelhouse_system: search_path is "\$user", public/,
    remedy: /npm run migrate/,
    breakIt: sql(
      "alter role wheelhouse_system reset search_path",
      "alter role wheelhouse_system set search_path = wheelhouse",
    ),
  },
  {
    what: "a role whose statements never end",
    check: "Role settings",
    status: "fail",
    says: /wheelhouse_app: statements have no time limit/,
    remedy: /npm run migrate/,
    breakIt: sql(
      "alter role wheelhouse_app in database wheelhouse set statement_timeout = 0",
      "alter role wheelhouse_app in database wheelhouse reset statement_timeout",
    ),
  },
  {
    what: "a role that may open too few connections",
    check: "Postgres connections",
    status: "warn",
    says: /12 connections are allowed, and each process opens up to 20/,
    remedy: /WHEELHOUSE_PG_POOL_SIZE/,
    breakIt: sql(
      "alter role wheelhouse_app connection limit 12",
      "alter role wheelhouse_app connection limit -1",
    ),
  },
  {
    what: "a Postgres that is too old",
    check: "Postgres version",
    status: "fail",
    says: /the server is Postgres/,
    remedy: /needs Postgres 99 or later/,
    options: () => ({ needs: { ...requirements, postgresVersion: 99 } }),
  },
  {
    what: "a clock that is 10 s late",
    check: "Clocks",
    status: "warn",
    says: /Postgres \+.*ms/,
    remedy: /NTP/,
    options: () => ({ clock: { now: () => Date.now() - 10_000 } }),
  },
  {
    what: "a clock that is 10 minutes early",
    check: "Clocks",
    status: "fail",
    says: /Redis −.*ms/,
    remedy: /NTP/,
    options: () => ({ clock: { now: () => Date.now() + 600_000 } }),
  },
  {
    what: "a secret key with which the database was not written",
    check: "Stored secrets",
    status: "fail",
    says: /sealed with another key/,
    remedy: /WHEELHOUSE_SECRET_KEY/,
    set: () => ({ WHEELHOUSE_SECRET_KEY: other }),
  },
  {
    what: "a secret key that is not random",
    check: "Secret key",
    status: "fail",
    says: /not random/,
    remedy: /openssl rand/,
    set: () => ({ WHEELHOUSE_SECRET_KEY: Buffer.alloc(32).toString("base64") }),
  },
  {
    what: "a lost public key of the audit trail",
    check: "Audit key",
    status: "warn",
    says: /0123456789abcdef.*not trusted/,
    remedy: /audit-public-keys\.pem/,
    breakIt: async () => {
      await admin(`alter table wheelhouse.audit_checkpoints disable trigger user;
        insert into wheelhouse.audit_checkpoints (org_id, number, seq, hash, key_id, line)
        values ('${platformOrganization.id}', 1, 1, '', '0123456789abcdef', '{}')`);
      return () => admin("delete from wheelhouse.audit_checkpoints");
    },
  },
  {
    what: "a port on which no Redis listens",
    check: "Redis connection",
    status: "fail",
    says: /127\.0\.0\.1:1 cannot be reached: nothing listens there/,
    remedy: /REDIS_URL/,
    set: () => ({ REDIS_URL: "redis://127.0.0.1:1/0" }),
  },
  {
    what: "a Redis that hangs",
    check: "Redis connection",
    status: "fail",
    says: /does not answer in time/,
    remedy: /start the server/,
    breakIt: async () => {
      redis.pause();
      return redis.resume;
    },
  },
  {
    what: "a missing password of Redis",
    check: "Redis connection",
    status: "fail",
    says: /the sign-in was refused: NOAUTH/,
    remedy: /user and password in REDIS_URL/,
    breakIt: async () => {
      await asRedis((client) => client.config("SET", "requirepass", "hunter2-hunter2"));
      return () =>
        asRedis(
          (client) => client.config("SET", "requirepass", ""),
          changed(redis.url, { password: "hunter2-hunter2" }),
        );
    },
  },
  {
    what: "a wrong user of Redis",
    check: "Redis connection",
    status: "fail",
    says: /the sign-in was refused: WRONGPASS/,
    remedy: /user and password in REDIS_URL/,
    set: () => ({ REDIS_URL: changed(redis.url, { username: "someone", password: "hunter2-hunter2" }) }),
  },
  {
    what: "a logical database that Redis does not have",
    check: "Redis database",
    status: "fail",
    says: /database 99 cannot be used: ERR DB index is out of range/,
    remedy: /such as \/0/,
    set: () => ({ REDIS_URL: `${redis.url}/99` }),
  },
  {
    what: "a logical database with the keys of others",
    check: "Redis neighbours",
    status: "warn",
    says: /database 3 holds 1 keys of others/,
    remedy: /REDIS_URL/,
    set: () => ({ REDIS_URL: `${redis.url}/3` }),
    breakIt: async () => {
      await asRedis((client) => client.set("shop:basket", "1"), `${redis.url}/3`);
      return () => asRedis((client) => client.flushdb(), `${redis.url}/3`);
    },
  },
  {
    what: "a read-only replica",
    check: "Redis role",
    status: "fail",
    says: /read-only replica of 127\.0\.0\.1/,
    remedy: /primary/,
    set: () => ({ REDIS_URL: replica.url }),
    breakIt: async () => {
      const { hostname, port } = new URL(redis.url);
      await asRedis((client) => client.replicaof(hostname, port), replica.url);
      return () => asRedis((client) => client.replicaof("NO", "ONE"), replica.url);
    },
  },
  {
    what: "a Redis that is too old",
    check: "Redis version",
    status: "fail",
    says: /the server is Redis/,
    remedy: /needs Redis 99 or later/,
    options: () => ({ needs: { ...requirements, redisVersion: 99 } }),
  },
  {
    what: "a full memory of Redis",
    check: "Redis writes",
    status: "fail",
    says: /memory is full/,
    remedy: /maxmemory/,
    breakIt: redisConfig("maxmemory", "1mb", "0"),
  },
  {
    what: "a Redis that deletes keys when it is full",
    check: "Redis eviction",
    status: "warn",
    says: /allkeys-lru/,
    remedy: /noeviction/,
    breakIt: redisConfig("maxmemory-policy", "allkeys-lru", "noeviction"),
  },
  {
    what: "a Redis that keeps nothing",
    check: "Redis persistence",
    status: "warn",
    says: /a restart of Redis loses all jobs/,
    remedy: /appendonly yes/,
    breakIt: redisConfig("appendonly", "no", "yes"),
  },
  {
    what: "a user of Redis who may run no scripts",
    check: "Redis rights",
    status: "fail",
    says: /the user limited may not use EVAL/,
    remedy: /ACL SETUSER limited/,
    set: () => ({ REDIS_URL: changed(redis.url, { username: "limited", password: "hunter2-hunter2" }) }),
    breakIt: async () => {
      await asRedis((client) =>
        client.call(
          "ACL",
          "SETUSER",
          "limited",
          "on",
          ">hunter2-hunter2",
          "~*",
          "&*",
          "+@all",
          "-@scripting",
        ),
      );
      return () => asRedis((client) => client.call("ACL", "DELUSER", "limited"));
    },
  },
  {
    what: "a data folder that cannot be made",
    check: "Data folder",
    status: "fail",
    says: /cannot be written/,
    remedy: /WHEELHOUSE_DATA_DIR/,
    set: () => {
      writeFileSync(join(folder, "file"), "");
      return { WHEELHOUSE_DATA_DIR: join(folder, "file/data") };
    },
  },
  {
    what: "a disk that is nearly full",
    check: "Disk space",
    status: "warn",
    says: /GiB free/,
    remedy: /free space/,
    options: () => ({ needs: { ...requirements, freeBytes: { least: 0, comfortable: 1e18 } } }),
  },
  {
    what: "a full disk",
    check: "Disk space",
    status: "fail",
    says: /GiB free/,
    remedy: /WHEELHOUSE_DATA_DIR/,
    options: () => ({ needs: { ...requirements, freeBytes: { least: 1e18, comfortable: 1e18 } } }),
  },
  {
    what: "an address that this machine does not have",
    check: "Port",
    status: "fail",
    says: /no address 192\.0\.2\.1/,
    remedy: /HOST/,
    set: () => ({ HOST: "192.0.2.1", PORT: "4600" }),
  },
  {
    what: "a public URL whose path is one of the console's own",
    check: "WHEELHOUSE_PUBLIC_URL",
    status: "fail",
    says: /begins with \/api, which is a path of the console itself/,
    remedy: /docs\/configuration\.md/,
    set: () => ({ WHEELHOUSE_PUBLIC_URL: "https://example.com/api/ops" }),
  },
  {
    what: "a public URL that is not encrypted",
    check: "Public URL",
    status: "warn",
    says: /not encrypted/,
    remedy: /TLS/,
    set: () => ({ WHEELHOUSE_PUBLIC_URL: "http://ops.example.com" }),
  },
  {
    what: "a proxy in front that is not trusted",
    check: "Trusted proxies",
    status: "warn",
    says: /all clients share one address/,
    remedy: /WHEELHOUSE_TRUST_PROXY/,
    set: () => ({ WHEELHOUSE_TRUST_PROXY: "0" }),
  },
  {
    what: "senders that are all trusted",
    check: "Trusted proxies",
    status: "fail",
    says: /every sender is trusted/,
    remedy: /number of proxies/,
    set: () => ({ WHEELHOUSE_TRUST_PROXY: "0.0.0.0/0" }),
  },
  {
    what: "demo accounts in production",
    check: "Demo",
    status: "warn",
    says: /known passwords/,
    remedy: /WHEELHOUSE_DEMO/,
    set: () => ({ WHEELHOUSE_DEMO: "1" }),
  },
  {
    what: "a list of watched sources that is missing",
    check: "Watched sources",
    status: "fail",
    says: /cannot be read/,
    remedy: /WHEELHOUSE_CONFIG/,
    set: () => ({ WHEELHOUSE_CONFIG: join(folder, "none.yaml") }),
  },
  {
    what: "an identity provider that is away",
    check: "Identity provider",
    status: "fail",
    says: /nothing listens there/,
    remedy: /WHEELHOUSE_OIDC_ISSUER/,
    set: () => ({
      WHEELHOUSE_OIDC_ISSUER: `http://127.0.0.1:${closedPort}`,
      WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
      WHEELHOUSE_OIDC_CLIENT_SECRET: "hunter2-hunter2",
    }),
  },
  {
    what: "an object store that is away",
    check: "Audit object store",
    status: "fail",
    says: /nothing listens there/,
    remedy: /WHEELHOUSE_AUDIT_S3_URL/,
    set: () => ({
      WHEELHOUSE_AUDIT_S3_URL: `http://127.0.0.1:${closedPort}/bucket/audit`,
      WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: "key",
      WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: "hunter2-hunter2",
    }),
  },
];

describe("each broken deployment is named by exactly one line with the remedy, which shows no secret", () => {
  test.each(broken.map((deployment) => [`${deployment.what}: ${deployment.check}`, deployment] as const))(
    "%s",
    async (_title, deployment) => {
      const { check, status, says, remedy, set, options, breakIt } = deployment;
      const mend = await breakIt?.();
      try {
        const environment = { ...healthy, ...set?.() };
        const results = await named(environment, options?.());
        expect(results.map((result) => [result.status, result.check])).toEqual([[status, check]]);
        expect(results[0]?.says).toMatch(says);
        expect(results[0]?.remedy).toMatch(remedy);
        const printed = JSON.stringify(results);
        const passwords = [environment.DATABASE_URL, environment.DATABASE_SYSTEM_URL].flatMap((url) =>
          URL.canParse(url ?? "") ? [new URL(url ?? "").password] : [],
        );
        for (const secret of [...passwords, environment.WHEELHOUSE_SECRET_KEY, "hunter2"])
          if (secret) expect(printed).not.toContain(secret);
      } finally {
        await mend?.();
      }
    },
  );
});

test("a deployment behind PgBouncer in transaction mode passes every check", async () => {
  const results = await diagnose({ ...healthy, ...behind(pooler) });
  expect(results.filter(({ status }) => status !== "pass")).toEqual([]);
  expect(results).toContainEqual(
    expect.objectContaining({
      check: "Connection pooler",
      says: expect.stringContaining("transaction mode"),
    }),
  );
});

test("a port that another program uses is named; one that Wheelhouse itself uses is in order, but not for a start", async () => {
  const stranger = createServer((socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
  const port = await listen(stranger);
  try {
    const [found, ...more] = await named({ ...healthy, PORT: String(port) });
    expect(more).toEqual([]);
    expect(found).toMatchObject({ check: "Port", status: "fail", says: `port ${port} is in use` });
  } finally {
    stranger.close();
  }
  const text = JSON.stringify({ status: "up", dependencies: { postgres: "up", redis: "up" } });
  const ours = await startAnswering(() => ({ status: 200, text }));
  try {
    const environment = { ...healthy, PORT: String(ours.port) };
    expect(await named(environment)).toEqual([]);
    expect(await named(environment, { isStarting: true })).toMatchObject([
      { check: "Port", status: "fail", says: `port ${ours.port} is in use by another Wheelhouse` },
    ]);
  } finally {
    ours.stop();
  }
});

test("a provider of another name, and a bucket that does not exist, are named; good ones pass", async () => {
  const provider = await startAnswering((_path, port) => ({
    status: 200,
    text: JSON.stringify({ issuer: `http://127.0.0.1:${port}` }),
  }));
  const store = await startAnswering((path) => ({
    status: 404,
    text: `<Error><Code>${path.startsWith("/none/") ? "NoSuchBucket" : "NoSuchKey"}</Code></Error>`,
  }));
  const environment = (issuerPath: string, bucket: string) => ({
    ...healthy,
    WHEELHOUSE_OIDC_ISSUER: `http://127.0.0.1:${provider.port}${issuerPath}`,
    WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
    WHEELHOUSE_OIDC_CLIENT_SECRET: "s",
    WHEELHOUSE_AUDIT_S3_URL: `http://127.0.0.1:${store.port}/${bucket}/audit`,
    WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: "key",
    WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: "secret",
  });
  try {
    expect(await named(environment("", "bucket"))).toEqual([]);
    expect(await named(environment("/other", "bucket"))).toMatchObject([
      { check: "Identity provider", status: "fail", says: expect.stringContaining("calls itself") },
    ]);
    expect(await named(environment("", "none"))).toMatchObject([
      { check: "Audit object store", status: "fail", says: "the bucket does not exist" },
    ]);
  } finally {
    provider.stop();
    store.stop();
  }
});

test("with both servers hanging it still ends, and a start within 5 s", async () => {
  postgres.pause();
  redis.pause();
  try {
    for (const [options, limitMs] of [
      [{}, 20_000],
      [{ isStarting: true }, 5_000],
    ] as const) {
      const startedAtMs = performance.now();
      const results = await named(healthy, options);
      expect(performance.now() - startedAtMs).toBeLessThan(limitMs);
      expect(results.map(({ check }) => check)).toEqual(["Postgres reachable", "Redis connection"]);
    }
  } finally {
    postgres.resume();
    redis.resume();
  }
});

test("all bad and missing variables are named at once, each by a line of its own", async () => {
  const results = await named({ ...healthy, PORT: "x", HOST: "", REDIS_URL: "", WHEELHOUSE_DRAIN: "1" });
  expect(results.map(({ check }) => check).sort()).toEqual(["PORT", "REDIS_URL", "WHEELHOUSE_DRAIN"]);
});

test("nothing in a data folder and no address is one line that says what to do", async () => {
  const environment = { PORT: String(await freePort()), WHEELHOUSE_DATA_DIR: join(folder, "empty") };
  expect(await named(environment)).toMatchObject([
    { check: "Servers", status: "fail", remedy: expect.stringContaining("npm start") },
  ]);
});
