import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { ProofConfig } from "#features/audit/proof/proof.ts";
import { basePathOf, clashOf } from "./config-address.ts";
import { auditConfig, auditVariables } from "./config-audit.ts";
import {
  defaults,
  durationMs,
  listOf,
  logLevels,
  problemsOf,
  problemText,
  roles,
  type rules,
} from "./config-rules.mjs";
import { readSecretFiles } from "./config-secrets.mjs";
import { type EnteredAddress, enteredAddresses, readEnteredAddress } from "./lib/entered-address.mjs";

const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export type Role = (typeof roles)[number];

export type Config = {
  production: boolean;
  /** The roles of this process; several processes may share one role. */
  roles: readonly Role[];
  /** Absolute path; data of the embedded servers, credentials, secrets. */
  dataDir: string;
  /** Demo organizations and users. */
  demo: boolean;
  /** Runs the demo's programs; off if they run elsewhere. */
  fleet: boolean;
  /** How long a stopping process lets running work finish before it aborts it. */
  drainMs: number;
  logLevel: (typeof logLevels)[number];
  /** Absolute path of `wheelhouse.yaml`, which lists the watched sources. */
  sourcesFile: string | undefined;
  /** The value of an environment variable that `wheelhouse.yaml` names. */
  variable: (name: string) => string | undefined;
  /** Addresses given to `npm start`, which the platform organization watches from then on. */
  watch: readonly EnteredAddress[];
  /** Whether an empty installation gets a superadmin, whose sign-in is printed and kept in the data folder. */
  hasFirstAdmin: boolean;
  /** 32 bytes in base64, encrypts webhook secrets at rest; undefined means a key kept in the data folder. */
  secretKey: string | undefined;
  http: {
    host: string;
    /** 0 picks a free port. */
    port: number;
    /** The console's public URL without a trailing slash; undefined means the listening address. */
    publicUrl: string | undefined;
    /** Path of the public URL without a trailing slash, such as `/ops`; empty at the root of a host. */
    basePath: string;
    /** The number of proxies in front, or their addresses; false trusts none. */
    trustProxy: false | number | string;
    /** Whether `/openapi.json` needs no session. */
    isDescriptionPublic: boolean;
  };
  postgres: {
    /** Undefined for the embedded server. */
    appUrl: string | undefined;
    systemUrl: string | undefined;
    adminUrl: string | undefined;
    poolSize: number;
  };
  /** `url` is undefined for the embedded server. */
  redis: { url: string | undefined };
  /** The identity provider for sign-in (OpenID Connect); undefined for passwords only. */
  oidc:
    | {
        issuer: string;
        clientId: string;
        clientSecret: string;
        name: string;
        /** The organization and role for people without an account; undefined to admit none of them. */
        provision: { organization: string; role: "viewer" | "operator" } | undefined;
      }
    | undefined;
  webhooks: {
    /** CIDR blocks that outgoing calls may reach even though they are not public. */
    allowAddresses: readonly string[];
    /** Delays before the second, third … attempt. */
    retryScheduleMs: readonly number[];
    deliveryTimeoutMs: number;
    /** How long an endpoint's breaker stays open before a single request probes it. */
    breakerCoolDownMs: number;
    /** How long a delivery may wait for a breaker before it becomes a dead letter. */
    deliveryMaxAgeMs: number;
    /** Days for which all deliveries are kept, and dead letters. */
    keptDays: number;
    deadLettersKeptDays: number;
    refusalsKeptDays: number;
  };
  notifications: {
    /** The mail server, and the address that e-mails come from; undefined to send none. */
    smtp: { url: string; from: string } | undefined;
    /** Undefined for PagerDuty's own. */
    pagerDutyUrl: string | undefined;
  };
  /** Days for which jobs of watched queues can be found. */
  jobIndex: { keptDays: number };
  audit: ProofConfig;
  rateLimits: {
    mutationsPerHour: number;
    failuresPer15Min: number;
    pushesPerMinute: number;
    switchesPerMinute: number;
  };
  /** How long a session lasts: without use, and in total. */
  sessions: { idleMs: number; absoluteMs: number };
  observe: {
    sampleIntervalMs: number;
    /** CIDR blocks that health checks and scrapes may reach even though they are not public. */
    allowAddresses: readonly string[];
    /** Opens /health and /metrics to callers on other machines; undefined admits none of them. */
    healthToken: string | undefined;
  };
};

