import { createHash } from "node:crypto";
import type { JobRunFilter, JobRunJobState } from "@wheelhouse/shared/queues/runs.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";
import { normalise } from "../search/search.ts";

const script = loadLua(new URL("./freeze-jobs.lua", import.meta.url));
/** A script call stays well under 5 ms with this many. */
const chunk = 500;

/** A job as a plan sees it. */
export type FrozenJob = {
  id: string;
  /** Proves that it is still the same job in the same state: its score, or when it was added. */
  stamp: string;
  name: string;
  /** Normalised error message; null when it is not asked for. */
  error: string | null;
  /** When it got into its state, or was added, ms. */
  atMs: number | null;
};
type Left = "schedule" | "flow" | "elsewhere";

/** Where each state is kept, and in what. */
export const placeOfState: Record<JobRunJobState, { key: string; isList: boolean }> = {
  waiting: { key: "wait", isList: true },
  paused: { key: "paused", isList: true },
  prioritized: { key: "prioritized", isList: false },
  delayed: { key: "delayed", isList: false },
  completed: { key: "completed", isList: false },
  failed: { key: "failed", isList: false },
};

const row = z.tuple([z.string(), z.string(), z.string(), z.string(), z.string(), z.number(), z.number()]);
const reply = z.tuple([z.number(), z.array(row)]);
type Row = z.infer<typeof row>;

/** Where reading goes on: the index of a list; the lowest score of a set and how many entries of it are known. */
type Cursor = { from: string; offset: number; lastId: string };

/**
 * Reads the jobs that a filter means, a chunk at a time, and tells which it leaves out. A job that moves meanwhile may be
 * missed, but none is told twice.
 * @param base `<prefix>:<name>:`
 */
export async function* readFrozenJobs(
  redis: Redis,
  base: string,
  filter: JobRunFilter,
): AsyncGenerator<{ jobs: FrozenJob[]; matched: number; left: Map<Left, number> }> {
  const run = createReadOnlyLua(redis, script);
  const { key, isList } = placeOfState[filter.state];
  const kind = isList ? "list" : "set";
  const isFlowAsked = filter.act === "move" ? 1 : 0;
  const read = async (args: (string | number)[]) =>
    reply.parse((await run([{ keys: [base], args: [key, ...args] }]))[0]);
  const judge = createJudge(filter);

  if (filter.ids) {
    const ids = [...new Set(filter.ids)];
    // Finding an id in a list takes as long as the list, so few are looked for in one call.
    const atOnce = isList ? 10 : chunk;
    for (let at = 0; at < ids.length; at += atOnce)
      yield judge((await read(["ids", kind, 0, 0, isFlowAsked, ...ids.slice(at, at + atOnce)]))[1]);
    return;
  }
  let cursor: Cursor = { from: isList ? "0" : "-inf", offset: 0, lastId: "" };
  for (;;) {
    const [looked, rows] = await read([kind, cursor.from, cursor.offset, chunk, isFlowAsked]);
    const fresh = isList ? unseen(rows, cursor.lastId) : rows;
    yield judge(fresh);
    if (looked < chunk) return;
    cursor = isList ? nextOfList(cursor, looked, rows) : nextOfSet(cursor, rows);
  }
}

/** Jobs that were added meanwhile move a list on, so that its chunks overlap by one job to find the place again. */
function unseen(rows: readonly Row[], lastId: string): readonly Row[] {
  if (lastId === "") return rows;
  const at = rows.findIndex(([id]) => id === lastId);
  return at < 0 ? rows : rows.slice(at + 1);
}
const nextOfList = ({ from, lastId }: Cursor, looked: number, rows: readonly Row[]): Cursor => ({
  from: String(Number(from) + looked - 1),
  offset: 0,
  lastId: rows.at(-1)?.[0] ?? lastId,
});

function nextOfSet({ from, offset }: Cursor, rows: readonly Row[]): Cursor {
  const last = rows.at(-1)?.[1] ?? from;
  const same = rows.filter(([, score]) => score === last).length;
  return { from: last, offset: last === from ? offset + same : same, lastId: "" };
}

/** Sorts rows into jobs of the snapshot and those left out. */
function createJudge({ act, state, name, error, ids }: JobRunFilter) {
  const names = name && new Set(name);
  const errors = error && new Set(error);
  const isError = state === "failed";
  const isTimed = state === "failed" || state === "completed";
  return (rows: readonly Row[]) => {
    const left = new Map<Left, number>();
    const jobs: FrozenJob[] = [];
    let matched = 0;
    const leave = (why: Left) => left.set(why, (left.get(why) ?? 0) + 1);
    for (const [id, stamp, jobName, message, addedMs, isOfSchedule, isOfFlow] of rows) {
      const cause = isError ? normalise(message).message : null;
      const isElsewhere = ids !== undefined && stamp === "";
      if (!isElsewhere && ((names && !names.has(jobName)) || (errors && !errors.has(cause ?? "")))) continue;
      matched += 1;
      if (isElsewhere) leave("elsewhere");
      // The next run of a schedule is the schedule: without it there would be no run after it.
      else if (isOfSchedule === 1 && state !== "failed" && state !== "completed") leave("schedule");
      else if (act === "move" && isOfFlow === 1) leave("flow");
      else
        jobs.push({
          id,
          stamp,
          name: jobName,
          error: cause,
          atMs: timeOf(isTimed ? stamp : addedMs),
        });
    }
    return { jobs, matched, left };
  };
}

const timeOf = (text: string): number | null => {
  const ms = Number(text);
  return text !== "" && Number.isFinite(ms) && ms < 8.64e15 ? ms : null;
};

/** Names the lane of jobs with one name and cause. */
export const laneIdOf = (name: string, error: string | null): string =>
  createHash("sha256")
    .update(`${name}\n${error ?? ""}`)
    .digest("hex")
    .slice(0, 16);
