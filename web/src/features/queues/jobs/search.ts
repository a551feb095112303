import { type JobState, jobStates } from "@wheelhouse/shared/queues/jobs.ts";
import { type RawSearch, readText, readWord } from "#lib/search-params.ts";

/** `queue`: its id; `state`: which jobs; `job`: id of the job in the drawer. */
export type JobsSearch = {
  queue?: string | undefined;
  state?: JobState | undefined;
  order?: "oldest" | undefined;
  job?: string | undefined;
};

export const readJobsSearch = (raw: RawSearch): JobsSearch => ({
  queue: readText(raw, "queue", 600),
  state: readWord(raw, "state", jobStates),
  order: readWord(raw, "order", ["oldest"] as const),
  job: readText(raw, "job", 2_000),
});
