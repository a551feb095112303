import { topics } from "@wheelhouse/shared/live.ts";
import { createAlerts } from "#features/alerts/alerts.ts";
import { announce, createNotifications, withdraw } from "#features/alerts/notifications/notifications.ts";
import { figuresOfTick } from "#features/history/tick-figures.ts";
import { createFolded, type createOverview, createRelatedTo } from "#features/overview/overview.ts";
import { createWall } from "#features/wall/wall.ts";
import type { createWebhooks } from "#features/webhooks/webhooks.ts";
import { highestWindows } from "#lib/redis/rate-window.ts";
import type { AppDeps, Foundations } from "./foundations.ts";
import type { createReading } from "./watchers.ts";

/** The addresses with the most failures say enough. */
const mostAddresses = 100;
const leastSilenceMs = 15_000;

type AlertingNeeds = Pick<AppDeps, "redisUrl" | "secretKey"> & {
  read: ReturnType<typeof createReading>;
  overview: ReturnType<typeof createOverview>;
  webhooks: Pick<ReturnType<typeof createWebhooks>, "deliverOwn">;
};

/** Alerts on all that is observed, who is told of them, and the pages that show them from afar. */
export function createAlerting(
  { core, box, subscriber }: Pick<Foundations, "core" | "box" | "subscriber">,
  { redisUrl, secretKey, read, overview, webhooks }: AlertingNeeds,
) {
  const { history, watch } = read;
  const { snapshots, owner, intervalMs } = watch;
  const alerts = createAlerts(core, {
    snapshots,
    owner,
    figuresOf: (tick) => figuresOfTick(overview.aspects, tick),
    look: createFolded({ snapshots }),
    relatedTo: createRelatedTo({ snapshots }),
    annotations: history.annotations,
    readSeries: history.readSeries,
    declared: {
      rules: () => read.declared.catalogue.current().alerts ?? [],
      onChange: read.declared.catalogue.onChange,
    },
    async failedSignIns() {
      const windows = await highestWindows(core.redis, "sign-in-addresses", mostAddresses);
      return windows.reduce((sum, { count }) => sum + count, 0);
    },
    notifications: { announce, withdraw },
  });
  const notifications = createNotifications(core, {
    redisUrl,
    secretKey,
    box,
    subscriber,
    deliverWebhook: webhooks.deliverOwn,
    acknowledge: alerts.acknowledgeByLink,
    isAlive: () => core.clock.now() - (snapshots.heardAtMs() ?? 0) < Math.max(5 * intervalMs, leastSilenceMs),
  });
  const wall = createWall(core, {
    secretKey,
    overviewOf: overview.now,
    verdictOf: overview.verdictOf,
    servicesOf: (organization) => snapshots.viewsOf(organization).list(topics.health.name),
    queuesOf: (organization) => snapshots.viewsOf(organization).list(topics.queues.name),
    incidents: { open: alerts.openIncidents, acknowledge: alerts.acknowledgeById },
  });
  return { alerts, notifications, wall };
}
