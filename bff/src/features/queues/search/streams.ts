import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";

const eventsScript = loadLua(new URL("./read-events.lua", import.meta.url));
const jobsScript = loadLua(new URL("./read-jobs.lua", import.meta.url));

const queuesPerCall = 100;
/** One call holds up the server's other clients, so each is small. */
const bytesPerCall = 256 * 1024;
const jobsPerCall = 40;
const jobBytesPerCall = 512 * 1024;
/** Of a job's data, this much is read; longer data is cut, and that beyond the second limit is not read at all. */
export const mostDataBytes = 64 * 1024;
const longestDataBytes = 1024 * 1024;

export type StreamEvent = { id: string; atMs: number; event: string; jobId: string; detail: string };
export type StreamRead = {
  base: string;
  /** The newest id of the stream. */
  newest: string;
  /** False when the event that was read last is gone: events after it may be, too. */
  isWhole: boolean;
  /** Nothing is left to be read. */
  isDrained: boolean;
  taken: number;
  bytes: number;
  lastId: string;
  events: StreamEvent[];
};

const streamRow = z.tuple([z.string(), z.number(), z.number(), z.number(), z.string(), z.array(z.string())]);
const eventsReply = z.tuple([z.number(), z.array(z.union([z.literal(0), z.string(), streamRow]))]);

const text = z.union([z.string(), z.number()]).transform(String);
const jobReply = z.array(z.union([z.literal(0), z.array(text).length(12)]));

export type JobState =
  | "waiting"
  | "prioritized"
  | "delayed"
  | "active"
  | "waiting-children"
  | "completed"
  | "failed";
const jobState = z.enum([
  "waiting",
  "prioritized",
  "delayed",
  "active",
  "waiting-children",
  "completed",
  "failed",
]);

/** A job as it is in Redis. */
export type JobReading = {
  id: string;
  state: JobState;
  name: string;
  addedMs: number;
  processedMs: number | null;
  finishedMs: number | null;
  attempts: number;
  attemptsMost: number | null;
  dueMs: number | null;
  error: string | null;
  worker: string | null;
  dataBytes: number;
  /** The start of its data; null when it is too long to be read. */
  data: string | null;
};

const number = (given: string | undefined) => {
  const value = Number(given);
  return given === undefined || given === "" || !Number.isFinite(value) ? null : value;
};

function readingOf(id: string, row: readonly string[]): JobReading {
  const [state, name, added, processed, finished, made, most, due, error, worker, size, data] = row;
  const dataBytes = number(size) ?? 0;
  return {
    id,
    state: jobState.parse(state),
    name: name ?? "",
    addedMs: number(added) ?? 0,
    processedMs: number(processed),
    finishedMs: number(finished),
    attempts: number(made) ?? 0,
    attemptsMost: number(most),
    dueMs: number(due),
    error: error ? error : null,
    worker: worker ? worker : null,
    dataBytes,
    data: dataBytes > longestDataBytes ? null : (data ?? ""),
  };
}

function eventsOf(flat: readonly string[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let index = 0; index + 3 < flat.length; index += 4) {
    const [id = "", event = "", jobId = "", detail = ""] = flat.slice(index, index + 4);
    events.push({ id, atMs: Number(id.split("-")[0]), event, jobId, detail });
  }
  return events;
}

/** Reads streams and jobs of BullMQ by read-only scripts, in calls of a millisecond. */
export function createStreams(redis: Redis) {
  const runEvents = createReadOnlyLua(redis, eventsScript);
  const runJobs = createReadOnlyLua(redis, jobsScript);
  return {
    /**
     * What is new in these streams; `cursor` is the id that was read last, or `$` for the newest id only. Those that the
     * server refuses, or that did not fit, are left out.
     */
    async readEvents(
      asked: readonly { base: string; cursor: string; most: number }[],
    ): Promise<{ nowMs: number; reads: StreamRead[]; refusal: string | null }> {
      const reads: StreamRead[] = [];
      let latestMs = 0;
      let refusal: string | null = null;
      for (let start = 0; start < asked.length; start += queuesPerCall) {
        const chunk = asked.slice(start, start + queuesPerCall);
        const [reply] = await runEvents([
          {
            keys: chunk.map(({ base }) => base),
            args: [bytesPerCall, ...chunk.flatMap(({ cursor, most }) => [cursor, most])],
          },
        ]);
        const [nowMs, rows] = eventsReply.parse(reply);
        latestMs = Math.max(latestMs, nowMs);
        for (const [index, row] of rows.entries()) {
          const of = chunk[index];
          if (typeof row === "string") refusal = row;
          if (!of || typeof row === "string" || row === 0) continue;
          const [newest, isThere, taken, bytes, lastId, flat] = row;
          reads.push({
            base: of.base,
            newest,
            isWhole: isThere === 1,
            isDrained: taken < of.most,
            taken,
            bytes,
            lastId,
            events: eventsOf(flat),
          });
        }
      }
      return { nowMs: latestMs, reads, refusal };
    },
    /** These jobs as they are; an id without a job is left out. */
    async readJobs(base: string, ids: readonly string[]): Promise<Map<string, JobReading>> {
      const found = new Map<string, JobReading>();
      let left = [...ids];
      while (left.length > 0) {
        const some = left.slice(0, jobsPerCall);
        const [reply] = await runJobs([
          { keys: [base], args: [jobBytesPerCall, mostDataBytes, longestDataBytes, ...some] },
        ]);
        const rows = jobReply.parse(reply);
        for (const [index, row] of rows.entries()) {
          const id = some[index];
          if (id !== undefined && row !== 0) found.set(id, readingOf(id, row));
        }
        left = left.slice(Math.max(1, rows.length));
      }
      return found;
    },
  };
}
export type Streams = ReturnType<typeof createStreams>;
