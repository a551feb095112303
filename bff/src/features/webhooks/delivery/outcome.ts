import type { ErrorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { WebhooksConfig } from "../config.ts";
import { redactHeaders, redactText } from "../redaction.ts";
import type { Outcome } from "./attempt-store.ts";
import type { Answer, NoAnswer } from "./http.ts";
import { parseRetryAfter, waitAfter } from "./schedule.ts";

/** What the answer says about the endpoint, as opposed to this one delivery. */
export type EndpointVerdict = "up" | "down" | "neither";

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
  // A receiver that refuses this event, or that we refuse to reach, is not one that is overloaded.
  return ["http_4xx", "gone", "shutdown", "address_refused", "outcome_unknown"].includes(errorClass)
    ? "neither"
    : "down";
}

/** Decides what an attempt means: for the delivery, for its schedule and for the endpoint's breaker. */
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

/** For a claim past its deadline: nobody knows whether the receiver got it. */
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
