import type { ErrorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { AddressFilter } from "#lib/security/address-filter.ts";
import { redactHeaders, redactText, storable } from "../redaction.ts";
import type { Outcome } from "./attempt-store.ts";
import { type Connection, createConnections } from "./connections.ts";
import { readBody } from "./response-body.ts";
import { parseRetryAfter, type Schedule, waitAfter } from "./schedule.ts";

export type Answer = {
  kind: "answer";
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  /** At most 16 KiB, as text that Postgres can store; not redacted yet. */
  body: string;
  bodySizeBytes: number;
  truncated: boolean;
};
export type NoAnswer = { kind: "none"; errorClass: ErrorClass; message: string };

export type Sender = {
  /** Never throws and never follows a redirect; `signal` aborts the request at shutdown. */
  post(
    url: string,
    headers: Record<string, string>,
    body: Buffer,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer | NoAnswer>;
  close(): Promise<void>;
};

/** Signals of stopping workers, each with the requests that it ends. */
const stoppable = new WeakMap<AbortSignal, Set<AbortController>>();

function requestsOf(stop: AbortSignal): Set<AbortController> {
  const known = stoppable.get(stop);
  if (known) return known;
  const requests = new Set<AbortController>();
  stop.addEventListener(
    "abort",
    () => {
      for (const request of requests) request.abort();
    },
    { once: true },
  );
  stoppable.set(stop, requests);
  return requests;
}

/** Ends a request after a time, or when the worker stops; `AbortSignal.any` costs more than the rest of an attempt. */
function limitRequest(timeoutMs: number, stop: AbortSignal) {
  const request = new AbortController();
  const requests = requestsOf(stop);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    request.abort();
  }, timeoutMs);
  requests.add(request);
  if (stop.aborted) request.abort();
  return {
    signal: request.signal,
    isLate: () => isLate,
    end() {
      clearTimeout(timer);
      requests.delete(request);
    },
  };
}

/** Posts to receivers; the filter checks every address at connection time. */
export function createSender(filter: AddressFilter): Sender {
  const connections = createConnections(filter);

  async function send(
    { client, status }: Connection,
    target: { path: string; headers: Record<string, string>; body: Buffer },
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      const response = await client.request({
        method: "POST",
        path: target.path,
        headers: target.headers,
        body: target.body,
        signal,
      });
      const read = await readBody(response.body, response.headers);
      return {
        kind: "answer",
        statusCode: response.statusCode,
        headers: response.headers,
        body: storable(read.text),
        bodySizeBytes: read.sizeBytes,
        truncated: read.truncated,
      };
    } catch (error) {
      // What follows the status line changes nothing: headers without end, too many of them, or invalid ones.
      const statusCode = status();
      if (statusCode === null) throw error;
      return { kind: "answer", statusCode, headers: {}, body: "", bodySizeBytes: 0, truncated: true };
    }
  }

  return {
    async post(url, headers, body, timeoutMs, signal) {
      const { origin, pathname, search } = new URL(url);
      const limit = limitRequest(timeoutMs, signal);
      const target = { path: `${pathname}${search}`, headers, body };
      try {
        return await connections.with(origin, (connection) => send(connection, target, limit.signal));
      } catch (error) {
        if (signal.aborted)
          return {
            kind: "none",
            errorClass: "shutdown",
            message: "Wheelhouse stopped before the receiver responded.",
          };
        if (limit.isLate())
          return { kind: "none", errorClass: "timeout", message: `No response within ${timeoutMs} ms.` };
        return classify(error);
      } finally {
        limit.end();
      }
    },
    close: connections.close,
  };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** Maps Node, OpenSSL and undici error codes to the reason for a missing response. */
function classify(error: unknown): NoAnswer {
  const code = codeOf(error);
  const message = (error instanceof Error && error.message) || code || "unknown error";
  const none = (errorClass: ErrorClass): NoAnswer => ({
    kind: "none",
    errorClass,
    message: storable(message).slice(0, 500),
  });
  if (code === "ADDRESS_REFUSED") return none("address_refused");
  if (/^(ENOTFOUND|EAI_)/.test(code)) return none("dns");
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/.test(code))
    return none("tls");
  if (/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/.test(code))
    return none("timeout");
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/.test(code))
    return none("connect");
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) return none("connect");
  return none("protocol");
}

/** What the response says about the endpoint rather than this delivery. */
type EndpointVerdict = "up" | "down" | "neither";

