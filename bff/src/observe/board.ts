import type { ObservedQueue, ObservedServer, Tick } from "#observe/tick.ts";

/** What this tick has seen before the boards are asked. */
export type Seen = {
  nowMs: number;
  /** Not for a replica that looks for itself, to serve and push only. */
  leads?: boolean;
  servers: readonly ObservedServer[];
  queues: readonly ObservedQueue[];
  webhooks: Tick["webhooks"];
  organizations: Tick["organizations"];
};

/**
 * What a feature observes in a rhythm of its own, and the collector takes into each tick. Rows that did not change
 * keep their identity, so that nothing is encoded twice.
 */
export type Board<Row> = {
  /** Takes over what the last observer knew, so that `since` and counts survive a change of leader. */
  adopt(rows: readonly Row[]): void;
  /** Starts what is due and waits for nothing. @returns the newest rows and the changes of state since the last call. */
  observe(seen: Seen): { rows: Row[]; changes: Tick["changes"] };
  /** Another process observes now: lets go of what runs. */
  rest(): void;
};
