import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";

/** Wheelhouse reports itself over its own Redis under this name, like any watched service. */
export const ownService = "wheelhouse";

export const ownRedis = "primary";
export const platform = "platform";

/**
 * The slug of the organization that a report belongs to: that of the Redis it was found in. Wheelhouse's own reports
 * belong to the platform, even if another organization owns that Redis.
 */
export const organizationOfReport = (
  source: { id: string; organization: string },
  service: string,
): string => (source.id === ownRedis && service === ownService ? platform : source.organization);

/** The event loop lag that one process of Wheelhouse reported last. `id` is that of its instance. */
export type OwnProcess = { id: string; observedAt: string; intervalMs: number; eventLoop: EventLoopFigures };
