import pg from "pg";
import { clientFailureOf } from "#lib/http/client-failure.ts";
import { codeOf, messageOf } from "./check.ts";

/** Why a connection failed: in which step, in words, and what to do. */
export type ConnectionFailure = {
  step: "reach" | "sign-in" | "database" | "other";
  says: string;
  remedy: string;
};

const unreachable = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOTFOUND", "its name is not known"],
  ["EAI_AGAIN", "its name cannot be looked up now"],
  ["EHOSTUNREACH", "there is no route to it"],
  ["ENETUNREACH", "there is no route to it"],
  ["ETIMEDOUT", "it does not answer"],
  ["ECONNRESET", "it closed the connection"],
  ["ENOENT", "there is no such socket file"],
]);
const certificateCodes = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Host and port of an address, without user, password or database. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host || "its socket" : "the address";
}

/** User of an address as the server knows it. */
export function userOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}

/** Why no connection was made, if Node reports it; the same for every server. */
export function networkFailure(error: unknown, variable: string, url: string): ConnectionFailure | undefined {
  const code = codeOf(error);
  if (code !== undefined && certificateCodes.has(code))
    return {
      step: "reach",
      says: `the certificate of ${hostOf(url)} is not trusted (${messageOf(error)})`,
      remedy: `set NODE_EXTRA_CA_CERTS to the file of the authority that signed it, or correct the host in ${variable}`,
    };
  const why = code === undefined ? undefined : unreachable.get(code);
  const isLate = clientFailureOf(error) === "late";
  if (why === undefined && !isLate) return undefined;
  return {
    step: "reach",
    says: `${hostOf(url)} cannot be reached: ${why ?? "it does not answer in time"}`,
    remedy: `start the server, or correct host and port in ${variable}; a firewall between them must let it through`,
  };
}

const nameOf = (url: string) => decodeURIComponent(new URL(url).pathname.slice(1)) || userOf(url);

/** Says why Postgres was not connected to. */
export function postgresFailure(error: unknown, variable: string, url: string): ConnectionFailure {
  const code = codeOf(error) ?? "";
  const message = messageOf(error);
  // A server that answers was reached, whatever words it uses.
  const network = error instanceof pg.DatabaseError ? undefined : networkFailure(error, variable, url);
  if (network) return network;
  if (
    code === "28P01" ||
    code === "28000" ||
    message.startsWith("SASL") ||
    /password authentication/.test(message)
  )
    return {
      step: "sign-in",
      says: `${userOf(url)} may not sign in: ${message}`,
      remedy: `correct user and password in ${variable}; \`npm run migrate\` with DATABASE_ADMIN_URL makes the roles and sets their passwords`,
    };
  // PgBouncer gives one code for all that it refuses.
  const isUnknownToPooler = code === "08P01" && message === `database "${nameOf(url)}" does not exist`;
  if (code === "3D000" || isUnknownToPooler)
    return {
      step: "database",
      says: `the database ${nameOf(url)} does not exist`,
      remedy: `create it (create database ${nameOf(url)}), then \`npm run migrate\`; or correct its name in ${variable}`,
    };
  if (code === "42501")
    return {
      step: "sign-in",
      says: `${userOf(url)} may not connect: ${message}`,
      remedy: `grant connect on database ${nameOf(url)} to ${userOf(url)}`,
    };
  if (code === "53300")
    return {
      step: "reach",
      says: `the server has no connection left: ${message}`,
      remedy: "raise max_connections or the role's connection limit, or lower WHEELHOUSE_PG_POOL_SIZE",
    };
  if (code === "57P03")
    return {
      step: "reach",
      says: `the server is not ready: ${message}`,
      remedy: "wait until it has started",
    };
  return {
    step: "other",
    says: message,
    remedy: `see the server's log, and correct ${variable}`,
  };
}

/** Says why Redis was not connected to. */
export function redisFailure(error: unknown, url: string): ConnectionFailure {
  const message = messageOf(error);
  if (
    /^(NOAUTH|WRONGPASS|ERR AUTH|ERR invalid password)/.test(message) ||
    /without any password/.test(message)
  )
    return {
      step: "sign-in",
      says: `the sign-in was refused: ${message}`,
      remedy: "correct user and password in REDIS_URL (redis://user:password@host:6379/0)",
    };
  const network = networkFailure(error, "REDIS_URL", url);
  if (network) return network;
  if (clientFailureOf(error) === "unconnected")
    return {
      step: "reach",
      says: `${hostOf(url)} closed the connection`,
      remedy: "use rediss:// where the server wants TLS and redis:// where it does not, or correct REDIS_URL",
    };
  return { step: "other", says: message, remedy: "see the server's log, and correct REDIS_URL" };
}
