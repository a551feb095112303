import type { Logger } from "pino";
import type { Events } from "#lib/events.ts";
import type { Running } from "#lib/feature.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { AttemptStore, Doorbell } from "../delivery/delivery.ts";
import type { OrderingStore } from "./store.ts";

export { createOrderActs, type OrderActs } from "./acts.ts";
export { createOrderingStore } from "./store.ts";

/** Keys that are looked at in one statement. */
const keysAtOnce = 500;
/** For so long after the last work, each change is looked at at once. */
const attentiveMs = 60_000;

type OrderingOptions = {
  store: Pick<OrderingStore, "release">;
  doorbell: Pick<Doorbell, "pass">;
  events: Pick<Events, "on">;
  everyMs: number;
  clock: Clock;
  log: Logger;
};

/**
 * Lets the next delivery of each key go once the one before it has ended. What is to be done stands in Postgres; a
 * message about a change only makes it sooner.
 */
export function createOrdering({ store, doorbell, events, everyMs, clock, log }: OrderingOptions) {
  let attentiveUntilMs = 0;
  let current: Promise<void> | undefined;
  let isAsked = false;
  let isFailing = false;

  async function release(): Promise<void> {
    try {
      for (;;) {
        isAsked = false;
        const released = await store.release(clock.now(), keysAtOnce);
        if (released.length > 0) attentiveUntilMs = clock.now() + attentiveMs;
        await doorbell.pass(released);
        if (released.length === 0 && !isAsked) break;
      }
      isFailing = false;
    } catch (err) {
      if (!isFailing) log.warn({ err }, "could not let ordered deliveries go; they are tried again");
      isFailing = true;
    }
  }

  function look(): void {
    isAsked = true;
    current ??= release().finally(() => {
      current = undefined;
    });
  }

  /** Something may have ended. Without ordered deliveries it costs nothing. */
  const hint = () => {
    if (clock.now() < attentiveUntilMs) look();
  };

  return {
    /** Ordered deliveries were stored, or a key was skipped. */
    changed() {
      attentiveUntilMs = clock.now() + attentiveMs;
      look();
    },

    /** The same store, which looks at the keys as soon as outcomes are committed. */
    watching(attempts: AttemptStore): AttemptStore {
      const finish: AttemptStore["finish"] = async (outcomes) => {
        const stored = await attempts.finish(outcomes);
        hint();
        return stored;
      };
      return Object.assign({}, attempts, { finish });
    },

    /** Looks at the keys regularly, and when deliveries change. */
    start(): Running {
      const off = events.on("deliveries.changed", hint);
      const timer = setInterval(look, everyMs).unref();
      return {
        async drain() {
          off();
          clearInterval(timer);
          await current;
        },
        stop: async () => {},
      };
    },
  };
}
