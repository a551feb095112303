// What the value of each variable must look like. Plain JavaScript without packages, because `npm start` refuses bad
// variables before anything is installed.
import { isIP } from "node:net";
import { enteredAddresses, readEnteredAddress } from "./lib/entered-address.mjs";

/** @typedef {Readonly<Record<string, string | undefined>>} Variables */
/**
 * What is wrong with a value, in words that follow the variable's name and never repeat the value.
 * @typedef {(text: string) => string | undefined} Rule
 */

export const roles = /** @type {const} */ (["web", "collector", "worker"]);
export const logLevels = /** @type {const} */ ([
  "fatal",
  "error",
  "warn",
  "info",
  "debug",
  "trace",
  "silent",
]);

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const retriesMax = 20;
const retryWaitMaxMs = 7 * 24 * hourMs;

/** The parts of a comma-separated list, without spaces around them. @param {string} text */
export const listOf = (text) => text.split(",").map((part) => part.trim());

/** Milliseconds of `250ms`, `5s`, `5m`, `2h`, or a bare number of milliseconds; NaN for anything else. @param {string} text */
export function durationMs(text) {
  const [, amount, unit = "ms"] = /^(\d{1,10})(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = new Map([
    ["ms", 1],
    ["s", secondMs],
    ["m", minuteMs],
    ["h", hourMs],
  ]).get(unit);
  return amount && factor ? Number(amount) * factor : Number.NaN;
}

/** True for an IP address or a CIDR block. @param {string} text */
function isBlock(text) {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** True when a password of the address holds characters that end the host's part, or a bare percent sign. @param {string} text */
function hasBarePassword(text) {
  const [, host = "", rest = ""] = /^[a-z]+:\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  const [path = ""] = rest.split("?");
  const isMisread = host.includes("@") ? path.includes("@") : host.includes(":") && rest.includes("@");
  return isMisread || /%(?![0-9a-f]{2}).*@/i.test(host);
}

/** @param {readonly string[]} protocols @param {string} name @returns {Rule} */
const address = (protocols, name) => (text) => {
  const begins = protocols.some((protocol) => text.toLowerCase().startsWith(`${protocol}//`));
  if (!begins)
    return `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  if (hasBarePassword(text))
    return `the password in ${name} must be percent-encoded (@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25)`;
  return URL.canParse(text)
    ? undefined
    : "is not a URL: check its host and port, and the characters of user and password";
};

/** @param {string} name */
const postgresAddress = (name) => address(["postgres:", "postgresql:"], name);

/** @param {(text: string) => boolean} isRight @param {string} complaint @returns {Rule} */
const rule = (isRight, complaint) => (text) => (isRight(text) ? undefined : complaint);

/** @param {number} min @param {number} max */
const wholeNumber = (min, max) =>
  rule(
    (text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
    `must be a whole number from ${min} to ${max}`,
  );

/** @param {number} charsMax */
const atMost = (charsMax) =>
  rule((text) => text.length <= charsMax, `must be at most ${charsMax} characters long`);

/** @type {Rule} */
const anything = () => undefined;
const flag = rule((text) => text === "0" || text === "1", "must be 0 or 1");
const addressBlocks = rule(
  (text) => listOf(text).every(isBlock),
  "must be a list of addresses and CIDR blocks",
);
const key = rule(
  (text) => /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, "base64").length === 32,
  "must be 32 random bytes in base64 (openssl rand -base64 32)",
);

/** @type {Rule} */
function publicUrl(text) {
  if (!/^https?:\/\//i.test(text)) return "must be a URL that begins with http:// or https://";
  if (!URL.canParse(text)) return "is not a URL: check its host and port";
  const { pathname, search, hash, username } = new URL(text);
  if (username) return "must not hold a user: give scheme, host and path alone";
  if (search || hash) return "must end with its path: remove what follows ? or #";
  return /^(\/[\w.~-]+)*\/?$/.test(pathname)
    ? undefined
    : "must have a path of letters, digits and . _ ~ - alone, such as https://example.com/ops";
}

/** @type {Rule} */
function watchedAddresses(text) {
  for (const each of enteredAddresses(text)) {
    const read = readEnteredAddress(each);
    if ("problem" in read) return `${read.shown} ${read.problem}`;
  }
  return undefined;
}

/** @param {string} text */
function isRetrySchedule(text) {
  const waits = listOf(text).map(durationMs);
  return waits.length <= retriesMax && waits.every((waitMs) => waitMs >= 0 && waitMs <= retryWaitMaxMs);
}

/** The rule of every variable that is read; `config.ts` says what each becomes, `config-reference.ts` what it is for. */
export const rules = {
  NODE_ENV: anything,
  PORT: wholeNumber(0, 65_535),
  HOST: anything,
  DATABASE_URL: postgresAddress("DATABASE_URL"),
  DATABASE_SYSTEM_URL: postgresAddress("DATABASE_SYSTEM_URL"),
  DATABASE_ADMIN_URL: postgresAddress("DATABASE_ADMIN_URL"),
  REDIS_URL: address(["redis:", "rediss:"], "REDIS_URL"),
  WHEELHOUSE_SECRET_KEY: key,
  WHEELHOUSE_OIDC_ISSUER: rule(
    (text) =>
      /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$))/.test(text) && URL.canParse(text),
    "must be a URL that begins with https://, or with http:// on this machine",
  ),
  WHEELHOUSE_OIDC_CLIENT_ID: atMost(500),
  WHEELHOUSE_OIDC_CLIENT_SECRET: atMost(500),
  WHEELHOUSE_OIDC_NAME: atMost(60),
  WHEELHOUSE_OIDC_PROVISION: rule(
    (text) => /^[a-z0-9-]{1,63}:(viewer|operator)$/.test(text),
    "must be an organization's short name, a colon, viewer or operator",
  ),
  WHEELHOUSE_PUBLIC_URL: publicUrl,
  WHEELHOUSE_DATA_DIR: anything,
  WHEELHOUSE_DEMO: flag,
  WHEELHOUSE_FLEET: flag,
  WHEELHOUSE_ROLES: rule(
    (text) => listOf(text).every((part) => roles.some((role) => role === part)),
    `must be a list of ${roles.join(", ")}`,
  ),
  WHEELHOUSE_DRAIN_MS: wholeNumber(0, 10 * minuteMs),
  WHEELHOUSE_LOG_LEVEL: rule(
    (text) => logLevels.some((level) => level === text),
    `must be one of ${logLevels.join(", ")}`,
  ),
  WHEELHOUSE_TRUST_PROXY: rule(
    (text) => /^(\d|10)$/.test(text) || listOf(text).every((each) => /[.:]/.test(each) && isBlock(each)),
    "must be how many proxies stand before it (0 to 10), or a list of their addresses and CIDR blocks",
  ),
  WHEELHOUSE_PUBLIC_API_DESCRIPTION: flag,
  WHEELHOUSE_ALLOW_ADDRESSES: addressBlocks,
  WHEELHOUSE_RETRY_SCHEDULE_MS: rule(
    isRetrySchedule,
    `must be a list of at most ${retriesMax} waits such as 5s,5m,2h or milliseconds, none above 7 days`,
  ),
  WHEELHOUSE_DELIVERY_TIMEOUT_MS: wholeNumber(100, 2 * minuteMs),
  WHEELHOUSE_BREAKER_COOL_DOWN_MS: wholeNumber(100, 60 * minuteMs),
  WHEELHOUSE_DELIVERY_MAX_AGE_MS: wholeNumber(1_000, 30 * 24 * hourMs),
  WHEELHOUSE_DELIVERIES_KEPT_DAYS: wholeNumber(2, 400),
  WHEELHOUSE_DEAD_LETTERS_KEPT_DAYS: wholeNumber(2, 400),
  WHEELHOUSE_REFUSALS_KEPT_DAYS: wholeNumber(1, 400),
  WHEELHOUSE_JOBS_KEPT_DAYS: wholeNumber(1, 400),
  WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: wholeNumber(1, 1e9),
  WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: wholeNumber(1, 1e9),
  WHEELHOUSE_RATE_LIMIT_SWITCHES_PER_MINUTE: wholeNumber(1, 1e9),
  WHEELHOUSE_RATE_LIMIT_PUSHES_PER_MINUTE: wholeNumber(1, 1e9),
  WHEELHOUSE_SESSION_IDLE_MINUTES: wholeNumber(1, 30 * 24 * 60),
  WHEELHOUSE_SESSION_ABSOLUTE_HOURS: wholeNumber(1, 90 * 24),
  WHEELHOUSE_SAMPLE_INTERVAL_MS: wholeNumber(100, minuteMs),
  WHEELHOUSE_WATCH_ALLOW_ADDRESSES: addressBlocks,
  WHEELHOUSE_HEALTH_TOKEN: rule(
    (text) => /^[\x21-\x7e]{16,200}$/.test(text),
    "must be 16 to 200 printable characters without spaces",
  ),
  WHEELHOUSE_CONFIG: anything,
  WHEELHOUSE_WATCH: watchedAddresses,
  WHEELHOUSE_SMTP_URL: address(["smtp:", "smtps:"], "WHEELHOUSE_SMTP_URL"),
  WHEELHOUSE_MAIL_FROM: rule(
    (text) => /^[^\r\n<>]*<?[^\s<>@]+@[^\s<>@]+>?$/.test(text) && text.length <= 320,
    "must be an address such as wheelhouse@example.com, or Wheelhouse <wheelhouse@example.com>",
  ),
  WHEELHOUSE_PAGERDUTY_URL: rule(
    (text) => /^https?:\/\//.test(text) && URL.canParse(text),
    "must be a URL that begins with https://",
  ),
  WHEELHOUSE_AUDIT_KEY: key,
  WHEELHOUSE_AUDIT_S3_URL: rule(
    (text) => URL.canParse(text) && /^https?:\/\/[^/]+\/[^?#]+$/.test(text),
    "must be the URL of a bucket and prefix, such as https://s3.example.com/bucket/audit",
  ),
  WHEELHOUSE_AUDIT_S3_REGION: anything,
  WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID: anything,
  WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: anything,
  WHEELHOUSE_AUDIT_S3_LOCK_DAYS: rule(
    (text) => /^\d{1,5}$/.test(text) && Number(text) > 0,
    "must be a whole number of days",
  ),
  WHEELHOUSE_PG_POOL_SIZE: wholeNumber(1, 200),
};

export const defaults = { sessionIdleMinutes: 12 * 60, sessionAbsoluteHours: 7 * 24 };

/** Variables without which production does not start. */
export const demandedInProduction = /** @type {const} */ ([
  "DATABASE_URL",
  "DATABASE_SYSTEM_URL",
  "REDIS_URL",
  "WHEELHOUSE_SECRET_KEY",
  "WHEELHOUSE_PUBLIC_URL",
]);

const ofProvider = ["WHEELHOUSE_OIDC_ISSUER", "WHEELHOUSE_OIDC_CLIENT_ID", "WHEELHOUSE_OIDC_CLIENT_SECRET"];
const ofObjectStore = ["WHEELHOUSE_AUDIT_S3_ACCESS_KEY_ID", "WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY"];

/**
 * Variables that others require, each with the reason.
 * @param {Variables} given @param {ReadonlyMap<string, string>} unread
 * @returns {Map<string, string>}
 */
function missing(given, unread) {
  const found = new Map();
  /** @param {readonly string[]} names @param {string} reason */
  const demand = (names, reason) => {
    for (const name of names)
      if (given[name] === undefined && !unread.has(`${name}_FILE`)) found.set(name, reason);
  };
  if (given.NODE_ENV === "production") demand(demandedInProduction, "is required with NODE_ENV=production");
  else if (given.DATABASE_SYSTEM_URL !== undefined)
    demand(["DATABASE_URL"], "is required with DATABASE_SYSTEM_URL");
  if (given.WHEELHOUSE_AUDIT_S3_URL !== undefined)
    demand(ofObjectStore, "is required with WHEELHOUSE_AUDIT_S3_URL");
  if (given.WHEELHOUSE_SMTP_URL !== undefined || unread.has("WHEELHOUSE_SMTP_URL_FILE"))
    demand(["WHEELHOUSE_MAIL_FROM"], "is required with WHEELHOUSE_SMTP_URL");
  if (ofProvider.some((name) => given[name] !== undefined))
    demand(ofProvider, `is required with ${ofProvider.join(", ")}`);
  return found;
}

/** @param {Variables} given */
function isIdleLongerThanSession(given) {
  const idle = Number(given.WHEELHOUSE_SESSION_IDLE_MINUTES ?? defaults.sessionIdleMinutes);
  const absolute = Number(given.WHEELHOUSE_SESSION_ABSOLUTE_HOURS ?? defaults.sessionAbsoluteHours);
  return idle > absolute * 60;
}

/**
 * What is wrong with the variables, by name.
 * @param {Variables} given @param {ReadonlyMap<string, string>} unread problems of the files that hold secrets
 * @returns {Map<string, string>}
 */
export function problemsOf(given, unread) {
  const problems = new Map([...unread, ...missing(given, unread)]);
  if (given.NODE_ENV === "production" && given.WHEELHOUSE_WATCH !== undefined)
    problems.set(
      "WHEELHOUSE_WATCH",
      "is for a start without NODE_ENV=production; name the sources in wheelhouse.yaml or add them on the Sources page",
    );
  for (const [name, check] of Object.entries(rules)) {
    const complaint = given[name] === undefined ? undefined : check(given[name]);
    if (complaint !== undefined) problems.set(name, complaint);
  }
  if (isIdleLongerThanSession(given))
    problems.set(
      "WHEELHOUSE_SESSION_IDLE_MINUTES",
      "must not be longer than WHEELHOUSE_SESSION_ABSOLUTE_HOURS",
    );
  for (const name of Object.keys(given))
    if (name.startsWith("WHEELHOUSE_") && !(name in rules)) problems.set(name, "is not known");
  return problems;
}

/** All problems as one text: a line for each variable. @param {ReadonlyMap<string, string>} problems */
export const problemText = (problems) =>
  [
    `The configuration has ${problems.size} problem(s):`,
    ...[...problems].map(([name, reason]) => `  ${name}: ${reason}`),
  ].join("\n");
