import {
  type CutText,
  type JobList,
  type JobLogs,
  type JobPayload,
  type JobRow,
  type JobState,
  jobStates,
  type PayloadPart,
  payloadBytesMax,
} from "@wheelhouse/shared/queues/jobs.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "#lib/http/cursor.ts";
import { AppError, notFound } from "#lib/http/errors.ts";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";
import { type QueuePlace, readOnlyOf } from "./places.ts";

const listScript = loadLua(new URL("./list-jobs.lua", import.meta.url));
const readScript = loadLua(new URL("./read-job.lua", import.meta.url));

const shortTextBytes = 400;
const nameBytes = 2_000;
const longTextBytes = 16_384;
const tracesMost = 20;
const logLineBytes = 4_000;

const text = z.union([z.string(), z.number()]).transform(String);
const cut = z.tuple([z.string(), z.number()]).transform(([start, bytes]): CutText | null => {
  if (bytes < 0) return null;
  const isCut = Buffer.byteLength(start) < bytes;
  // A character may have been cut in two.
  return { text: isCut ? start.replace(/\uFFFD$/, "") : start, bytes: Math.max(0, bytes), isCut };
});
const noText: CutText = { text: "", bytes: 0, isCut: false };

const listed = z.tuple([
  z.number(),
  z.number(),
  z.array(z.number()).length(jobStates.length),
  z.array(text).length(5),
  z.array(
    z.tuple([
      z.string(),
      text,
      cut,
      text,
      text,
      text,
      text,
      text,
      text,
      z.number(),
      cut,
      text,
      text,
      text,
      z.number(),
      z.number(),
    ]),
  ),
  z.tuple([z.string(), text]),
]);

const found = z.tuple([
  z.number(),
  z.string(),
  text,
  z.array(text).length(14),
  z.tuple([cut, cut, cut]),
  z.tuple([z.number(), z.number(), z.number(), z.number()]),
  z.array(cut),
  z.number(),
  z.array(z.tuple([z.string(), z.enum(["unfinished", "completed", "failed", "ignored"])])),
  z.tuple([z.number(), z.number(), z.number(), z.number()]),
]);

const place = z.strictObject({ id: z.string().min(1), place: z.string() });

const isoOf = (ms: number) => new Date(ms).toISOString();
/** A number that a program wrote as text; null for anything else. */
const numberOf = (given: string): number | null =>
  given !== "" && Number.isFinite(Number(given)) ? Number(given) : null;
const momentOf = (given: string): string | null => {
  const ms = numberOf(given);
  return ms === null || Math.abs(ms) > 8.64e15 ? null : isoOf(ms);
};
/** BullMQ keeps the moment at which a delayed job is due in the upper bits of its score. */
const dueOf = (state: string, score: string): string | null =>
  state === "delayed" && score !== "" ? momentOf(String(Math.floor(Number(score) / 4096))) : null;

/** Says that the queue is gone, for a person who still sees it in a list. */
const queueIsGone = () => new AppError("not_found", "This queue no longer exists: it was obliterated.");
const jobIsGone = () => notFound("job");

/** One page of jobs. @throws AppError `not_found` if the queue is gone. */
export async function listJobsOf(
  redis: Redis,
  at: QueuePlace,
  asked: { state: JobState; order: "newest" | "oldest"; cursor?: string | undefined; limit: number },
): Promise<JobList> {
  const after = decodeCursor(asked.cursor, place);
  const [reply] = await createReadOnlyLua(
    redis,
    listScript,
  )([
    {
      keys: [at.base],
      args: [asked.state, asked.order, asked.limit, after?.id ?? "", after?.place ?? "", shortTextBytes],
    },
  ]);
  const [nowMs, exists, counts, meta, jobs, [lastId, lastPlace]] = listed.parse(reply);
  if (exists === 0 && counts.every((count) => count === 0)) throw queueIsGone();
  const count = (state: JobState) => counts[jobStates.indexOf(state)] ?? 0;
  const [paused = "", concurrency = "", max = "", duration = "", version = ""] = meta;
  const [most, durationMs] = [numberOf(max), numberOf(duration)];
  return {
    readAt: isoOf(nowMs),
    items: jobs.map((job) => rowOf(asked.state, job)),
    nextCursor: lastId === "" ? null : encodeCursor({ id: lastId, place: lastPlace }),
    counts: {
      waiting: count("waiting"),
      prioritized: count("prioritized"),
      delayed: count("delayed"),
      active: count("active"),
      completed: count("completed"),
      failed: count("failed"),
      "waiting-children": count("waiting-children"),
      paused: count("paused"),
    },
    paused: paused !== "",
    readOnly: readOnlyOf(at),
    concurrency: numberOf(concurrency),
    rateLimit: most === null || durationMs === null ? null : { max: most, durationMs },
    library: version === "" ? null : version.slice(0, 60),
  };
}

type Listed = z.output<typeof listed>[4][number];

function rowOf(state: JobState, job: Listed): JobRow {
  const [id, score, name, addedAt, processedAt, finishedAt, , priority, made, attempts, failed] = job;
  const [progress, worker, schedule, hasParent, dataBytes] = job.slice(11) as [
    string,
    string,
    string,
    number,
    number,
  ];
  return {
    id,
    name: name ?? noText,
    addedAt: momentOf(addedAt),
    processedAt: momentOf(processedAt),
    finishedAt: momentOf(finishedAt),
    dueAt: dueOf(state, score),
    priority: numberOf(priority) ?? 0,
    attemptsMade: numberOf(made) ?? 0,
    attempts: attempts < 0 ? null : Math.max(1, attempts),
    failedReason: failed,
    progress: progress === "" || progress === "0" ? null : progress,
    worker: worker || null,
    schedule: schedule || null,
    hasParent: hasParent === 1,
    dataBytes,
  };
}

