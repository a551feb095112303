import type { DeliveryAttempt, DeliveryDetail } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { errorWords } from "../deliveries/deliveries.ts";

export type AttemptView = {
  /** Unique within a delivery, across all its replays. */
  key: string;
  attempt: DeliveryAttempt;
  /** Result of the attempt: `503`, `No response`, `Unknown` … */
  answer: string;
  tone: "ok" | "bad" | "unknown" | "running";
  /** Time since the start of the previous attempt; null for the first of a series. */
  afterMs: number | null;
  notes: string[];
};
export type AttemptSeries = { generation: number; attempts: AttemptView[] };

export const attemptKey = (attempt: Pick<DeliveryAttempt, "generation" | "attempt">): string =>
  `${attempt.generation}.${attempt.attempt}`;

export const unknownOutcome =
  "The attempt was started, but its outcome was not recorded. The receiver may already have the event; " +
  "the webhook-id stays the same, so receivers that deduplicate ignore the duplicate.";

const tones = { success: "ok", failure: "bad", unknown: "unknown", in_flight: "running" } as const;

const answerOf = (attempt: DeliveryAttempt): string => {
  if (attempt.outcome === "unknown") return "Unknown";
  if (attempt.outcome === "in_flight") return "Sending";
  if (attempt.statusCode !== null) return String(attempt.statusCode);
  return attempt.errorClass === null ? "Failed" : errorWords[attempt.errorClass];
};

const triggerNotes = { schedule: undefined, replay: "by replay", recovery: "retry after an unknown outcome" };

/** One series per replay, newest first; the original attempts come last. */
export const attemptSeries = (
  delivery: Pick<DeliveryDetail, "attemptLog" | "status" | "generation" | "maxAttempts">,
): AttemptSeries[] => {
  const log = delivery.attemptLog;
  const series: AttemptSeries[] = [];
  log.forEach((attempt, index) => {
    const before = log[index + 1];
    const sameSeries = before !== undefined && before.generation === attempt.generation;
    const notes: string[] = [];
    const trigger = triggerNotes[attempt.trigger];
    if (trigger !== undefined) notes.push(trigger);
    // The message matters only without a response; otherwise the response explains the failure.
    if (attempt.outcome === "failure" && attempt.response === null && attempt.errorMessage !== null) {
      notes.push(attempt.errorMessage);
    }
    if (index === 0 && attempt.generation === delivery.generation && delivery.status === "dead_letter") {
      notes.push(attempt.attempt === delivery.maxAttempts ? "last attempt, dead letter" : "then dead letter");
    }
    const view: AttemptView = {
      key: attemptKey(attempt),
      attempt,
      answer: answerOf(attempt),
      tone: tones[attempt.outcome],
      afterMs: sameSeries ? Date.parse(attempt.startedAt) - Date.parse(before.startedAt) : null,
      notes,
    };
    const last = series.at(-1);
    if (last !== undefined && last.generation === attempt.generation) last.attempts.push(view);
    else series.push({ generation: attempt.generation, attempts: [view] });
  });
  return series;
};

export type Folded = { shown: AttemptView[]; folded: AttemptView[] };

/** Keeps the newest attempts visible; folding a single one would save no space. */
export const foldAttempts = (attempts: AttemptView[], keep = 4): Folded =>
  attempts.length <= keep + 1
    ? { shown: attempts, folded: [] }
    : { shown: attempts.slice(0, keep), folded: attempts.slice(keep) };

/** `all 503`, or the different results, most frequent first. */
export const foldedAnswers = (folded: AttemptView[]): string => {
  const counts = new Map<string, number>();
  for (const { answer } of folded) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const [first, ...others] = [...counts.entries()].sort((a, b) => b[1] - a[1]);
  if (first === undefined) return "";
  if (others.length === 0) return `all ${first[0]}`;
  return [first, ...others].map(([answer, times]) => `${times} × ${answer}`).join(", ");
};
