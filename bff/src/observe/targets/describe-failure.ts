import { clientFailureOf, rootOf } from "#lib/http/client-failure.ts";

const known = new Map([
  ["ECONNREFUSED", "Connection refused"],
  ["ECONNRESET", "Connection reset"],
  ["EPIPE", "Connection reset"],
  ["ENOTFOUND", "Host name not found"],
  ["EHOSTUNREACH", "Host unreachable"],
  ["57P01", "Shutting down"],
  ["57P03", "Starting up"],
]);
const unanswered = { late: "No answer in time", unconnected: "No connection" };

/**
 * Describes why something could not be reached, for people; never includes a credential. A reason that the other side
 * gave stays in its own words.
 */
export function describeFailure(reason: unknown): string {
  const error = rootOf(reason);
  if (!(error instanceof Error)) return "Unknown failure";
  const code = "code" in error && typeof error.code === "string" ? known.get(error.code) : undefined;
  if (code) return code;
  const failure = clientFailureOf(error);
  return failure ? unanswered[failure] : error.message.slice(0, 200);
}
