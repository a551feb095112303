import { type Role, variables } from "./config.ts";
import { demandedInProduction } from "./config-rules.mjs";
import { secretVariables } from "./config-secrets.mjs";

export type VariableName = keyof typeof variables.shape;

type VariableReference = {
  /** What it is for, as one or two sentences in Markdown. */
  description: string;
  /** What holds without it, where the schema has no default. */
  without?: string;
  example: string;
  /** Processes that read it, or the commands that do. */
  readBy: readonly Role[] | "all" | string;
};

/** What each variable is for. The compiler demands one entry for every variable of the schema. */
export const variableReference: Record<VariableName, VariableReference> = {
  NODE_ENV: {
    description:
      "`production` starts nothing of its own: addresses and keys must be given, the deployment is checked before it answers, and there is no demo.",
    without: "development: embedded servers, demo",
    example: "production",
    readBy: "all",
  },
  PORT: { description: "Port on which it listens; 0 takes a free one.", example: "4600", readBy: "all" },
  HOST: {
    description: "Address on which it listens; `0.0.0.0` for all of this machine.",
    example: "0.0.0.0",
    readBy: "all",
  },
  DATABASE_URL: {
    description:
      "Postgres ≥ 15 as the role `wheelhouse_app`, which row-level security binds. Characters of the password other than letters and digits are percent-encoded. [PgBouncer](#behind-pgbouncer) may stand before it, `?sslmode=verify-full` takes TLS. Outside production a lone `DATABASE_URL` is taken for the administrator's.",
    without: "embedded server",
    example: "postgres://wheelhouse_app:secret@db:5432/wheelhouse",
    readBy: "all",
  },
  DATABASE_SYSTEM_URL: {
    description:
      "The same database as the role `wheelhouse_system`, for work that concerns all organizations.",
    without: "embedded server",
    example: "postgres://wheelhouse_system:secret@db:5432/wheelhouse",
    readBy: "all",
  },
  DATABASE_ADMIN_URL: {
    description:
      "The same database as a role that may create roles and schemas, without a pooler. A start that has it applies the migrations; leave it out where `npm run migrate` does.",
    without: "no migrations at the start",
    example: "postgres://postgres:secret@db:5432/wheelhouse",
    readBy: "`migrate`, `create-admin`, `db`, `doctor`",
  },
  REDIS_URL: {
    description:
      "Redis ≥ 7 with `appendonly yes` and `maxmemory-policy noeviction`; `rediss://` for TLS, the path is the number of the database.",
    without: "embedded server",
    example: "rediss://:secret@cache:6379/0",
    readBy: "all",
  },
  WHEELHOUSE_SECRET_KEY: {
    description:
      "32 random bytes in base64 (`openssl rand -base64 32`) that seal webhook secrets and addresses of servers. Keep a copy: what it sealed opens with it alone.",
    without: "made and kept in the data folder",
    example: "2Zt6lW0hS3mB8kqUuJxNQ4vYpR1dEoC7gTfI5aMzXyA=",
    readBy: "all",
  },
  WHEELHOUSE_OIDC_ISSUER: {
    description:
      "OpenID Connect provider to sign in with, callback `<public URL>/signin/oidc/callback`. Needs client id and secret beside it.",
    without: "passwords only",
    example: "https://id.example.com/realms/ops",
    readBy: ["web"],
  },
  WHEELHOUSE_OIDC_CLIENT_ID: {
    description: "Client id at the provider.",
    without: "none",
    example: "wheelhouse",
    readBy: ["web"],
  },
  WHEELHOUSE_OIDC_CLIENT_SECRET: {
    description: "Client secret at the provider.",
    without: "none",
    example: "4f1b2c3d",
    readBy: ["web"],
  },
  WHEELHOUSE_OIDC_NAME: {
    description: "Name of the provider on the button of the sign-in page.",
    example: "Example ID",
    readBy: ["web"],
  },
  WHEELHOUSE_OIDC_PROVISION: {
    description:
      "Organization and role (`viewer` or `operator`) that a person without an account gets at the first sign-in.",
    without: "accounts have to exist",
    example: "acme:viewer",
    readBy: ["web"],
  },
  WHEELHOUSE_PUBLIC_URL: {
    description:
      "Where people reach the console: scheme, host and, where it shares the host, the path below which a proxy serves it; `https` in production. Links in invitations and the provider's callback begin with it. The proxy may take the path off or leave it on.",
    without: "the address on which it listens",
    example: "https://example.com/ops",
    readBy: ["web"],
  },
  WHEELHOUSE_DATA_DIR: {
    description:
      "Folder for public audit keys and copies of signed checkpoints, and for all data of the embedded servers. A relative path begins at the repository.",
    example: "/var/lib/wheelhouse/data",
    readBy: "all",
  },
  WHEELHOUSE_DEMO: {
    description: "1 makes demo organizations and accounts.",
    without: "1, in production 0",
    example: "0",
    readBy: "all",
  },
  WHEELHOUSE_FLEET: {
    description: "1 runs the programs of the demo beside the console.",
    without: "as `WHEELHOUSE_DEMO`",
    example: "0",
    readBy: ["web"],
  },
  WHEELHOUSE_ROLES: {
    description:
      "What this process does: `web` serves pages, API and sockets, `collector` observes, `worker` delivers. Any number of processes may share a role.",
    example: "web,worker",
    readBy: "all",
  },
  WHEELHOUSE_DRAIN_MS: {
    description: "How long a stopping process lets running work finish, in milliseconds.",
    example: "35000",
    readBy: "all",
  },
  WHEELHOUSE_LOG_LEVEL: {
    description: "`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.",
    without: "warn, in production info",
    example: "info",
    readBy: "all",
  },
  WHEELHOUSE_TRUST_PROXY: {
    description:
      "How many proxies stand in front (0 to 10), or their addresses and CIDR blocks. Only what they add to `X-Forwarded-For` is believed, so that no client chooses the address that is audited and limited.",
    example: "1",
    readBy: ["web"],
  },
  WHEELHOUSE_PUBLIC_API_DESCRIPTION: {
    description: "1 lets anybody read `/openapi.json`; otherwise it takes a session or an API token.",
    without: "0, with the demo 1",
    example: "0",
    readBy: ["web"],
  },
  WHEELHOUSE_ALLOW_ADDRESSES: {
    description: "Private addresses and CIDR blocks that webhook deliveries may reach.",
    without: "none, with the demo those of this machine",
    example: "10.20.0.0/16,192.168.1.7",
    readBy: ["web", "worker"],
  },
  WHEELHOUSE_RETRY_SCHEDULE_MS: {
    description:
      "Waits before the second, third … attempt of a delivery: at most 20, in `ms`, `s`, `m` or `h`; without a unit in milliseconds.",
    without: "5s,5m,30m,2h,5h,10h,10h",
    example: "10s,5m,1h",
    readBy: ["worker"],
  },
  WHEELHOUSE_DELIVERY_TIMEOUT_MS: {
    description: "Whole time of one attempt, in milliseconds: resolve, connect, send, answer.",
    example: "15000",
    readBy: ["worker"],
  },
  WHEELHOUSE_BREAKER_COOL_DOWN_MS: {
    description:
      "How long the breaker of an endpoint stays open before one request probes it, in milliseconds.",
    without: "30000, with the demo 5000",
    example: "60000",
    readBy: ["worker"],
  },
  WHEELHOUSE_DELIVERY_MAX_AGE_MS: {
    description:
      "How long a delivery may wait for the breaker of its endpoint, from its acceptance or last replay, in milliseconds; then it becomes a dead letter.",
    without: "259200000 (3 days), with the demo 3600000",
    example: "86400000",
    readBy: ["worker"],
  },
  WHEELHOUSE_DELIVERIES_KEPT_DAYS: {
    description:
      "Days after which delivered and discarded webhook deliveries are deleted, with their events and attempts.",
    without: "7",
    example: "14",
    readBy: ["web", "worker"],
  },
  WHEELHOUSE_DEAD_LETTERS_KEPT_DAYS: {
    description: "Days after which dead letters and unfinished webhook deliveries are deleted, too.",
    without: "90",
    example: "180",
    readBy: ["web", "worker"],
  },
  WHEELHOUSE_REFUSALS_KEPT_DAYS: {
    description: "Days after which refused webhook requests are forgotten.",
    without: "30",
    example: "90",
    readBy: ["web", "worker"],
  },
  WHEELHOUSE_JOBS_KEPT_DAYS: {
    description: "Days for which jobs of watched queues can be found, counted from when they were added.",
    example: "30",
    readBy: ["web", "collector"],
  },
  WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: {
    description: "Changes and exports of an organization in an hour, by people and tokens together.",
    example: "1000",
    readBy: ["web"],
  },
  WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: {
    description: "Failed sign-ins and refused intakes from one address in 15 minutes before it has to wait.",
    example: "100",
    readBy: ["web"],
  },
  WHEELHOUSE_RATE_LIMIT_PUSHES_PER_MINUTE: {
    description: "Requests with OpenTelemetry metrics that one token may send in a minute.",
    example: "600",
    readBy: ["web"],
  },
  WHEELHOUSE_RATE_LIMIT_SWITCHES_PER_MINUTE: {
    description:
      "How often one person may change their default organization in a minute. Beyond it, the answer is 429 with `Retry-After`.",
    example: "30",
    readBy: ["web"],
  },
  WHEELHOUSE_SESSION_IDLE_MINUTES: {
    description: "How long an unused session lasts, in minutes.",
    example: "60",
    readBy: ["web"],
  },
  WHEELHOUSE_SESSION_ABSOLUTE_HOURS: {
    description: "How long any session lasts, in hours.",
    example: "24",
    readBy: ["web"],
  },
  WHEELHOUSE_SAMPLE_INTERVAL_MS: {
    description: "Rhythm of observation, in milliseconds.",
    example: "1000",
    readBy: ["web", "collector"],
  },
  WHEELHOUSE_WATCH: {
    description:
      "Addresses to watch without a demo, separated by spaces or commas, as `npm start -- --watch` gives them one by one: Redis, Postgres, health endpoints and `/metrics`. Each is kept as a source of the organization `platform` until it is deleted there. Not with `NODE_ENV=production`.",
    without: "none",
    example: "redis://:secret@cache:6379/0 https://orders.internal/actuator/health",
    readBy: ["web"],
  },
  WHEELHOUSE_WATCH_ALLOW_ADDRESSES: {
    description:
      "Private addresses and CIDR blocks that health checks and scrapes may reach. Redis and Postgres servers may always be on this machine and in private networks. Link-local and metadata addresses are never reached.",
    without: "none; outside production those of this machine, and without the demo those of private networks",
    example: "10.0.0.0/8",
    readBy: ["web", "collector"],
  },
  WHEELHOUSE_HEALTH_TOKEN: {
    description:
      "Opens `/health` and `/metrics` to callers elsewhere that send it as a bearer token; 16 to 200 printable characters.",
    without: "this machine only",
    example: "p7d2c4k9x1m3q8w5",
    readBy: "all",
  },
  WHEELHOUSE_CONFIG: {
    description: "`wheelhouse.yaml`, the list of what is watched; read again when it changes.",
    without: "only what is added in the console",
    example: "/etc/wheelhouse/wheelhouse.yaml",
    readBy: "all",
  },
  WHEELHOUSE_SMTP_URL: {
    description:
      "Mail server for notifications, invitations and links for new passwords: `smtps://` for TLS from the start, `smtp://` for STARTTLS, which is demanded unless the server is on this machine.",
    without: "no e-mail; links are handed over by the person who creates them",
    example: "smtp://wheelhouse:secret@mail.example.com:587",
    readBy: ["web", "worker"],
  },
  WHEELHOUSE_MAIL_FROM: {
    description: "Address that e-mails come from.",
    without: "required with the mail server",
    example: "Wheelhouse <wheelhouse@example.com>",
    readBy: ["worker"],
  },
  WHEELHOUSE_PAGERDUTY_URL: {
    description: "Events API v2 that PagerDuty keys are sent to, for its European service or a relay.",
    without: "https://events.pagerduty.com/v2/enqueue",
    example: "https://events.eu.pagerduty.com/v2/enqueue",
    readBy: ["worker"],
  },
  WHEELHOUSE_AUDIT_KEY: {
    description: "32 random bytes in base64 that sign the audit trail. Another value rotates the key.",
    without: "derived from the secret key",
    example: "Qx7nV2cT9yKp4LrWmZ8sB1hJ6dFgA3eU5oNiXtYvRk0=",
    readBy: "all",
  },
  WHEELHOUSE_AUDIT_S3_URL: {
    description: "Bucket and prefix of an S3-compatible store that gets each signed checkpoint.",
    without: "copies in the data folder only",
    example: "https://s3.example.com/bucket/audit",
    readBy: "all",
  },
  WHEELHOUSE_AUDIT_S3_REGION: {
    description: "Region of the store.",
    example: "eu-central-1",
    readBy: "all",
  },
  WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: {
    description: "Key of the store; it needs to read and to create objects.",
    without: "none",
    example: "AKIAEXAMPLE",
    readBy: "all",
  },
  WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: {
    description: "Secret of that key.",
    without: "none",
    example: "wJalrXUtnFEMI",
    readBy: "all",
  },
  WHEELHOUSE_AUDIT_S3_LOCK_DAYS: {
    description: "Object lock in mode COMPLIANCE for as many days.",
    without: "what the bucket does by default",
    example: "3650",
    readBy: "all",
  },
  WHEELHOUSE_PG_POOL_SIZE: {
    description: "Connections that a process opens for each of its two roles in Postgres.",
    example: "10",
    readBy: "all",
  },
};

