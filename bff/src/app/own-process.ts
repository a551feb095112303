import { type Core, everyRole, type Feature, type Running } from "#lib/feature.ts";
import { createEventLoop } from "#lib/time/event-loop.ts";
import { createOwnReports, ownReportsEveryMs } from "#observe/reports/reports.ts";

type OwnReportsNeeds = Parameters<typeof createOwnReports>[0];

/** Reports this process of Wheelhouse like a watched service. */
export function createOwnProcess(
  { redis, config, clock }: Core,
  {
    subscriber,
    parts,
    partsOfPages,
  }: Pick<OwnReportsNeeds, "subscriber" | "parts"> & {
    /** Reported by processes that serve pages; no other calls them. */
    partsOfPages: OwnReportsNeeds["parts"];
  },
) {
  const { roles } = config;
  const reports = createOwnReports({
    redis,
    subscriber,
    roles,
    clock,
    eventLoop: createEventLoop({ windowMs: 0.75 * ownReportsEveryMs }),
    parts: roles.includes("web") ? [...parts, ...partsOfPages] : parts,
  });
  const start = async (): Promise<Running> => {
    reports.start();
    return { drain: async () => {}, stop: reports.close };
  };
  const feature = { processes: [{ in: everyRole, start }] } satisfies Feature;
  return {
    ...feature,
    /** At most one interval old; null before the start. */
    latest: reports.latest,
    eventLoop: () => reports.latest()?.process?.eventLoop ?? null,
  };
}
