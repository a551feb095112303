import type { OtherQueueRow, QueueRow } from "@wheelhouse/shared/queues.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedQueue = QueueRow & { organization: string };

/** A queue in one sample; `since` is settled over several samples. */
export type QueueReading = Omit<QueueRow, "since">;
/** Placeholder of a queue whose figures cannot be read; its row says `isUnread`. */
export const unreadCounts: QueueReading["counts"] = {
  waiting: 0,
  prioritized: 0,
  active: 0,
  delayed: 0,
  waitingChildren: 0,
  failed: 0,
  completed: 0,
};
export type QueuesReading = {
  queues: QueueReading[];
  hosts: WorkerHost[];
  /** Queues of other systems, and how many more there are. */
  others?: { items: OtherQueueRow[]; more: number };
  /** Why not all queues can be found, in the server's own words; null if they can. */
  undiscovered?: string | null;
};
/** A machine and its number of workers by queue id. */
export type WorkerHost = { host: string; workers: Record<string, number> };

/** Details of the servers that were read, by server id. */
export type QueuesExtra = {
  /** When the server's queues were last read. */
  observedAt: Record<string, string | null>;
  hosts: Record<string, WorkerHost[]>;
  /** Queues of other systems. */
  others?: Record<string, { items: OtherQueueRow[]; more: number }>;
  /** Why not all queues of a server can be found. */
  undiscovered?: Record<string, { cause: string; since: string }>;
};

export const queueRows = aspectKey<ObservedQueue, QueuesExtra>("queues");

/** The queues of one Redis server. `sample` rejects when the server is unreachable. */
export type SampledQueues = {
  sourceId: string;
  /** How long a sample may take before the server counts as not responding; 2 s if absent. */
  timeoutMs?: number;
  /** Slug of the organization that owns a queue. */
  organizationOf(queue: QueueReading): string;
  sample(): Promise<QueuesReading>;
};
