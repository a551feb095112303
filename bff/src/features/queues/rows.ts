import type { QueueRow } from "@wheelhouse/shared/queues.ts";
import { aspectKey } from "#observe/aspect.ts";

export type ObservedQueue = QueueRow & { organization: string };

/** A queue in one sample; since when it is so is settled over several. */
export type QueueReading = Omit<QueueRow, "since">;
export type QueuesReading = { queues: QueueReading[]; hosts: WorkerHost[] };
/** A machine with the number of workers per queue id. */
export type WorkerHost = { host: string; workers: Record<string, number> };

/** Of the Redis servers that were read, by id of the server. */
export type QueuesExtra = {
  /** When its queues were read last. */
  observedAt: Record<string, string | null>;
  hosts: Record<string, WorkerHost[]>;
};

export const queueRows = aspectKey<ObservedQueue, QueuesExtra>("queues");

/** The queues of one Redis server. `sample` rejects when it could not be asked. */
export type SampledQueues = {
  sourceId: string;
  /** Slug of the organization that owns a queue. */
  organizationOf(queue: QueueReading): string;
  sample(): Promise<QueuesReading>;
};
