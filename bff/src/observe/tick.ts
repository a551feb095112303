import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import type { CacheRow, RedisDetail } from "@wheelhouse/shared/caches.ts";
import type { ServiceRow, SourceView } from "@wheelhouse/shared/health.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import type { BadFile } from "#observe/sources-watch.ts";
import type { Change, OrganizationKey, WebhookFigures, WorkerHost } from "#observe/watched.ts";

/** A figure that is read less often than every tick, with its own age. */
export type Dated<T> = { value: T; observedAt: string | null; failing: boolean };

export type ObservedServer = SourceView & { organization: string };
export type ObservedQueue = QueueRow & { organization: string };
export type ObservedService = ServiceRow & { organization: string };
export type ObservedBreaker = BreakerRow & { organization: string };
export type ObservedCache = CacheRow & { organization: string };
export type ObservedRedisDetail = RedisDetail & { organization: string };

/**
 * All that was observed in one tick, over all organizations: what the leader publishes and every replica serves.
 * Plain JSON.
 */
export type Tick = {
  version: 1;
  /** Who observed it. */
  observer: string;
  /** Rises with each new leader; 0 when a replica observed for itself. */
  term: number;
  observedAt: string;
  intervalMs: number;
  servers: ObservedServer[];
  queues: ObservedQueue[];
  services: ObservedService[];
  breakers: ObservedBreaker[];
  caches: ObservedCache[];
  redisDetails: ObservedRedisDetail[];
  /** When the queues of each source were read last. */
  queuesObservedAt: Record<string, string | null>;
  hosts: Record<string, WorkerHost[]>;
  organizations: OrganizationKey[];
  webhooks: Dated<Record<string, WebhookFigures>>;
  /** Since when dead letters wait, by organization id, as far as it was seen; absent where none waits. */
  deadLettersSince: Record<string, string>;
  acts: Record<string, readonly Change[]>;
  /** The leader's list of watched sources, while its last edit is bad. */
  badFile?: BadFile;
  /** Changes of state that this tick saw, by organization slug. */
  changes: { organization: string; change: Change; subject: string }[];
};
