import { createBreakersAspect } from "#features/breakers/aspect.ts";
import { createCachesAspect } from "#features/caches/aspect.ts";
import { createRedisAspect } from "#features/caches/redis/aspect.ts";
import { serverRows } from "#features/health/rows.ts";
import { createServersAspect } from "#features/health/servers/aspect.ts";
import { createHealthAspect } from "#features/health/services/aspect.ts";
import { createKeptDetails, type KeptDetails } from "#features/health/services/kept-details.ts";
import { createActsAspect } from "#features/overview/acts-aspect.ts";
import { createOverviewAspect } from "#features/overview/aspect.ts";
import { createQueuesAspect } from "#features/queues/aspect.ts";
import { createSchedulesAspect } from "#features/schedules/aspect.ts";
import { createBadFileAspect, createBadFileBoard } from "#features/sources/aspect.ts";
import { createWebhooksAspect, webhookRows } from "#features/webhooks/aspect.ts";
import type { Aspect } from "#observe/aspect.ts";
import type { OwnProcess } from "#observe/reports/reports.ts";

export { createBadFileBoard, createKeptDetails };

/**
 * All aspects of the product in their order, without their boards, for tests that write the rows themselves; `observed`
 * replaces those that a test wants to observe.
 */
export function makeAspects({
  details = createKeptDetails(),
  processes = () => [],
  observed = [],
}: {
  details?: Pick<KeptDetails, "of">;
  processes?: () => readonly OwnProcess[];
  observed?: readonly Aspect[];
} = {}) {
  const all: readonly Aspect[] = [
    createServersAspect(),
    createQueuesAspect({ servers: serverRows }),
    createSchedulesAspect({ servers: serverRows }),
    createBadFileAspect(),
    createHealthAspect({ details, processes }),
    createWebhooksAspect(),
    createBreakersAspect({ endpoints: webhookRows }),
    createCachesAspect(),
    createRedisAspect({ servers: serverRows }),
    createActsAspect(),
  ];
  const aspects = all.map((each) => observed.find(({ key }) => key === each.key) ?? each);
  const { aspect, graph, overviewOf } = createOverviewAspect(aspects);
  return { aspects: [...aspects, aspect, graph], overviewOf };
}
