import { type Core, everyRole, type Feature, type Running } from "#lib/feature.ts";
import { createEventLoop } from "#lib/time/event-loop.ts";
import { createOwnReports, ownReportsEveryMs } from "#observe/reports/reports.ts";

type OwnReportsNeeds = Parameters<typeof createOwnReports>[0];

/** What this process of Wheelhouse reports of itself, like a watched service. */
export function createOwnProcess(
  { redis, config, clock }: Core,
  { subscriber, parts }: Pick<OwnReportsNeeds, "subscriber" | "parts">,
) {
  const { roles } = config;
  const reports = createOwnReports({
    redis,
    subscriber,
    roles,
    clock,
    eventLoop: createEventLoop({ windowMs: 0.75 * ownReportsEveryMs }),
    // Only who serves pages calls them.
    parts: roles.includes("web") ? parts : [],
  });
  const start = async (): Promise<Running> => {
    reports.start();
    return { drain: async () => {}, stop: reports.close };
  };
  const feature = { processes: [{ in: everyRole, start }] } satisfies Feature;
  return {
    ...feature,
    /** At most an interval old; null before it was started. */
    latest: reports.latest,
    eventLoop: () => reports.latest()?.process?.eventLoop ?? null,
  };
}
