import pg from "pg";
import { ServerAway } from "./server-away.ts";

/** What the clients of Postgres and Redis say of their own without a code, word for word. */
const ownWords = new Map<string, ClientFailure>([
  ["Query read timeout", "late"],
  ["timeout expired", "late"],
  ["timeout exceeded when trying to connect", "late"],
  ["Connection terminated due to connection timeout", "late"],
  ["Command timed out", "late"],
  ["Connection terminated", "unconnected"],
  ["Connection terminated unexpectedly", "unconnected"],
  ["Client was closed and is not queryable", "unconnected"],
  ["Client has encountered a connection error and is not queryable", "unconnected"],
  ["Connection is closed.", "unconnected"],
  ["Stream isn't writeable and enableOfflineQueue options is false", "unconnected"],
]);
/** Codes and names of errors of Node, undici and the clients. */
const ownNames = new Map<string, ClientFailure>([
  ["ETIMEDOUT", "late"],
  ["UND_ERR_CONNECT_TIMEOUT", "late"],
  ["UND_ERR_HEADERS_TIMEOUT", "late"],
  ["UND_ERR_BODY_TIMEOUT", "late"],
  ["TimeoutError", "late"],
  ["NoAnswerInTime", "late"],
  ["MaxRetriesPerRequestError", "unconnected"],
]);

/** `late`: no answer in time. `unconnected`: there is no connection, or it broke. */
export type ClientFailure = "late" | "unconnected";

/** The error below those that only pass it on. */
export function rootOf(error: unknown): unknown {
  if (error instanceof ServerAway) return rootOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error;
}

/** What our side noticed without an answer; undefined when the other side gave a reason of its own. */
export function clientFailureOf(error: unknown): ClientFailure | undefined {
  const root = rootOf(error);
  if (!(root instanceof Error) || root instanceof pg.DatabaseError || root.name === "ReplyError")
    return undefined;
  const code = "code" in root && typeof root.code === "string" ? root.code : "";
  return ownNames.get(code) ?? ownNames.get(root.name) ?? ownWords.get(root.message);
}
