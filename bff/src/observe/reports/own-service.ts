import type { EventLoopFigures } from "@wheelhouse/shared/reporter/report.ts";

/** What Wheelhouse tells of itself over its own Redis, as any watched service does. */
export const ownService = "wheelhouse";

export const ownRedis = "primary";
export const platform = "platform";

/**
 * Slug of the organization that a report belongs to: that of the Redis in which it is found. Wheelhouse's own belong to
 * the platform, whoever owns its Redis.
 */
export const organizationOfReport = (
  source: { id: string; organization: string },
  service: string,
): string => (source.id === ownRedis && service === ownService ? platform : source.organization);

/** How late the event loop of one process of Wheelhouse was, as it told last. `id`: of its instance. */
export type OwnProcess = { id: string; observedAt: string; intervalMs: number; eventLoop: EventLoopFigures };
