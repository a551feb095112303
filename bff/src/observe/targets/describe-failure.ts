const socketErrors = new Map([
  ["ECONNREFUSED", "Connection refused"],
  ["ECONNRESET", "Connection reset"],
  ["EPIPE", "Connection reset"],
  ["ETIMEDOUT", "No answer in time"],
  ["ENOTFOUND", "Host name not found"],
  ["EHOSTUNREACH", "Host unreachable"],
  ["57P01", "Shutting down"],
  ["57P03", "Starting up"],
]);

/** Describes why something could not be reached, for people; never includes a credential. */
export function describeFailure(reason: unknown): string {
  const error = reason instanceof AggregateError ? reason.errors[0] : reason;
  if (!(error instanceof Error)) return "Unknown failure";
  const known = "code" in error && typeof error.code === "string" ? socketErrors.get(error.code) : undefined;
  if (known) return known;
  if (/enableOfflineQueue|Connection is closed|Connection terminated|max retries/i.test(error.message))
    return "No connection";
  if (/timed out|timeout/i.test(error.message)) return "No answer in time";
  return error.message.slice(0, 200);
}
