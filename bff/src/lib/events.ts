import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "./channel.ts";

/** Changed rows of an organization's list: at most 50 ids, newest change last, and the number of new rows. */
export type RowsChanged = { organizationId: string; ids: readonly string[]; created: number };

export const mostChangedIds = 50;

/** Events between parts of the product, across processes; each is emitted after the commit. */
export type EventMap = {
  "audit.committed": RowsChanged;
  "deliveries.changed": RowsChanged;
  "events.changed": RowsChanged;
  "replays.changed": RowsChanged;
  "incidents.changed": RowsChanged;
  "jobRuns.changed": RowsChanged;
};
export type EventName = keyof EventMap;

export type Events = {
  /** Records a change. Listeners in all processes run within 250 ms, once for all changes in that time. */
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void;
  /**
   * Listens to events from any process. An error in one listener is logged and does not affect the others.
   * @returns how to unsubscribe.
   */
  on<Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void): () => void;
};

const coalesceMs = 250;
const rowsChanged: z.ZodType<RowsChanged> = z.object({
  organizationId: z.string().max(100),
  ids: z.array(z.string().max(100)).max(mostChangedIds),
  created: z.number().int().nonnegative(),
});

/**
 * Hints that data has changed: coalesced, and lost while Redis or a process is down. They carry ids rather
 * than rows, because access is checked on reading. Required work must be a row for a sweeper, never an
 * event.
 */
export function createEvents({ subscribe, log }: { subscribe: Subscribe; log: Logger }) {
  let timer: NodeJS.Timeout | undefined;

  const open = <Event>(topic: EventName, message: z.ZodType<Event>) => {
    const listeners = new Set<(event: Event) => void>();
    const tell = (event: Event) => {
      for (const listener of listeners)
        try {
          listener(event);
        } catch (err) {
          log.error({ err, event: topic }, "an event listener failed");
        }
    };
    return {
      listeners,
      tell,
      changes: createRowChanges(),
      channel: subscribe({ topic, message, onMessage: tell }),
    };
  };
  const opened = {
    "audit.committed": open("audit.committed", rowsChanged),
    "deliveries.changed": open("deliveries.changed", rowsChanged),
    "events.changed": open("events.changed", rowsChanged),
    "replays.changed": open("replays.changed", rowsChanged),
    "incidents.changed": open("incidents.changed", rowsChanged),
    "jobRuns.changed": open("jobRuns.changed", rowsChanged),
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const { changes, channel, tell } of Object.values(opened))
      for (const change of changes.takeAll()) {
        channel.publish(change);
        tell(change);
      }
  };
  const events: Events = {
    emit(name, event) {
      opened[name].changes.add(event);
      timer ??= setTimeout(flush, coalesceMs).unref();
    },
    on(name, listener) {
      opened[name].listeners.add(listener);
      return () => {
        opened[name].listeners.delete(listener);
      };
    },
  };
  return { events, /** Sends waiting events before the process exits. */ flush };
}

/** Collects list changes per organization until they are taken: the newest 50 ids, with the rest only counted. */
export function createRowChanges() {
  const waiting = new Map<string, { ids: Set<string>; created: number }>();

  const take = (organizationId: string): RowsChanged | null => {
    const changes = waiting.get(organizationId);
    if (!changes) return null;
    waiting.delete(organizationId);
    return { organizationId, ids: [...changes.ids], created: changes.created };
  };

  return {
    add({ organizationId, ids, created }: RowsChanged) {
      const changes = waiting.get(organizationId) ?? { ids: new Set(), created: 0 };
      changes.created += created;
      for (const id of ids) {
        changes.ids.delete(id);
        changes.ids.add(id);
      }
      for (const oldest of changes.ids) {
        if (changes.ids.size <= mostChangedIds) break;
        changes.ids.delete(oldest);
      }
      waiting.set(organizationId, changes);
    },
    organizations: () => [...waiting.keys()],
    /** The changes since the last call, or null. */
    take,
    takeAll: (): RowsChanged[] => [...waiting.keys()].flatMap((organizationId) => take(organizationId) ?? []),
    forget(organizationId: string) {
      waiting.delete(organizationId);
    },
  };
}
