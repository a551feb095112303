import type { GoneJob } from "./entries.ts";
import type { StreamEvent } from "./streams.ts";

/** What the events of one reading say of a job. */
export type SeenJob = {
  name: string | null;
  addedMs: number | null;
  firstMs: number;
  activeMs: number | null;
  finishedMs: number | null;
  error: string | null;
  /** Completed, or removed by somebody. */
  end: "completed" | "removed" | null;
};

/** What events say of each job, and whether jobs were removed that they do not name. */
export function changesOf(events: readonly StreamEvent[]): {
  jobs: Map<string, SeenJob>;
  isCleaned: boolean;
} {
  const jobs = new Map<string, SeenJob>();
  let isCleaned = false;
  for (const { event, jobId, detail, atMs } of events) {
    if (event === "cleaned") {
      isCleaned = true;
      continue;
    }
    const job: SeenJob = jobs.get(jobId) ?? {
      name: null,
      addedMs: null,
      firstMs: atMs,
      activeMs: null,
      finishedMs: null,
      error: null,
      end: null,
    };
    jobs.set(jobId, job);
    if (event === "added") {
      job.name = detail;
      job.addedMs = atMs;
      job.end = null;
    } else if (event === "active") job.activeMs = atMs;
    else if (event === "completed" || event === "failed") {
      job.finishedMs = atMs;
      job.error = event === "failed" ? detail : null;
      job.end = event === "completed" ? "completed" : null;
    } else if (event === "removed") job.end = job.end === "completed" ? "completed" : "removed";
  }
  return { jobs, isCleaned };
}

/**
 * What becomes of a job that its events name and Redis no longer has. `known` is what the index has of it. Null when
 * there is nothing to say: it was never in the index, and its name is not known.
 */
export function goneJobOf(
  id: string,
  seen: SeenJob,
  known: { addedMs: number; name: string; state: string } | undefined,
): GoneJob | null {
  // A job with a known id may be another one that was added later.
  const isKnown = known !== undefined && (seen.addedMs === null || known.addedMs >= seen.addedMs - 1_000);
  const name = (isKnown ? known.name : null) ?? seen.name;
  if (name === null) return null;
  const state = seen.end ?? (isKnown && known.state === "completed" ? "completed" : "removed");
  return {
    id,
    name,
    addedMs: isKnown ? known.addedMs : (seen.addedMs ?? seen.firstMs),
    state,
    processedMs: seen.activeMs,
    finishedMs: seen.finishedMs,
    error: seen.error,
  };
}
