import type { EndpointInput } from "@wheelhouse/shared/endpoint.ts";
import type { FoundJob, FoundState, findJobs, JobWords } from "@wheelhouse/shared/queues/find.ts";
import { foundStates } from "@wheelhouse/shared/queues/find.ts";
import { formatSpan, type Zone } from "#lib/format.ts";
import { parseRange } from "#lib/history/time-range.ts";
import type { Filter, FilterKey, FilterToken } from "#ui/filter/filter-tokens.ts";
import type { Tone } from "#ui/page/status.tsx";

export type FindQuery = EndpointInput<typeof findJobs>["query"];

export const stateWords: Record<FoundState, string> = {
  waiting: "Waiting",
  prioritized: "Prioritized",
  delayed: "Delayed",
  active: "Active",
  "waiting-children": "Waiting for children",
  completed: "Completed",
  failed: "Failed",
  removed: "Removed",
};

export const stateTones: Record<FoundState, Tone> = {
  waiting: "neutral",
  prioritized: "neutral",
  delayed: "neutral",
  active: "run",
  "waiting-children": "neutral",
  completed: "ok",
  failed: "down",
  removed: "neutral",
};

/** The part of a filter's key that says it is a field of the data. */
const dataMark = "data.";

/** What the filter bar completes. */
export const findKeys = (words: JobWords | undefined): FilterKey[] => [
  { key: "id" },
  { key: "name", values: (words?.names ?? []).map(({ name, jobs }) => valueWith(name, jobs)) },
  { key: "error" },
  {
    key: "state",
    values: foundStates.map((value) => ({ value, label: stateWords[value] })),
  },
  {
    key: "queue",
    values: (words?.queues ?? []).map(({ queue, name, jobs }) => ({
      ...valueWith(queue, jobs),
      label: name,
    })),
  },
  { key: "added" },
  { key: "cause", hasHint: false },
  { key: "value", hasHint: false },
  ...(words?.fields ?? []).map(({ path }) => ({ key: `${dataMark}${path.toLowerCase()}` })),
  { key: dataMark, isFamily: true },
];

const valueWith = (value: string, jobs: number) => ({
  value,
  detail: `${jobs.toLocaleString("en-GB")} jobs`,
});

const valueIn = (tokens: readonly FilterToken[], key: string) =>
  tokens.find((token) => token.key === key)?.value;

/** The filter as the server takes it. Text without a key is an id. */
export function queryOf({ tokens, text }: Filter, nowMs: number, zone: Zone): FindQuery {
  const added = valueIn(tokens, "added");
  const range = added === undefined ? undefined : parseRange(added, nowMs, zone);
  const ids = [valueIn(tokens, "id"), text].filter((id) => id !== undefined && id !== "").join(",");
  const data = tokens
    .filter(({ key }) => key.startsWith(dataMark))
    .map(({ key, value }) => `${key.slice(dataMark.length)}:${value}`)
    .join(";");
  const query: Record<string, string | undefined> = {
    id: ids === "" ? undefined : ids,
    name: valueIn(tokens, "name"),
    queue: valueIn(tokens, "queue"),
    state: valueIn(tokens, "state"),
    error: valueIn(tokens, "error"),
    cause: valueIn(tokens, "cause"),
    text: valueIn(tokens, "value"),
    data: data === "" ? undefined : data,
    from: range?.from,
    to: range?.to,
  };
  return query;
}

/** What a person looks for, as the end of "No … job has …". */
export function soughtWords({ tokens, text }: Filter, label: (key: string, value: string) => string): string {
  const parts = tokens
    .filter(({ key }) => key !== "state")
    .map(({ key, value }) => `${key} ${label(key, value)}`);
  if (text !== "") parts.push(`id ${text}`);
  return parts.join(", ");
}

/** How long the job ran, or null while that is not known. */
export const tookMsOf = ({ processedAt, finishedAt }: FoundJob): number | null =>
  processedAt === null || finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(processedAt);

/** What is worth knowing of a job beside its fields. */
export function noteOf(job: FoundJob, nowMs: number): string {
  const attempts =
    job.attemptsMost === null || job.attemptsMost < 1
      ? ""
      : `, ${job.attempts} of ${job.attemptsMost} attempts`;
  if (job.error !== null && job.state !== "completed") return `${job.error.split("\n", 1)[0]}${attempts}`;
  if (job.state === "active") return job.worker === null ? "running" : `running on ${job.worker}`;
  if (job.state === "delayed" && job.dueAt !== null) {
    const inMs = Date.parse(job.dueAt) - nowMs;
    return inMs > 0 ? `runs in ${formatSpan(inMs)}` : "due now";
  }
  if (job.fields === "none") return "gone before its fields could be read";
  return job.fields === "cut" ? "not all of its fields are indexed" : "";
}

/** One id for a row: a job's id may be used again in its queue. */
export const keyOfJob = ({ queue, id, addedAt }: Pick<FoundJob, "queue" | "id" | "addedAt">): string =>
  JSON.stringify([queue, id, addedAt]);

/** Whether it has a condition on the data of jobs. */
export const asksForFields = ({ tokens }: Filter): boolean =>
  tokens.some(({ key }) => key.startsWith(dataMark) || key === "value");

/** The same filter for jobs of any state. */
export const withoutState = (filter: Filter): Filter => ({
  tokens: filter.tokens.filter(({ key }) => key !== "state"),
  text: filter.text,
});
