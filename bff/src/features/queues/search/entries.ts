import { causeOf, numberOf } from "./causes.ts";
import { type FieldRule, fieldsOf, storable } from "./fields.ts";
import { type JobReading, type JobState, mostDataBytes } from "./streams.ts";

const longestName = 500;
const longestError = 500;
const longestId = 500;
const dayMs = 86_400_000;

/** A job as the index keeps it; names as in `keep_indexed_jobs`. */
export type IndexEntry = {
  org_id: string;
  job_id: string;
  queue: number;
  added_at: string;
  name: string;
  state: JobState | "removed";
  attempts: number;
  attempts_most: number | null;
  processed_at: string | null;
  finished_at: string | null;
  due_at: string | null;
  worker: string | null;
  error: string | null;
  cause: string | null;
  message: string | null;
  tallied_as: string;
  data_hash: string | null;
  error_hash: string | null;
  data_bytes: number | null;
  fields: "whole" | "cut" | "none";
  terms: string[] | null;
  shown: [string, string][] | null;
  error_terms: string[] | null;
};

/** What an entry needs to know of its queue. */
export type EntryQueue = {
  id: number;
  organizationId: string;
  rules: readonly FieldRule[];
  /** The name under which jobs of this name are counted. */
  tallyName(name: string): string;
};

export type EntryTerms = { key: string; keptDays: number; nowMs(): number };

const isoOf = (ms: number | null) => (ms === null || Math.abs(ms) > 8e15 ? null : new Date(ms).toISOString());

/** The oldest moment of which the index keeps jobs: the beginning of a day (UTC). */
export const keptSinceMs = (nowMs: number, keptDays: number): number =>
  Math.floor(nowMs / dayMs) * dayMs - keptDays * dayMs;

/** Whether the index has a place for a job that was added at this time. */
const hasPlace = (addedMs: number, { keptDays, nowMs }: EntryTerms): boolean =>
  addedMs >= keptSinceMs(nowMs(), keptDays) && addedMs < nowMs() + dayMs;

const errorOf = (
  error: string | null,
  name: string,
  queue: EntryQueue,
  { key }: EntryTerms,
): Pick<IndexEntry, "error" | "cause" | "message" | "error_hash" | "error_terms"> => {
  if (error === null) return { error: null, cause: null, message: null, error_hash: null, error_terms: null };
  const of = causeOf(error, { key, organizationId: queue.organizationId, name });
  return {
    error: storable(error.slice(0, longestError)),
    cause: of.cause,
    message: of.message,
    error_hash: of.hash,
    error_terms: of.terms,
  };
};

/** The entry of a job that is in Redis; null when the index has no place for it. */
export function entryOf(job: JobReading, queue: EntryQueue, terms: EntryTerms): IndexEntry | null {
  if (!hasPlace(job.addedMs, terms) || job.id.length > longestId) return null;
  const name = storable(job.name.slice(0, longestName));
  const { organizationId, rules } = queue;
  const isWhole = job.dataBytes <= mostDataBytes;
  const data = fieldsOf(job.data ?? "", { isWhole, key: terms.key, organizationId, rules });
  return {
    org_id: organizationId,
    job_id: storable(job.id),
    queue: queue.id,
    added_at: new Date(job.addedMs).toISOString(),
    name,
    state: job.state,
    attempts: Math.min(job.attempts, 2 ** 31 - 1),
    attempts_most: job.attemptsMost === null ? null : Math.min(job.attemptsMost, 2 ** 31 - 1),
    processed_at: isoOf(job.processedMs),
    finished_at: isoOf(job.finishedMs),
    due_at: isoOf(job.dueMs),
    worker: job.worker === null ? null : storable(job.worker),
    ...errorOf(job.error, name, queue, terms),
    tallied_as: queue.tallyName(name),
    data_hash: numberOf(terms.key, job.data ?? "", JSON.stringify(rules)),
    data_bytes: Math.min(job.dataBytes, 2 ** 31 - 1),
    fields: data.isCut ? "cut" : "whole",
    terms: data.terms,
    shown: data.shown,
  };
}

/** What is known of a job that is no longer in Redis. */
export type GoneJob = {
  id: string;
  name: string;
  addedMs: number;
  state: "completed" | "removed";
  processedMs: number | null;
  finishedMs: number | null;
  error: string | null;
};

/** The entry of a job whose data was gone before it could be read again; what is known already stays. */
export function goneEntryOf(job: GoneJob, queue: EntryQueue, terms: EntryTerms): IndexEntry | null {
  if (!hasPlace(job.addedMs, terms) || job.id.length > longestId) return null;
  const name = storable(job.name.slice(0, longestName));
  return {
    org_id: queue.organizationId,
    job_id: storable(job.id),
    queue: queue.id,
    added_at: new Date(job.addedMs).toISOString(),
    name,
    state: job.state,
    attempts: 0,
    attempts_most: null,
    processed_at: isoOf(job.processedMs),
    finished_at: isoOf(job.finishedMs),
    due_at: null,
    worker: null,
    ...errorOf(job.error, name, queue, terms),
    tallied_as: queue.tallyName(name),
    data_hash: null,
    data_bytes: null,
    fields: "none",
    terms: null,
    shown: null,
  };
}
