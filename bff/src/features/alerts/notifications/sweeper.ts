import type { Logger } from "pino";
import type { Running } from "#lib/feature.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { MailQueue } from "./queue.ts";
import type { Router } from "./router.ts";
import type { Sender } from "./sender.ts";
import type { NotificationStore } from "./store.ts";

const everyMs = 500;
const rareEveryMs = 5_000;
const atOnce = 16;
const mostDue = 200;
const mailGraceMs = 3_000;
const freshMs = 30_000;

type SweeperDeps = {
  router: Pick<Router, "run">;
  sender: Pick<Sender, "deliver">;
  store: Pick<NotificationStore, "due" | "freshMails" | "recover">;
  digests: { run(): Promise<unknown> };
  heartbeats: { run(): Promise<unknown> };
  queue: Pick<MailQueue, "ring">;
  clock: Clock;
  log: Logger;
};

/** Sends what is due, some at a time. */
function createSending({
  sender,
  store,
  clock,
  log,
}: Pick<SweeperDeps, "sender" | "store" | "clock" | "log">) {
  const sending = new Map<string, Promise<void>>();
  let isStopping = false;
  let onRoom: (() => void) | undefined;

  function deliver(id: string) {
    const done = sender
      .deliver(id)
      .catch((err: unknown) => log.warn({ err }, "a notification could not be handled"))
      .finally(() => {
        sending.delete(id);
        onRoom?.();
      });
    sending.set(id, done);
  }

  return {
    async run() {
      for (const id of await store.due(new Date(clock.now()), mostDue, mailGraceMs)) {
        if (sending.has(id)) continue;
        while (sending.size >= atOnce && !isStopping)
          await new Promise<void>((resolve) => {
            onRoom = resolve;
          });
        if (isStopping) return;
        deliver(id);
      }
    },
    refuse() {
      isStopping = true;
      onRoom?.();
    },
    async finished() {
      await Promise.allSettled([...sending.values()]);
    },
  };
}

/**
 * Looks twice a second for what is to be routed, escalated and sent. Each row is taken by one process of the cluster, so
 * that any number of them may sweep.
 */
export function startSweeper(deps: SweeperDeps): Running {
  const { router, store, digests, heartbeats, queue, clock, log } = deps;
  const sending = createSending(deps);
  let isStopping = false;
  let rareAtMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const attempt = async (what: string, run: () => Promise<unknown>) => {
    await run().catch((err: unknown) => log.warn({ err, what }, "notifications could not be swept"));
  };

  async function ringMails() {
    const nowMs = clock.now();
    await queue.ring(await store.freshMails(new Date(nowMs - freshMs), new Date(nowMs), mostDue));
  }

  async function sweep() {
    await attempt("route", router.run);
    await attempt("mail", ringMails);
    await attempt("send", sending.run);
    if (clock.now() - rareAtMs < rareEveryMs) return;
    rareAtMs = clock.now();
    await attempt("recover", () => store.recover(new Date(clock.now())));
    await attempt("digest", digests.run);
    await attempt("heartbeat", heartbeats.run);
  }

  let running: Promise<void> = Promise.resolve();
  const next = () => {
    running = sweep().finally(() => {
      if (!isStopping) timer = setTimeout(next, everyMs);
    });
  };
  next();
  return {
    async drain() {
      isStopping = true;
      clearTimeout(timer);
      sending.refuse();
      await running;
      await sending.finished();
    },
    stop: async () => {},
  };
}
