import { z } from "zod";
import type { AuditEvent } from "./audit.ts";
import type { Capability } from "./capabilities.ts";
import type { Overview } from "./health.ts";
import type { QueueList, QueueRow } from "./queues.ts";
import type { Delivery } from "./webhooks.ts";

/**
 * Live updates over socket.io (path `/live`, WebSocket only). The handshake carries the session cookie and
 * `auth: { organization: <slug or id> }`. Commands never travel here; a client only subscribes.
 *
 * Status topics (`overview`, `queues`) send the whole on subscribing, then what changed at each tick with a
 * sequence number that rises by one; a client that sees a gap subscribes again. Lists (`webhooks`, `audit`)
 * send at most one message a second with the newest heads and how many there were.
 */
export const topicCapability = {
  overview: "overview:read",
  queues: "queues:read",
  webhooks: "webhooks:read",
  audit: "audit:read",
} as const satisfies Record<string, Capability>;

export type Topic = keyof typeof topicCapability;
export const topic = z.enum(["overview", "queues", "webhooks", "audit"]);

export type Heads<T> = {
  /** Rows created since the last message. */
  newCount: number;
  /** New and changed rows, newest first, at most 50; the rest is only counted. */
  heads: T[];
  sentAt: string;
};

export type QueueChanges = {
  seq: number;
  observedAt: string;
  intervalMs: number;
  /** Rows that differ from the last tick, whole. Rows not named are unchanged and as old as `observedAt`. */
  changed: QueueRow[];
  removed: string[];
};

/** `observedAt` inside the payload tells the age of the data; `sentAt` lets a client correct its clock. */
export type ServerToClientEvents = {
  "overview:snapshot": (message: { seq: number; sentAt: string; data: Overview }) => void;
  "queues:snapshot": (message: { seq: number; sentAt: string; data: QueueList }) => void;
  "queues:changes": (message: QueueChanges) => void;
  "webhooks:heads": (message: Heads<Delivery>) => void;
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
