import type { Feature } from "#lib/feature.ts";
import { queuesRoutes } from "./queues-routes.ts";

/** Queues as they were observed. */
export function createQueues(reading: Parameters<typeof queuesRoutes>[1]) {
  return { routes: (api) => queuesRoutes(api, reading) } satisfies Feature;
}
