import type { Logger } from "pino";
import { z } from "zod";
import type { Subscribe } from "./channel.ts";

/** Changed rows of an organization's list, newest change last: at most 50 ids, and how many of the rows are new. */
export type RowsChanged = { organizationId: string; ids: readonly string[]; created: number };

export const mostChangedIds = 50;

/** Events between parts of the product, in every process. All are emitted after the commit. */
export type EventMap = {
  "audit.committed": RowsChanged;
  "deliveries.changed": RowsChanged;
  "replays.changed": RowsChanged;
};
export type EventName = keyof EventMap;

export type Events = {
  /** Records a change. Listeners in all processes are called within 250 ms, once for all changes in that time. */
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void;
  /**
   * Calls back for events of any process. Errors of a listener are logged and stop no other.
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
 * Hints that something can be read again: coalesced, and lost while Redis or a process is away. They carry ids, never
 * rows, because access is decided on reading. Work that must happen is a row for a sweeper, never an event.
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
          log.error({ err, event: topic }, "a listener of an event failed");
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
    "replays.changed": open("replays.changed", rowsChanged),
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
  return { events, /** Sends what waits, at the end of a process. */ flush };
}

/** Gathers changes of lists per organization until they are taken: the newest 50 ids, the rest is only counted. */
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
    /** What came since the last call; null when nothing did. */
    take,
    takeAll: (): RowsChanged[] => [...waiting.keys()].flatMap((organizationId) => take(organizationId) ?? []),
    forget(organizationId: string) {
      waiting.delete(organizationId);
    },
  };
}