const groups: readonly { title: string; has: (name: string) => boolean }[] = [
  {
    title: "Servers and keys",
    has: (name) => /^(NODE_ENV|DATABASE_|REDIS_|WHEELHOUSE_(SECRET_KEY|PG_))/.test(name),
  },
  {
    title: "Process and address",
    has: (name) => /^(PORT|HOST|WHEELHOUSE_(PUBLIC|TRUST|DATA|ROLES|DRAIN|LOG|DEMO|FLEET|HEALTH))/.test(name),
  },
  { title: "Sign-in and limits", has: (name) => /^WHEELHOUSE_(OIDC|SESSION|RATE)_/.test(name) },
  { title: "What is watched", has: (name) => /^WHEELHOUSE_(CONFIG|SAMPLE|WATCH|JOBS)/.test(name) },
  {
    title: "Webhooks",
    has: (name) => /^WHEELHOUSE_(ALLOW|RETRY|DELIVERY|DELIVERIES|DEAD_LETTERS|BREAKER|REFUSALS)_/.test(name),
  },
  { title: "Notifications", has: (name) => /^WHEELHOUSE_(SMTP|MAIL|PAGERDUTY)_/.test(name) },
  { title: "Audit trail", has: (name) => /^WHEELHOUSE_AUDIT_/.test(name) },
];

