import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { ProofConfig } from "#features/audit/proof/proof.ts";
import { basePathOf, publicUrl } from "./config-address.ts";
import { auditConfig, auditVariables, missingAuditVariables } from "./config-audit.ts";
import { readSecretFiles } from "./config-secrets.ts";
import { type EnteredAddress, enteredAddresses, readEnteredAddress } from "./lib/entered-address.mjs";

const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));
const roles = ["web", "collector", "worker"] as const;
const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
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
  audit: ProofConfig;
  rateLimits: { mutationsPerHour: number; failuresPer15Min: number };
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
    const lines = [...problems].map(([name, reason]) => `  ${name}: ${reason}`);
    super(`The configuration has ${problems.size} problem(s):\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** True when a password of the address holds characters that end the host's part, or a bare percent sign. */
function hasBarePassword(text: string): boolean {
  const [, host = "", rest = ""] = /^[a-z]+:\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  const [path = ""] = rest.split("?");
  const isMisread = host.includes("@") ? path.includes("@") : host.includes(":") && rest.includes("@");
  return isMisread || /%(?![0-9a-f]{2}).*@/i.test(host);
}

const url = (protocols: readonly string[], name: string) =>
  z.string().superRefine((text, context) => {
    const begins = protocols.some((protocol) => text.toLowerCase().startsWith(`${protocol}//`));
    if (begins && hasBarePassword(text))
      context.addIssue(
        `the password in ${name} must be percent-encoded (@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25)`,
      );
    else if (!begins)
      context.addIssue(
        `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
      );
    else if (!URL.canParse(text))
      context.addIssue("is not a URL: check its host and port, and the characters of user and password");
  });
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine(
      (text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
      `must be a whole number from ${min} to ${max}`,
    )
    .transform(Number);
const list = (text: string) => text.split(",").map((part) => part.trim());
const isBlock = (text: string) => ipaddr.isValidCIDR(text) || ipaddr.isValid(text);

/** Milliseconds of `250ms`, `5s`, `5m`, `2h`, or a bare number of milliseconds; NaN for anything else. */
function durationMs(text: string): number {
  const [, amount, unit = "ms"] = /^(\d{1,10})(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = new Map([
    ["ms", 1],
    ["s", 1_000],
    ["m", minuteMs],
    ["h", hourMs],
  ]).get(unit);
  return amount && factor ? Number(amount) * factor : Number.NaN;
}

const addressBlocks = z
  .string()
  .transform(list)
  .refine((blocks) => blocks.every(isBlock), "must be a list of addresses and CIDR blocks");
/** Addresses to watch; a bad one is named without its password. */
function watchedAddresses(text: string, context: z.RefinementCtx): EnteredAddress[] {
  return enteredAddresses(text).flatMap((each) => {
    const read = readEnteredAddress(each);
    if ("kind" in read) return [read];
    context.addIssue(`${read.shown} ${read.problem}`);
    return [];
  });
}

const postgresUrl = (name: string) => url(["postgres:", "postgresql:"], name);
/** Every variable that is read, by its name; `config-reference.ts` says what each is for. */
export const variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: wholeNumber(0, 65_535).default(4600),
  HOST: z.string().default("127.0.0.1"),
  DATABASE_URL: postgresUrl("DATABASE_URL").optional(),
  DATABASE_SYSTEM_URL: postgresUrl("DATABASE_SYSTEM_URL").optional(),
  DATABASE_ADMIN_URL: postgresUrl("DATABASE_ADMIN_URL").optional(),
  REDIS_URL: url(["redis:", "rediss:"], "REDIS_URL").optional(),
  WHEELHOUSE_SECRET_KEY: z
    .string()
    .refine(
      (text) => /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, "base64").length === 32,
      "must be 32 random bytes in base64 (openssl rand -base64 32)",
    )
    .optional(),
  WHEELHOUSE_OIDC_ISSUER: z
    .string()
    .refine(
      (text) =>
        /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$))/.test(text) && URL.canParse(text),
      "must be a URL that begins with https://, or with http:// on this machine",
    )
    .optional(),
  WHEELHOUSE_OIDC_CLIENT_ID: z.string().max(500).optional(),
  WHEELHOUSE_OIDC_CLIENT_SECRET: z.string().max(500).optional(),
  WHEELHOUSE_OIDC_NAME: z.string().max(60).default("single sign-on"),
  WHEELHOUSE_OIDC_PROVISION: z
    .string()
    .regex(
      /^[a-z0-9-]{1,63}:(viewer|operator)$/,
      "must be an organization's short name, a colon, viewer or operator",
    )
    .transform((text): { organization: string; role: "viewer" | "operator" } => {
      const [organization = "", role] = text.split(":");
      return { organization, role: role === "operator" ? "operator" : "viewer" };
    })
    .optional(),
  WHEELHOUSE_PUBLIC_URL: publicUrl.optional(),
  WHEELHOUSE_DATA_DIR: z.string().default(".wheelhouse"),
  WHEELHOUSE_DEMO: z
    .enum(["0", "1"], "must be 0 or 1")
    .transform((text) => text === "1")
    .optional(),
  WHEELHOUSE_FLEET: z
    .enum(["0", "1"], "must be 0 or 1")
    .transform((text) => text === "1")
    .optional(),
  WHEELHOUSE_ROLES: z
    .string()
    .transform(list)
    .pipe(z.array(z.enum(roles, `must be a list of ${roles.join(", ")}`)))
    .default([...roles]),
  WHEELHOUSE_DRAIN_MS: wholeNumber(0, 10 * minuteMs).default(8_000),
  WHEELHOUSE_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).optional(),
  WHEELHOUSE_TRUST_PROXY: z
    .string()
    .refine(
      (text) => /^(\d|10)$/.test(text) || list(text).every((each) => /[.:]/.test(each) && isBlock(each)),
      "must be how many proxies stand before it (0 to 10), or a list of their addresses and CIDR blocks",
    )
    .transform((text): false | number | string =>
      /^\d+$/.test(text) ? (text === "0" ? false : Number(text)) : text,
    )
    .default(false),
  WHEELHOUSE_PUBLIC_API_DESCRIPTION: z
    .enum(["0", "1"], "must be 0 or 1")
    .transform((text) => text === "1")
    .optional(),
  WHEELHOUSE_ALLOW_ADDRESSES: addressBlocks.optional(),
  WHEELHOUSE_RETRY_SCHEDULE_MS: z
    .string()
    .transform((text) => list(text).map(durationMs))
    .refine(
      (waits) => waits.length <= 20 && waits.every((waitMs) => waitMs >= 0 && waitMs <= 7 * 24 * hourMs),
      "must be a list of at most 20 waits such as 5s,5m,2h or milliseconds, none above 7 days",
    )
    .optional(),
  WHEELHOUSE_DELIVERY_TIMEOUT_MS: wholeNumber(100, 2 * minuteMs).default(15_000),
  WHEELHOUSE_BREAKER_COOL_DOWN_MS: wholeNumber(100, 60 * minuteMs).optional(),
  WHEELHOUSE_DELIVERY_MAX_AGE_MS: wholeNumber(1_000, 30 * 24 * hourMs).optional(),
  WHEELHOUSE_DELIVERIES_KEPT_DAYS: wholeNumber(2, 400).default(7),
  WHEELHOUSE_DEAD_LETTERS_KEPT_DAYS: wholeNumber(2, 400).default(90),
  WHEELHOUSE_REFUSALS_KEPT_DAYS: wholeNumber(1, 400).default(30),
  WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: wholeNumber(1, 1e9).default(1_000),
  WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: wholeNumber(1, 1e9).default(100),
  WHEELHOUSE_SESSION_IDLE_MINUTES: wholeNumber(1, 30 * 24 * 60).default(12 * 60),
  WHEELHOUSE_SESSION_ABSOLUTE_HOURS: wholeNumber(1, 90 * 24).default(7 * 24),
  WHEELHOUSE_SAMPLE_INTERVAL_MS: wholeNumber(100, minuteMs).default(1_000),
  WHEELHOUSE_WATCH_ALLOW_ADDRESSES: addressBlocks.optional(),
  WHEELHOUSE_HEALTH_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,200}$/, "must be 16 to 200 printable characters without spaces")
    .optional(),
  WHEELHOUSE_CONFIG: z.string().optional(),
  WHEELHOUSE_WATCH: z.string().transform(watchedAddresses).optional(),
  ...auditVariables,
  WHEELHOUSE_PG_POOL_SIZE: wholeNumber(1, 200).default(10),
});

/** Variables without which production does not start. */
export const demandedInProduction = [
  "DATABASE_URL",
  "DATABASE_SYSTEM_URL",
  "REDIS_URL",
  "WHEELHOUSE_SECRET_KEY",
  "WHEELHOUSE_PUBLIC_URL",
] as const;

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

/** The problems of the variables, by name. */
function problemsOf(
  given: Readonly<Record<string, string | undefined>>,
  unread: ReadonlyMap<string, string>,
  parsed: ReturnType<typeof variables.safeParse>,
): ReadonlyMap<string, string> {
  const problems = new Map(unread);
  if (given.NODE_ENV === "production")
    for (const name of demandedInProduction)
      if (given[name] === undefined && !unread.has(`${name}_FILE`))
        problems.set(name, "is required with NODE_ENV=production");
  if (given.DATABASE_SYSTEM_URL !== undefined && given.DATABASE_URL === undefined && !problems.size)
    problems.set("DATABASE_URL", "is required with DATABASE_SYSTEM_URL");
  if (given.NODE_ENV === "production" && given.WHEELHOUSE_WATCH !== undefined)
    problems.set(
      "WHEELHOUSE_WATCH",
      "is for a start without NODE_ENV=production; name the sources in wheelhouse.yaml or add them on the Sources page",
    );
  for (const name of missingAuditVariables(given))
    problems.set(name, "is required with WHEELHOUSE_AUDIT_S3_URL");
  const ofProvider = ["WHEELHOUSE_OIDC_ISSUER", "WHEELHOUSE_OIDC_CLIENT_ID", "WHEELHOUSE_OIDC_CLIENT_SECRET"];
  if (ofProvider.some((name) => given[name] !== undefined))
    for (const name of ofProvider)
      if (given[name] === undefined) problems.set(name, `is required with ${ofProvider.join(", ")}`);
  for (const { path, message } of parsed.error?.issues ?? []) problems.set(String(path[0]), message);
  const { WHEELHOUSE_SESSION_IDLE_MINUTES: idle = 0, WHEELHOUSE_SESSION_ABSOLUTE_HOURS: absolute = 0 } =
    parsed.data ?? {};
  if (idle > absolute * 60)
    problems.set(
      "WHEELHOUSE_SESSION_IDLE_MINUTES",
      "must not be longer than WHEELHOUSE_SESSION_ABSOLUTE_HOURS",
    );
  for (const name of Object.keys(given))
    if (name.startsWith("WHEELHOUSE_") && !(name in variables.shape)) problems.set(name, "is not known");
  return problems;
}

/**
 * The only reader of the environment, and of the files that it names. An empty variable counts as missing.
 * @throws ConfigError with all problems at once.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const { given, problems: unread } = readSecretFiles(environment);
  const production = given.NODE_ENV === "production";
  const parsed = variables.safeParse(given);
  const problems = problemsOf(given, unread, parsed);
  if (!parsed.success || problems.size > 0) throw new ConfigError(problems);

  const read = parsed.data;
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
    audit: auditConfig(read),
    rateLimits: {
      mutationsPerHour: read.WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR,
      failuresPer15Min: read.WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN,
    },
    sessions: {
      idleMs: read.WHEELHOUSE_SESSION_IDLE_MINUTES * minuteMs,
      absoluteMs: read.WHEELHOUSE_SESSION_ABSOLUTE_HOURS * hourMs,
    },
    observe: {
      sampleIntervalMs: read.WHEELHOUSE_SAMPLE_INTERVAL_MS,
      allowAddresses:
        read.WHEELHOUSE_WATCH_ALLOW_ADDRESSES ?? (production ? [] : demo ? loopback : privateNetworks),
      healthToken: read.WHEELHOUSE_HEALTH_TOKEN,
    },
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
