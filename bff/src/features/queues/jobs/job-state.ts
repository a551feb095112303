import { type JobState, jobStates } from "@wheelhouse/shared/queues/jobs.ts";
import type { Redis } from "ioredis";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";

const script = loadLua(new URL("./job-states.lua", import.meta.url));
const rows = z.array(
  z.union([z.literal(0), z.tuple([z.string(), z.string(), z.number(), z.number(), z.string()])]),
);

/** Where a job is, and what decides whether an act may touch it. */
export type JobStanding = {
  state: JobState | "unknown";
  finishedOn: number | null;
  isLifo: boolean;
  /** It is the next run of a schedule, which removing it would end. */
  schedule: string | null;
};

/** The standing of each job, in one call; null for a job that is gone. */
export async function standingsOf(
  redis: Redis,
  base: string,
  ids: readonly string[],
): Promise<(JobStanding | null)[]> {
  const [reply] = await createReadOnlyLua(redis, script)([{ keys: [base], args: [...ids] }]);
  return rows.parse(reply).map((row) => {
    if (row === 0) return null;
    const [state, finishedOn, isLifo, isNextRun, schedule] = row;
    return {
      state: jobStates.find((each) => each === state) ?? "unknown",
      finishedOn: finishedOn === "" ? null : Number(finishedOn),
      isLifo: isLifo === 1,
      schedule: isNextRun === 1 ? schedule : null,
    };
  });
}
