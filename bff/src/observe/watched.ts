import type { SourceView } from "@wheelhouse/shared/health.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import type { BreakerState } from "@wheelhouse/shared/webhooks.ts";
import type { Board } from "#observe/board.ts";
import type { BadFile } from "#observe/sources-watch.ts";
import type { ObservedBreaker, ObservedCache, ObservedRedisDetail, ObservedService } from "#observe/tick.ts";

/** What a server said of itself in one sample, judged by its own thresholds. */
export type ServerReading = {
  roundTripMs: number;
  state: "ok" | "degraded";
  cause: string | null;
} & (
  | { kind: "redis"; figures: NonNullable<SourceView["redis"]> }
  | { kind: "postgres"; figures: NonNullable<SourceView["postgres"]> }
);

/** A queue in one sample; the collector adds since when it is so. */
export type QueueReading = Omit<QueueRow, "since">;
export type QueuesReading = {
  queues: QueueReading[];
  hosts: WorkerHost[];
};
/** A machine with the number of workers per queue id. */
export type WorkerHost = { host: string; workers: Record<string, number> };

/** Webhook delivery of one organization, over the last minute unless told. */
export type WebhookFigures = {
  endpoints: number;
  pending: number;
  deadLetters: number;
  /** Attempts that ended, per second. */
  attemptsPerSecond: number | null;
  /** 0–1 of the attempts; null when there was none. */
  errorRatio: number | null;
  durationMsP95: number | null;
  deliveredPerSecond: number | null;
  /** 0–1 of the deliveries completed in the last hour; null when there was none. */
  firstAttemptSuccessRatio: number | null;
  breakers: readonly {
    endpointId: string;
    name: string;
    state: BreakerState;
    since: string | null;
    nextProbeAt: string | null;
    /** 0–1 over the last minute; null when nothing was tried. */
    failureRatio: number | null;
    attemptsPerMinute: number;
    failedPerMinute: number;
  }[];
};

export type Change = Overview["recentChanges"][number];
export type OrganizationKey = { id: string; slug: string };

/**
 * Everything the collector asks. `organization` is the slug of the organization that owns a source. Each function
 * rejects when it could not ask; none may take longer than its own time-out. The lists of servers and queues are live:
 * their entries change with the catalogue, and one that stays keeps its identity.
 */
export type Watched = {
  servers: {
    id: string;
    name: string;
    kind: SourceView["kind"];
    organization: string;
    sample(): Promise<ServerReading>;
  }[];
  queues: {
    sourceId: string;
    organizationOf(queue: QueueReading): string;
    sample(): Promise<QueuesReading>;
  }[];
  /** What services report of themselves: looked at in each tick, before the boards. Never rejects. */
  reports: { poke(): Promise<void> };
  boards: {
    services?: Board<ObservedService>;
    breakers?: Board<ObservedBreaker>;
    caches?: Board<ObservedCache>;
    redisDetails?: Board<ObservedRedisDetail>;
  };
  organizations(): Promise<OrganizationKey[]>;
  /** What is wrong with the list of what is watched; null while it is good. */
  badFile(): BadFile | null;
  /** By organization id. */
  webhooks(organizationIds: readonly string[]): Promise<ReadonlyMap<string, WebhookFigures>>;
  /** Newest acts by organization id, from the audit trail, newest first. */
  recentActs(organizationIds: readonly string[]): Promise<ReadonlyMap<string, readonly Change[]>>;
};