const introduction = `# Configuration

Written by \`npm run configuration\` from the schema in \`bff/src/config.ts\`; do not edit.

Everything is set by variables of the environment. An empty one counts as missing. A start, and \`npm run doctor\`, name
every bad or missing variable at once, and a variable \`WHEELHOUSE_…\` that does not exist. **Bold** ones are required with
\`NODE_ENV=production\`. A variable with \`_FILE\` beside its name may instead be given as the path of a file that holds the
value, as orchestrators hand secrets over: \`DATABASE_URL_FILE=/run/secrets/database-url\`. "Read by" names the roles
(\`WHEELHOUSE_ROLES\`) for whose processes a variable matters; giving all processes the same is fine.
`;

const foreign = `
## Read by Node itself

| Variable | For | Example |
|---|---|---|
| \`NODE_EXTRA_CA_CERTS\` | Certificates of a private authority, for Postgres, Redis, the provider, the object store and all that is watched | \`/etc/ssl/private-ca.pem\` |

## Private certificate authorities

\`NODE_EXTRA_CA_CERTS\` names a PEM file with the certificates of one or more authorities, which are trusted beside the public
ones. It must be set when a process starts. TLS is used, and the name in the certificate compared with the host, by:

| Server | Address |
|---|---|
| Postgres, Wheelhouse's own or watched | \`postgres://…@db:5432/wheelhouse?sslmode=verify-full\` |
| Redis, Wheelhouse's own or watched | \`rediss://:secret@cache:6379/0\` |
| Health checks, scrapes, receivers of webhooks, OpenID Connect, the object store | \`https://…\` |

\`npm run doctor\` names each server whose certificate is not trusted.

## Behind PgBouncer

PgBouncer ≥ 1.18 may stand before \`DATABASE_URL\`, \`DATABASE_SYSTEM_URL\` and every watched Postgres, in transaction or session mode
and with its defaults: no start-up parameters are sent, no statement has a name, and nothing is kept in a connection from one
transaction to the next. \`npm run migrate\` sets search path, time zone and a limit of 30 s for a statement on the roles; a pooler
that was connected before needs \`RECONNECT\` once. \`DATABASE_ADMIN_URL\` leads to Postgres itself.

Each process opens up to 30 connections to PgBouncer (twice \`WHEELHOUSE_PG_POOL_SIZE\`, and 10), so that \`max_client_conn\` (100)
serves three processes. \`default_pool_size\` (20) counts for each role. A running export of the audit trail holds two connections of
\`wheelhouse_app\`, and a process runs at most three: with n web processes, give it at least 6 n + 4.
`;

