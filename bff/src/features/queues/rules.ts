import type { HealthState } from "@wheelhouse/shared/health/health.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { formatSpan } from "@wheelhouse/shared/span.ts";
import type { QueueReading } from "./rows.ts";

/** A queue's figures in one sample, before it is judged. */
export type QueueFigures = Omit<QueueReading, "state" | "label" | "cause" | "drainsInMs">;
export type QueueVerdict = { state: HealthState; label: string; cause: string | null };

const oldJobMs = 5 * 60_000;
const failingRatio = 0.25;
const failingPerMinute = 5;

/** Jobs that a worker could start now. */
const waitingOf = ({ counts }: Pick<QueueRow, "counts">) => counts.waiting + counts.prioritized;

/**
 * Judges a queue, checking the worst state first. Pausing is deliberate, so a paused queue is neither down
 * nor degraded, however old its jobs become.
 */
export function judgeQueue(queue: QueueFigures): QueueVerdict {
  const waiting = waitingOf(queue);
  if (queue.paused)
    return {
      state: "ok",
      label: "Paused",
      cause: waiting > 0 ? `${jobs(waiting)} while paused` : null,
    };
  if (queue.workers === 0 && waiting > 0)
    return { state: "down", label: "No worker", cause: `${jobs(waiting)}, no worker connected` };
  if (queue.oldestWaitingMs !== null && queue.oldestWaitingMs > oldJobMs)
    return {
      state: "degraded",
      label: "Old jobs",
      cause: `Oldest job waiting for ${formatSpan(queue.oldestWaitingMs)}, threshold ${formatSpan(oldJobMs)}`,
    };
  const { completedPerMinute, failedPerMinute } = queue;
  if (completedPerMinute !== null && failedPerMinute !== null && failedPerMinute >= failingPerMinute) {
    const ratio = failedPerMinute / (completedPerMinute + failedPerMinute);
    if (ratio >= failingRatio)
      return {
        state: "degraded",
        label: "Failing",
        cause: `${(ratio * 100).toFixed(1)}% of jobs failing, threshold ${failingRatio * 100}%`,
      };
  }
  return { state: "ok", label: "OK", cause: null };
}

/** Time until no job waits at the last minute's pace; see `drainsInMs` of the contract. */
export function drainOf(queue: QueueFigures): QueueRow["drainsInMs"] {
  const waiting = waitingOf(queue);
  if (waiting === 0) return "empty";
  if (queue.paused) return "paused";
  if (queue.workers === 0) return "never";
  if (queue.completedPerMinute === null || queue.failedPerMinute === null) return null;
  const perMinute = queue.completedPerMinute + queue.failedPerMinute;
  if (perMinute > 0) return Math.round((waiting / perMinute) * 60_000);
  // A job that runs longer than a minute gives no pace yet.
  return queue.counts.active > 0 ? null : "never";
}

const jobs = (count: number) =>
  count === 1 ? "1 job waiting" : `${count.toLocaleString("en-GB")} jobs waiting`;
