const socketErrors = new Map([
  ["ECONNREFUSED", "It refuses connections"],
  ["ECONNRESET", "It cut the connection"],
  ["EPIPE", "It cut the connection"],
  ["ETIMEDOUT", "No answer in time"],
  ["ENOTFOUND", "Its host name is not known"],
  ["EHOSTUNREACH", "Its host cannot be reached"],
  ["57P01", "It is shutting down"],
  ["57P03", "It is starting"],
]);

/** Describes why something could not be reached, for people; never includes a credential. */
export function describeFailure(reason: unknown): string {
  const error = reason instanceof AggregateError ? reason.errors[0] : reason;
  if (!(error instanceof Error)) return "It cannot be asked";
  const known = "code" in error && typeof error.code === "string" ? socketErrors.get(error.code) : undefined;
  if (known) return known;
  if (/enableOfflineQueue|Connection is closed|Connection terminated|max retries/i.test(error.message))
    return "No connection";
  if (/timed out|timeout/i.test(error.message)) return "No answer in time";
  return error.message.slice(0, 200);
}
