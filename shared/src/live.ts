import * as incidents from "./alerts/incidents.ts";
import * as notifications from "./alerts/notifications.ts";
import * as audit from "./audit/audit.ts";
import * as breakers from "./breakers.ts";
import * as caches from "./caches/caches.ts";
import * as health from "./health/health.ts";
import { defineTopics } from "./live/topic.ts";
import * as overview from "./overview.ts";
import * as jobRuns from "./queues/runs.ts";
import * as schedules from "./queues/schedules.ts";
import * as queues from "./queues.ts";
import * as webhookEvents from "./webhooks/events.ts";
import * as replays from "./webhooks/replays.ts";
import * as webhooks from "./webhooks/webhooks.ts";

/** The contracts that declare a topic; their endpoints are listed with those of the others in `endpoints.ts`. */
export const liveContracts = [
  overview,
  health,
  breakers,
  caches,
  queues,
  schedules,
  jobRuns,
  webhooks,
  webhookEvents,
  replays,
  incidents,
  audit,
  notifications,
] as const;

/**
 * Live updates over socket.io (path `/live`, WebSocket only). The handshake carries the session cookie and
 * `auth: { organization: <slug or id> }`. Commands never travel here; a client only subscribes. A message is
 * an event named after its topic with one binary payload, see `live/message.ts`. Topics of rows and of one
 * object send the whole on subscribing, then the changed fields at each tick with a sequence number that
 * rises by one; a client that sees a gap subscribes again. Topics of heads send at most one message a second
 * with the newest rows and their number.
 */
export const topics = defineTopics({
  overview: overview.overviewTopic,
  health: health.serviceTopic,
  breakers: breakers.breakerTopic,
  caches: caches.cacheTopic,
  queues: queues.queueTopic,
  schedules: schedules.scheduleTopic,
  jobRuns: jobRuns.jobRunTopic,
  webhooks: webhooks.deliveryTopic,
  events: webhookEvents.eventTopic,
  replays: replays.replayTopic,
  alerts: incidents.incidentTopic,
  audit: audit.auditTopic,
  notifications: notifications.bellTopic,
});

export type Topic = keyof typeof topics;

const isTopic = (name: string): name is Topic => Object.hasOwn(topics, name);
/** All topics by name. */
export const topicNames: readonly Topic[] = Object.keys(topics).filter(isTopic);

/** The collector has been silent for 3 ticks; the next snapshot or changes end this state. */
export type CollectorLost = { lastObservedAt: string | null; sentAt: string };

export type ServerToClientEvents = { [Name in Topic]: (message: Uint8Array) => void } & {
  "collector:lost": (message: CollectorLost) => void;
};

export type SubscribeReply =
  | { ok: true }
  | { ok: false; code: "forbidden" | "validation_failed"; message: string };

export type ClientToServerEvents = {
  subscribe: (topic: string, reply: (result: SubscribeReply) => void) => void;
  unsubscribe: (topic: string) => void;
};
