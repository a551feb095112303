import { listNotifications, markBellRead, readBell } from "@wheelhouse/shared/alerts/notifications.ts";
import type { FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import type { Core, Feature, Running } from "#lib/feature.ts";
import { route } from "#lib/http/route.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createAddressFilter, createServerFilter } from "#lib/security/address-filter.ts";
import type { SecretBox } from "#lib/security/secret-box.ts";
import {
  channelsRoutes,
  contactView,
  createChannelService,
  createChannelStore,
  createContacts,
  createHeartbeats,
  createMailer,
  createOutlets,
  createPost,
  createPush,
  createSettings,
  createTargets,
  createTrial,
  type DeliverWebhook,
  personOf,
  vapidKeysOf,
} from "../channels/channels.ts";
import { createMine, createOnCall, createTeams, routingRoutes } from "../routing/routing.ts";
import { type Acknowledge, mountAcknowledgePage } from "./acknowledge-page.ts";
import { createBell } from "./bell.ts";
import { createDigests } from "./digests.ts";
import { createFallbacks } from "./fallbacks.ts";
import { createLinks } from "./links.ts";
import { createNotificationLog } from "./log.ts";
import { consoleUrlOf } from "./mails.ts";
import { createMailQueue, startMailWorker } from "./queue.ts";
import { createRouter } from "./router.ts";
import { createSender } from "./sender.ts";
import { createNotificationStore } from "./store.ts";
import { startSweeper } from "./sweeper.ts";

export { type Announcement, announce, withdraw } from "./announcements.ts";
export { createMails } from "./mails.ts";

type NotificationsCore = Pick<Core, "database" | "redis" | "changes" | "clock" | "log" | "config">;
type NotificationsNeeds = {
  redisUrl: string;
  /** 32 bytes in base64. */
  secretKey: string;
  box: SecretBox;
  /** A connection that only subscribes. */
  subscriber: Redis;
  deliverWebhook: DeliverWebhook;
  /** Acknowledges for the holder of a link; null if nothing can be acknowledged. */
  acknowledge: Acknowledge | null;
  /** Whether incidents are evaluated with fresh data; otherwise the outgoing heartbeat stays away. */
  isAlive(): boolean;
};

const defaultPagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";

function createParts(core: NotificationsCore, needs: NotificationsNeeds) {
  const { database, redis, changes, clock, log, config } = core;
  const { box, secretKey, redisUrl, subscriber, deliverWebhook } = needs;
  const { smtp } = config.notifications;
  const consoleUrl = consoleUrlOf(config);
  const urlOf = (slug: string, path: string) => `${consoleUrl}/o/${slug}/${path}`;
  const filter = createAddressFilter(config.webhooks.allowAddresses);
  const post = createPost(filter);
  const keys = vapidKeysOf(secretKey);
  // Push services want to know whom to ask about misuse.
  const subject = consoleUrl.startsWith("https:") ? consoleUrl : "mailto:wheelhouse@localhost.invalid";
  const outlets = createOutlets({
    post,
    push: createPush({ keys, subject, post }),
    // The operator names the mail server, which is usually in the private network.
    mailer: smtp ? createMailer(smtp, createServerFilter(config.webhooks.allowAddresses)) : null,
    deliverWebhook,
    pagerDutyUrl: config.notifications.pagerDutyUrl ?? defaultPagerDutyUrl,
    mailDomain: new URL(consoleUrl).hostname,
    clock,
  });
  const sendsMail = smtp !== undefined;
  return {
    urlOf,
    filter,
    post,
    outlets,
    sendsMail,
    vapidPublicKey: keys.publicKey,
    links: createLinks({ secretKey, publicUrl: consoleUrl }),
    targets: createTargets(database, box),
    channelStore: createChannelStore(database, box),
    store: createNotificationStore(database),
    bell: createBell({ database, redis, redisUrl, subscriber, log }),
    settings: createSettings({ database, changes, box, filter, sendsMail, clock }),
  };
}
type Parts = ReturnType<typeof createParts>;

function notificationRoutes(
  api: FastifyInstance,
  { bell, log }: { bell: Parts["bell"]; log: ReturnType<typeof createNotificationLog> },
) {
  route(api, readBell, (_, context) => bell.read(context.organization.id, personOf(context)));
  route(api, markBellRead, ({ body }, context) =>
    bell.markRead(context.organization.id, personOf(context), body.upTo),
  );
  route(api, listNotifications, ({ query }, { organization }) => log.list(query, organization.id));
}

/** Sends until it is drained: e-mail as it rings, everything else as it is swept. */
function startSending(core: NotificationsCore, needs: NotificationsNeeds, parts: Parts): Running {
  const { database, redis, clock, log } = core;
  const { store, targets, outlets, bell, links, urlOf, sendsMail, post } = parts;
  const { box, redisUrl, isAlive } = needs;
  const sender = createSender({
    store,
    targets,
    outlets,
    fallbacks: createFallbacks({ database, sendsMail, clock }),
    bell,
    links,
    box,
    urlOf,
    clock,
    log,
  });
  const queue = createMailQueue(redis, log);
  const connection = createRedis({ url: redisUrl, name: "wheelhouse-email-worker", log, blocking: true });
  const worker = startMailWorker(connection, sender.deliver, log);
  const sweeper = startSweeper({
    router: createRouter({ database, sendsMail, clock }),
    sender,
    store,
    digests: createDigests({ database, clock }),
    heartbeats: createHeartbeats({ database, box, post, isAlive, clock }),
    queue,
    clock,
    log,
  });
  return {
    async drain() {
      await Promise.all([sweeper.drain(), worker.drain()]);
    },
    async stop() {
      await worker.stop();
      await queue.close().catch(() => {});
      connection.disconnect();
      outlets.close();
    },
  };
}

/** Who is called about an incident, over what, and what became of it. */
export function createNotifications(core: NotificationsCore, needs: NotificationsNeeds) {
  const { database, changes, clock } = core;
  const parts = createParts(core, needs);
  const { channelStore, targets, outlets, filter, sendsMail, urlOf, bell, links, store, settings } = parts;
  const trial = createTrial({ targets, outlets, changes, urlOf, clock });
  const channels = createChannelService({ store: channelStore, changes, filter, trial });
  const contacts = createContacts({ store: channelStore, changes, filter, trial, sendsMail });
  const log = createNotificationLog(database);
  const routing = {
    teams: createTeams({ changes, clock }),
    onCall: createOnCall({ database, sendsMail, clock }),
    mine: createMine({
      database,
      changes,
      contactsOf: async (tx, organizationId, userId) =>
        (await channelStore.contacts(tx, organizationId, userId)).map(contactView),
      personOf,
      sendsMail,
      vapidPublicKey: parts.vapidPublicKey,
    }),
  };
  const feature = {
    routes(api) {
      notificationRoutes(api, { bell, log });
      channelsRoutes(api, { channels, contacts, settings });
      routingRoutes(api, routing);
    },
    mount(app) {
      mountAcknowledgePage(app, { database, links, acknowledge: needs.acknowledge, urlOf, clock });
    },
    jobs: [{ name: "old notifications", on: "retention", run: store.forget }],
    processes: [{ in: ["worker"], start: async () => startSending(core, needs, parts) }],
  } satisfies Feature;
  return {
    ...feature,
    /** Hands new items of the bell to the sockets of this process. */
    follow: bell.follow,
  };
}