/** All bad and missing variables, each with its name and the reason; never with its value. */
export class ConfigError extends Error {
  readonly problems: ReadonlyMap<string, string>;
  constructor(problems: ReadonlyMap<string, string>) {
    super(problemText(problems));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const wholeNumber = z.string().transform(Number);
const flag = z.enum(["0", "1"]).transform((text) => text === "1");
const texts = z.string().transform(listOf);

const watched = z.string().transform((text): EnteredAddress[] =>
  enteredAddresses(text).flatMap((each) => {
    const read = readEnteredAddress(each);
    return "kind" in read ? [read] : [];
  }),
);

/** What each variable becomes; its rule in `config-rules.mjs` has been applied before. */
export const variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: wholeNumber.default(4600),
  HOST: z.string().default("127.0.0.1"),
  DATABASE_URL: z.string().optional(),
  DATABASE_SYSTEM_URL: z.string().optional(),
  DATABASE_ADMIN_URL: z.string().optional(),
  REDIS_URL: z.string().optional(),
  WHEELHOUSE_SECRET_KEY: z.string().optional(),
  WHEELHOUSE_OIDC_ISSUER: z.string().optional(),
  WHEELHOUSE_OIDC_CLIENT_ID: z.string().optional(),
  WHEELHOUSE_OIDC_CLIENT_SECRET: z.string().optional(),
  WHEELHOUSE_OIDC_NAME: z.string().default("single sign-on"),
  WHEELHOUSE_OIDC_PROVISION: z
    .string()
    .transform((text): { organization: string; role: "viewer" | "operator" } => {
      const [organization = "", role] = text.split(":");
      return { organization, role: role === "operator" ? "operator" : "viewer" };
    })
    .optional(),
  WHEELHOUSE_PUBLIC_URL: z.string().optional(),
  WHEELHOUSE_DATA_DIR: z.string().default(".wheelhouse"),
  WHEELHOUSE_DEMO: flag.optional(),
  WHEELHOUSE_FLEET: flag.optional(),
  WHEELHOUSE_ROLES: texts.pipe(z.array(z.enum(roles))).default([...roles]),
  WHEELHOUSE_DRAIN_MS: wholeNumber.default(8_000),
  WHEELHOUSE_LOG_LEVEL: z.enum(logLevels).optional(),
  WHEELHOUSE_TRUST_PROXY: z
    .string()
    .transform((text): false | number | string =>
      /^\d+$/.test(text) ? (text === "0" ? false : Number(text)) : text,
    )
    .default(false),
  WHEELHOUSE_PUBLIC_API_DESCRIPTION: flag.optional(),
  WHEELHOUSE_ALLOW_ADDRESSES: texts.optional(),
  WHEELHOUSE_RETRY_SCHEDULE_MS: texts.transform((waits) => waits.map(durationMs)).optional(),
  WHEELHOUSE_DELIVERY_TIMEOUT_MS: wholeNumber.default(15_000),
  WHEELHOUSE_BREAKER_COOL_DOWN_MS: wholeNumber.optional(),
  WHEELHOUSE_DELIVERY_MAX_AGE_MS: wholeNumber.optional(),
  WHEELHOUSE_DELIVERIES_KEPT_DAYS: wholeNumber.default(7),
  WHEELHOUSE_DEAD_LETTERS_KEPT_DAYS: wholeNumber.default(90),
  WHEELHOUSE_REFUSALS_KEPT_DAYS: wholeNumber.default(30),
  WHEELHOUSE_JOBS_KEPT_DAYS: wholeNumber.default(14),
  WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: wholeNumber.default(1_000),
  WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: wholeNumber.default(100),
  WHEELHOUSE_RATE_LIMIT_SWITCHES_PER_MINUTE: wholeNumber.default(30),
  WHEELHOUSE_RATE_LIMIT_PUSHES_PER_MINUTE: wholeNumber.default(600),
  WHEELHOUSE_SESSION_IDLE_MINUTES: wholeNumber.default(defaults.sessionIdleMinutes),
  WHEELHOUSE_SESSION_ABSOLUTE_HOURS: wholeNumber.default(defaults.sessionAbsoluteHours),
  WHEELHOUSE_SAMPLE_INTERVAL_MS: wholeNumber.default(1_000),
  WHEELHOUSE_WATCH_ALLOW_ADDRESSES: texts.optional(),
  WHEELHOUSE_HEALTH_TOKEN: z.string().optional(),
  WHEELHOUSE_CONFIG: z.string().optional(),
  WHEELHOUSE_WATCH: watched.optional(),
  WHEELHOUSE_SMTP_URL: z.string().optional(),
  WHEELHOUSE_MAIL_FROM: z.string().optional(),
  WHEELHOUSE_PAGERDUTY_URL: z.string().optional(),
  ...auditVariables,
  WHEELHOUSE_PG_POOL_SIZE: wholeNumber.default(10),
} satisfies Record<keyof typeof rules, z.ZodType>);

