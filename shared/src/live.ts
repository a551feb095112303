import { auditTopic } from "./audit/audit.ts";
import { breakerTopic } from "./breakers.ts";
import { cacheTopic } from "./caches/caches.ts";
import { serviceTopic } from "./health/health.ts";
import { defineTopics } from "./live/topic.ts";
import { overviewTopic } from "./overview.ts";
import { queueTopic } from "./queues.ts";
import { replayTopic } from "./webhooks/replays.ts";
import { deliveryTopic } from "./webhooks/webhooks.ts";

/**
 * Live updates over socket.io (path `/live`, WebSocket only). The handshake carries the session cookie and
 * `auth: { organization: <slug or id> }`. Commands never travel here; a client only subscribes. A message is
 * an event named after its topic with one binary payload, see `live/message.ts`. Topics of rows and of one
 * object send the whole on subscribing, then the changed fields at each tick with a sequence number that
 * rises by one; a client that sees a gap subscribes again. Topics of heads send at most one message a second
 * with the newest rows and their number.
 */
export const topics = defineTopics({
  overview: overviewTopic,
  health: serviceTopic,
  breakers: breakerTopic,
  caches: cacheTopic,
  queues: queueTopic,
  webhooks: deliveryTopic,
  replays: replayTopic,
  audit: auditTopic,
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