/** Names of variables in no group, which the written page would leave out. */
export const ungroupedVariables = () =>
  Object.keys(variables.shape).filter((name) => groups.filter(({ has }) => has(name)).length !== 1);

/** The page `docs/configuration.md`: one table a group, every variable once. */
export function configurationPage(): string {
  const tables = groups.map(({ title, has }) => {
    const rows = namesOf(variableReference).filter(has).map(rowOf);
    return [
      `\n## ${title}\n`,
      "| Variable | For | Default | Example | Read by |",
      "|---|---|---|---|---|",
      ...rows,
    ].join("\n");
  });
  return `${introduction}${tables.join("\n")}\n${foreign}`;
}

const names = new Set<string>(Object.keys(variables.shape));
const isName = (name: string): name is VariableName => names.has(name);
const namesOf = (reference: object) => Object.keys(reference).filter(isName);

function rowOf(name: VariableName): string {
  const { description, without, example, readBy } = variableReference[name];
  const isDemanded = demandedInProduction.some((demanded) => demanded === name);
  const isSecret = secretVariables.some((secret) => secret === name);
  const code = `\`${name}\``;
  const readers = typeof readBy === "string" ? readBy : readBy.join(", ");
  const cells = [
    `${isDemanded ? `**${code}**` : code}${isSecret ? ", `_FILE`" : ""}`,
    description,
    without ?? defaultOf(name),
    `\`${example}\``,
    readers,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** What the schema gives for a missing variable, as it would be written. */
function defaultOf(name: VariableName): string {
  const read = variables.shape[name].safeParse(undefined);
  if (!read.success || read.data === undefined) return "";
  if (read.data === false) return "`0`";
  return `\`${Array.isArray(read.data) ? read.data.join(",") : String(read.data)}\``;
}