const retryScheduleMs = [
  5_000,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  10 * hourMs,
];
/** This machine, private networks and carrier-grade NAT: outside production, what is watched is usually there. */
const privateNetworks = [
  "127.0.0.0/8",
  "::1/128",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
];
const loopback = ["127.0.0.0/8", "::1/128"];
const demoRetryScheduleMs = [1_000, 3_000, 8_000, 20_000];

/**
 * The only reader of the environment, and of the files that it names. An empty variable counts as missing.
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const { given, problems: unread } = readSecretFiles(environment);
  const production = given.NODE_ENV === "production";
  const problems = problemsOf(given, unread);
  const clash = problems.size === 0 ? clashOf(basePathOf(given.WHEELHOUSE_PUBLIC_URL)) : undefined;
  if (clash !== undefined) problems.set("WHEELHOUSE_PUBLIC_URL", clash);
  if (problems.size > 0) throw new ConfigError(problems);

  const read = variables.parse(given);
  const watch = read.WHEELHOUSE_WATCH ?? [];
  const demo = read.WHEELHOUSE_DEMO ?? (!production && watch.length === 0);
  return {
    production,
    roles: read.WHEELHOUSE_ROLES,
    dataDir: resolve(repositoryRoot, read.WHEELHOUSE_DATA_DIR),
    demo,
    fleet: read.WHEELHOUSE_FLEET ?? demo,
    drainMs: read.WHEELHOUSE_DRAIN_MS,
    logLevel: read.WHEELHOUSE_LOG_LEVEL ?? (production ? "info" : "warn"),
    sourcesFile: read.WHEELHOUSE_CONFIG && resolve(repositoryRoot, read.WHEELHOUSE_CONFIG),
    variable: (name) => environment[name],
    watch,
    hasFirstAdmin: !demo && !production,
    secretKey: read.WHEELHOUSE_SECRET_KEY,
    http: {
      host: read.HOST,
      port: read.PORT,
      publicUrl: read.WHEELHOUSE_PUBLIC_URL?.replace(/\/+$/, ""),
      basePath: basePathOf(read.WHEELHOUSE_PUBLIC_URL),
      trustProxy: read.WHEELHOUSE_TRUST_PROXY,
      isDescriptionPublic: read.WHEELHOUSE_PUBLIC_API_DESCRIPTION ?? demo,
    },
    postgres: {
      appUrl: read.DATABASE_URL,
      systemUrl: read.DATABASE_SYSTEM_URL,
      adminUrl: read.DATABASE_ADMIN_URL,
      poolSize: read.WHEELHOUSE_PG_POOL_SIZE,
    },
    redis: { url: read.REDIS_URL },
    oidc: readProvider(read),
    webhooks: webhooksOf(read, demo),
    notifications: notificationsOf(read),
    jobIndex: { keptDays: read.WHEELHOUSE_JOBS_KEPT_DAYS },
    audit: auditConfig(read),
    rateLimits: {
      mutationsPerHour: read.WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR,
      failuresPer15Min: read.WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN,
      pushesPerMinute: read.WHEELHOUSE_RATE_LIMIT_PUSHES_PER_MINUTE,
      switchesPerMinute: read.WHEELHOUSE_RATE_LIMIT_SWITCHES_PER_MINUTE,
    },
    sessions: {
      idleMs: read.WHEELHOUSE_SESSION_IDLE_MINUTES * minuteMs,
      absoluteMs: read.WHEELHOUSE_SESSION_ABSOLUTE_HOURS * hourMs,
    },
    observe: observeOf(read, { production, demo }),
  };
}

const webhooksOf = (read: z.infer<typeof variables>, demo: boolean): Config["webhooks"] => ({
  allowAddresses: read.WHEELHOUSE_ALLOW_ADDRESSES ?? (demo ? loopback : []),
  retryScheduleMs: read.WHEELHOUSE_RETRY_SCHEDULE_MS ?? (demo ? demoRetryScheduleMs : retryScheduleMs),
  deliveryTimeoutMs: read.WHEELHOUSE_DELIVERY_TIMEOUT_MS,
  breakerCoolDownMs: read.WHEELHOUSE_BREAKER_COOL_DOWN_MS ?? (demo ? 5_000 : 30_000),
  deliveryMaxAgeMs: read.WHEELHOUSE_DELIVERY_MAX_AGE_MS ?? (demo ? hourMs : 3 * 24 * hourMs),
  keptDays: read.WHEELHOUSE_DELIVERIES_KEPT_DAYS,
  deadLettersKeptDays: read.WHEELHOUSE_DEAD_LETTERS_KEPT_DAYS,
  refusalsKeptDays: read.WHEELHOUSE_REFUSALS_KEPT_DAYS,
});

const observeOf = (
  read: z.infer<typeof variables>,
  { production, demo }: Pick<Config, "production" | "demo">,
): Config["observe"] => ({
  sampleIntervalMs: read.WHEELHOUSE_SAMPLE_INTERVAL_MS,
  allowAddresses:
    read.WHEELHOUSE_WATCH_ALLOW_ADDRESSES ?? (production ? [] : demo ? loopback : privateNetworks),
  healthToken: read.WHEELHOUSE_HEALTH_TOKEN,
});

const notificationsOf = (read: z.infer<typeof variables>): Config["notifications"] => ({
  smtp:
    read.WHEELHOUSE_SMTP_URL && read.WHEELHOUSE_MAIL_FROM
      ? { url: read.WHEELHOUSE_SMTP_URL, from: read.WHEELHOUSE_MAIL_FROM }
      : undefined,
  pagerDutyUrl: read.WHEELHOUSE_PAGERDUTY_URL,
});

function readProvider(read: z.infer<typeof variables>): Config["oidc"] {
  const {
    WHEELHOUSE_OIDC_ISSUER: issuer,
    WHEELHOUSE_OIDC_CLIENT_ID: clientId,
    WHEELHOUSE_OIDC_CLIENT_SECRET: clientSecret,
  } = read;
  if (!issuer || !clientId || !clientSecret) return undefined;
  const { WHEELHOUSE_OIDC_NAME: name, WHEELHOUSE_OIDC_PROVISION: provision } = read;
  return { issuer, clientId, clientSecret, name, provision };
}