type Judged = { outcome: Outcome; verdict: EndpointVerdict; gone: boolean };

type Attempted = {
  deliveryId: string;
  generation: number;
  attempt: number;
  maxAttempts: number;
};

function errorClassOf(statusCode: number): ErrorClass | null {
  if (statusCode >= 200 && statusCode < 300) return null;
  if (statusCode === 410) return "gone";
  if (statusCode >= 500) return "http_5xx";
  if (statusCode >= 400) return "http_4xx";
  return statusCode >= 300 ? "http_3xx" : "protocol";
}

function verdictOf(errorClass: ErrorClass | null, statusCode: number | null): EndpointVerdict {
  if (errorClass === null) return "up";
  if (statusCode === 429 || statusCode === 408) return "down";
  // A receiver that rejects this event, or that we refuse to contact, is not overloaded.
  return ["http_4xx", "gone", "shutdown", "address_refused", "outcome_unknown"].includes(errorClass)
    ? "neither"
    : "down";
}

/** Decides what an attempt means for the delivery, its schedule and the endpoint's breaker. */
export function judge(
  attempted: Attempted,
  requestHeaders: Record<string, string>,
  result: Answer | NoAnswer,
  startedMs: number,
  finishedMs: number,
  schedule: Schedule,
  random: number,
): Judged {
  const answer = result.kind === "answer" ? result : null;
  const errorClass = result.kind === "answer" ? errorClassOf(result.statusCode) : result.errorClass;
  const gone = errorClass === "gone";
  const retryAfter = answer && answer.statusCode >= 400 ? answer.headers["retry-after"] : undefined;
  const retryAfterMs = parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, finishedMs);
  const waitMs =
    errorClass === null || gone
      ? null
      : waitAfter(attempted.attempt, attempted.maxAttempts, retryAfterMs, schedule, random);
  return {
    gone,
    verdict: verdictOf(errorClass, answer?.statusCode ?? null),
    outcome: {
      deliveryId: attempted.deliveryId,
      generation: attempted.generation,
      attempt: attempted.attempt,
      result: errorClass === null ? "success" : errorClass === "shutdown" ? "unknown" : "failure",
      finishedAt: new Date(finishedMs),
      latencyMs: Math.max(0, Math.round(finishedMs - startedMs)),
      statusCode: answer?.statusCode ?? null,
      errorClass,
      errorMessage: messageOf(result, errorClass),
      requestHeaders: redactHeaders(requestHeaders),
      responseHeaders: answer ? redactHeaders(answer.headers) : null,
      responseBody: answer ? redactText(answer.body) : null,
      responseSizeBytes: answer?.bodySizeBytes ?? null,
      responseTruncated: answer?.truncated ?? null,
      status: errorClass === null ? "completed" : waitMs === null ? "dead_letter" : "failed",
      nextAttemptAt: waitMs === null ? null : new Date(finishedMs + waitMs),
    },
  };
}

function messageOf(result: Answer | NoAnswer, errorClass: ErrorClass | null): string | null {
  if (result.kind === "none") return redactText(result.message);
  if (errorClass === null) return null;
  const firstLine = redactText(result.body).trim().split("\n")[0]?.slice(0, 200) ?? "";
  return firstLine === ""
    ? `The receiver responded with ${result.statusCode}.`
    : `${result.statusCode}: ${firstLine}`;
}

/** The outcome of a claim past its deadline: the receiver may or may not have got the request. */
export function unknownOutcome(
  attempted: Attempted,
  eventId: string,
  nowMs: number,
  schedule: Schedule,
  random: number,
): Outcome {
  const waitMs = waitAfter(attempted.attempt, attempted.maxAttempts, null, schedule, random);
  return {
    deliveryId: attempted.deliveryId,
    generation: attempted.generation,
    attempt: attempted.attempt,
    result: "unknown",
    finishedAt: new Date(nowMs),
    latencyMs: null,
    statusCode: null,
    errorClass: "outcome_unknown",
    errorMessage: "The worker stopped before it could store the outcome; the receiver may have the event.",
    requestHeaders: { "webhook-id": eventId },
    responseHeaders: null,
    responseBody: null,
    responseSizeBytes: null,
    responseTruncated: null,
    status: waitMs === null ? "dead_letter" : "failed",
    nextAttemptAt: waitMs === null ? null : new Date(nowMs + waitMs),
  };
}