const options = z.object({ attempts: z.number().optional() }).loose();

/** What Redis knows of one job; relatives by their keys. */
export type FoundJob = Awaited<ReturnType<typeof readJobOf>>;

/** @throws AppError `not_found` if there is no such job. */
export async function readJobOf(redis: Redis, at: QueuePlace, id: string) {
  const [reply] = await createReadOnlyLua(
    redis,
    readScript,
  )([{ keys: [at.base], args: [id, nameBytes, longTextBytes, tracesMost] }]);
  if (reply === 0) throw jobIsGone();
  const [nowMs, state, score, fields, texts, lengths, traces, tracesLeft, children, counts] =
    found.parse(reply);
  const [added = "", processed = "", finished = "", delay = "", priority = "", atm = "", attemptsMade = ""] =
    fields;
  const [ats = "", stalled = "", worker = "", schedule = "", parentKey = "", dedup = "", progress = ""] =
    fields.slice(7);
  const [name, failedReason, opts] = texts;
  const [dataBytes, resultBytes, logs, locks] = lengths;
  const made = numberOf(atm) ?? numberOf(attemptsMade) ?? 0;
  const known = opts !== null && !opts.isCut ? options.safeParse(parsedOf(opts.text)) : null;
  return {
    state: jobStates.find((each) => each === state) ?? ("unknown" as const),
    parentKey: parentKey || null,
    childKeys: children,
    row: {
      readAt: isoOf(nowMs),
      id,
      name: name ?? noText,
      addedAt: momentOf(added),
      processedAt: momentOf(processed),
      finishedAt: momentOf(finished),
      dueAt: dueOf(state, score),
      priority: numberOf(priority) ?? 0,
      delayMs: numberOf(delay) ?? 0,
      attemptsMade: made,
      attemptsStarted: numberOf(ats),
      attempts: known?.success ? Math.max(1, known.data.attempts ?? 1) : null,
      stalled: numberOf(stalled) ?? 0,
      failedReason,
      progress: progress === "" || progress === "0" || progress.length > 2_000 ? null : progress,
      worker: worker || null,
      schedule: schedule || null,
      deduplication: dedup || null,
      hasParent: parentKey !== "",
      options: opts ?? noText,
      traces: traces.map((trace, index) => {
        const attempt = made - index;
        return Object.assign({ attempt: attempt > 0 ? attempt : null }, trace ?? noText);
      }),
      tracesLeft,
      dataBytes,
      resultBytes,
      logs,
      isLocked: state === "active" ? locks === 1 : null,
      childCounts: { unfinished: counts[0], completed: counts[1], failed: counts[2], ignored: counts[3] },
    },
  };
}

function parsedOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

/** Names of jobs by their keys, in one round trip; null for a job that is gone. */
export async function namesOf(redis: Redis, keys: readonly string[]): Promise<(string | null)[]> {
  if (keys.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hget(key, "name");
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, name]) => (error || typeof name !== "string" ? null : name.slice(0, 200)));
}

/** @throws AppError `not_found` if there is no such job. */
export async function readPayloadOf(redis: Redis, at: QueuePlace, id: string): Promise<JobPayload> {
  const [data, result] = await redis.hmgetBuffer(`${at.base}${id}`, "data", "returnvalue");
  if (data === null || data === undefined) throw jobIsGone();
  return { data: partOf(data), result: result == null ? null : partOf(result) };
}

function partOf(content: Buffer): PayloadPart {
  const isCut = content.length > payloadBytesMax;
  const shown = content.subarray(0, payloadBytesMax).toString("utf8");
  const isJson = !isCut && parsedOf(shown) !== undefined;
  return { text: isCut ? shown.replace(/\uFFFD$/, "") : shown, bytes: content.length, isCut, isJson };
}

const logPlace = z.strictObject({ line: z.string().regex(/^\d{1,15}$/) });

/** Lines newest first. New lines are added at the end, so that a line keeps its number. */
export async function readLogsOf(
  redis: Redis,
  at: QueuePlace,
  id: string,
  asked: { cursor?: string | undefined; limit: number },
): Promise<JobLogs> {
  const job = `${at.base}${id}`;
  const before = decodeCursor(asked.cursor, logPlace);
  const [exists, total] = await Promise.all([redis.exists(job), redis.llen(`${job}:logs`)]);
  if (exists === 0) throw jobIsGone();
  const end = Math.min(total, before ? Number(before.line) : total);
  const start = Math.max(0, end - asked.limit);
  const lines = end <= start ? [] : await redis.lrange(`${job}:logs`, start, end - 1);
  const items = lines.map((line, index) => {
    const bytes = Buffer.byteLength(line);
    return {
      line: start + index + 1,
      text: line.slice(0, logLineBytes),
      bytes,
      isCut: line.length > logLineBytes,
    };
  });
  return {
    items: items.reverse(),
    nextCursor: start === 0 || items.length === 0 ? null : encodeCursor({ line: String(start) }),
    total,
  };
}
