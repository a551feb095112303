import { z } from "zod";
import type { AuditEvent } from "./audit.ts";
import type { BreakerList, BreakerRow } from "./breakers.ts";
import type { CacheList, CacheRow } from "./caches.ts";
import type { Capability } from "./capabilities.ts";
import type { HealthList, ServiceRow } from "./health.ts";
import type { Overview } from "./overview.ts";
import type { QueueList, QueueRow } from "./queues.ts";
import type { ReplayRun } from "./webhook-replays.ts";
import type { Delivery } from "./webhooks.ts";

/**
 * Live updates over socket.io (path `/live`, WebSocket only). The handshake carries the session cookie and
 * `auth: { organization: <slug or id> }`. Commands never travel here; a client only subscribes.
 *
 * Status topics (`overview`, `health`, `breakers`, `caches`, `queues`) send the whole on subscribing, then what changed at each tick with a
 * sequence number that rises by one; a client that sees a gap subscribes again. Lists (`webhooks`,
 * `replays`, `audit`) send at most one message a second with the newest heads and how many there were.
 */
export const topicCapability = {
  overview: "overview:read",
  health: "health:read",
  breakers: "breakers:read",
  caches: "cache:read",
  queues: "queues:read",
  webhooks: "webhooks:read",
  replays: "webhooks:read",
  audit: "audit:read",
} as const satisfies Record<string, Capability>;

export type Topic = keyof typeof topicCapability;
export const topic = z.enum([
  "overview",
  "health",
  "breakers",
  "caches",
  "queues",
  "webhooks",
  "replays",
  "audit",
]);

export type Heads<T> = {
  /** Rows created since the last message. */
  newCount: number;
  /** New and changed rows, newest first, at most 50; the rest is only counted. */
  heads: T[];
  sentAt: string;
};

export type Snapshot<Whole> = { seq: number; sentAt: string; data: Whole };

export type Changes<Row> = {
  seq: number;
  observedAt: string;
  intervalMs: number;
  /** Rows that differ from the last tick, whole. Rows not named are unchanged. */
  changed: Row[];
  removed: string[];
};
export type QueueChanges = Changes<QueueRow>;

/** `observedAt` inside the payload tells the age of the data; `sentAt` lets a client correct its clock. */
export type ServerToClientEvents = {
  "overview:snapshot": (message: Snapshot<Overview>) => void;
  "health:snapshot": (message: Snapshot<HealthList>) => void;
  "health:changes": (message: Changes<ServiceRow>) => void;
  "breakers:snapshot": (message: Snapshot<BreakerList>) => void;
  "breakers:changes": (message: Changes<BreakerRow>) => void;
  "caches:snapshot": (message: Snapshot<CacheList>) => void;
  "caches:changes": (message: Changes<CacheRow>) => void;
  "queues:snapshot": (message: Snapshot<QueueList>) => void;
  "queues:changes": (message: QueueChanges) => void;
  "webhooks:heads": (message: Heads<Delivery>) => void;
  "replays:heads": (message: Heads<ReplayRun>) => void;
  "audit:heads": (message: Heads<AuditEvent>) => void;
  /** The collector has been silent for 3 ticks; the next snapshot or changes end it. */
  "collector:lost": (message: { lastObservedAt: string | null; sentAt: string }) => void;
};

export type SubscribeReply =
  | { ok: true }
  | { ok: false; code: "forbidden" | "validation_failed"; message: string };

export type ClientToServerEvents = {
  subscribe: (topic: Topic, reply: (result: SubscribeReply) => void) => void;
  unsubscribe: (topic: Topic) => void;
};
