import { isIP } from "node:net";
import { pipeline, type Readable } from "node:stream";
import zlib from "node:zlib";
import type { ErrorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Agent, buildConnector, request } from "undici";
import { type AddressFilter, AddressRefusedError } from "#lib/security/address-filter.ts";
import type { WebhooksConfig } from "../config.ts";
import { redactHeaders, redactText, storable } from "../redaction.ts";
import type { Outcome } from "./attempt-store.ts";
import { parseRetryAfter, waitAfter } from "./schedule.ts";

const maxBodyBytes = 16 * 1024;
/** Time for the body, once the status line is there and has decided the outcome. */
const bodyMs = 1_000;
const maxHeaderBytes = 256 * 1024;

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

type Sender = {
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

/** Posts to receivers; the filter checks every address at connection time. */
export function createSender(filter: AddressFilter, connections: number): Sender {
  const connect = buildConnector({ lookup: filter.lookup, timeout: 10_000, allowH2: false });
  const agent = new Agent({
    connections,
    keepAliveTimeout: 10_000,
    // The attempt's own timeout covers headers and body.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: -1,
    maxHeaderSize: maxHeaderBytes,
    connect(options, callback) {
      // The connector does not look up a literal address, so it needs its own check.
      const refusal = isIP(options.hostname) ? filter.refusal(options.hostname) : null;
      if (refusal) return callback(new AddressRefusedError(options.hostname, refusal), null);
      return connect(options, callback);
    },
  });

  return {
    async post(url, headers, body, timeoutMs, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await request(url, {
          method: "POST",
          headers,
          body,
          dispatcher: agent,
          signal: AbortSignal.any([timeout, signal]),
        });
        const read = await readBody(response.body, response.headers["content-encoding"]);
        const announced = Number(response.headers["content-length"]);
        return {
          kind: "answer",
          statusCode: response.statusCode,
          headers: response.headers,
          body: storable(read.text),
          bodySizeBytes: Number.isSafeInteger(announced)
            ? Math.max(announced, read.sizeBytes)
            : read.sizeBytes,
          truncated: read.truncated,
        };
      } catch (error) {
        if (signal.aborted)
          return {
            kind: "none",
            errorClass: "shutdown",
            message: "Wheelhouse stopped before the receiver responded.",
          };
        if (timeout.aborted)
          return { kind: "none", errorClass: "timeout", message: `No response within ${timeoutMs} ms.` };
        return classify(error);
      }
    },
    close: () => agent.destroy(),
  };
}

type ReadBody = { text: string; sizeBytes: number; truncated: boolean };

/** A decoder that keeps what it could decode of a body that was cut off; undefined for an unknown encoding. */
function decoderOf(encoding: string) {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  if (encoding === "gzip" || encoding === "x-gzip") return zlib.createGunzip({ finishFlush });
  if (encoding === "deflate") return zlib.createInflate({ finishFlush });
  if (encoding === "br")
    return zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
  return undefined;
}

/**
 * Reads up to 16 KiB for up to a second, decoded. The status line has decided the outcome, so a body that is slow,
 * endless, broken or in an unknown encoding changes nothing. Never throws.
 */
async function readBody(body: Readable, encoding: string | string[] | undefined): Promise<ReadBody> {
  const named = typeof encoding === "string" ? encoding.trim().toLowerCase() : "";
  const decoder = decoderOf(named);
  if (named !== "" && named !== "identity" && !decoder) {
    body.on("error", () => {}).destroy();
    return { text: `[body in the encoding ${named.slice(0, 50)}]`, sizeBytes: 0, truncated: true };
  }
  // Errors of either stream end the reading below, which catches them.
  const decoded = decoder ? pipeline(body, decoder, () => {}) : body;
  const timer = setTimeout(() => body.destroy(), bodyMs);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let truncated = false;
  try {
    // Leaving the loop early closes the connection, so an endless response costs only 16 KiB.
    for await (const chunk of decoded) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBodyBytes) break;
    }
  } catch {
    truncated = true;
  } finally {
    clearTimeout(timer);
  }
  const bytes = Buffer.concat(chunks);
  return {
    text: bytes.subarray(0, maxBodyBytes).toString("utf8"),
    sizeBytes,
    truncated: truncated || sizeBytes > maxBodyBytes,
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
  config: WebhooksConfig,
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
      : waitAfter(attempted.attempt, attempted.maxAttempts, retryAfterMs, config, random);
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
  config: WebhooksConfig,
  random: number,
): Outcome {
  const waitMs = waitAfter(attempted.attempt, attempted.maxAttempts, null, config, random);
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
