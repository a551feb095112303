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

/**
 * Looks twice a second for what is to be routed, escalated and sent. Each row is taken by one process of the cluster, so
 * that any number of them may sweep.
 */
export function startSweeper(deps: {
  router: Pick<Router, "run">;
  sender: Pick<Sender, "deliver">;
  store: Pick<NotificationStore, "due" | "freshMails" | "recover">;
  digests: { run(): Promise<unknown> };
  heartbeats: { run(): Promise<unknown> };
  queue: Pick<MailQueue, "ring">;
  clock: Clock;
  log: Logger;
}): Running {
  const { router, sender, store, digests, heartbeats, queue, clock, log } = deps;
  let isStopping = false;
  let rareAtMs = 0;
  const sending = new Set<string>();
  const work = new Set<Promise<void>>();
  let again: (() => void) | undefined;

  const attempt = async (what: string, run: () => Promise<unknown>) => {
    await run().catch((err: unknown) => log.warn({ err, what }, "notifications could not be swept"));
  };

  function deliver(id: string) {
    sending.add(id);
    const done = sender
      .deliver(id)
      .catch((err: unknown) => log.warn({ err }, "a notification could not be handled"))
      .finally(() => {
        sending.delete(id);
        work.delete(done);
        again?.();
      });
    work.add(done);
  }

  async function sendDue() {
    const ids = await store.due(new Date(clock.now()), mostDue, mailGraceMs);
    for (const id of ids) {
      if (sending.has(id)) continue;
      while (sending.size >= atOnce && !isStopping)
        await new Promise<void>((resolve) => {
          again = resolve;
        });
      if (isStopping) return;
      deliver(id);
    }
  }

  async function ringMails() {
    const nowMs = clock.now();
    await queue.ring(await store.freshMails(new Date(nowMs - freshMs), new Date(nowMs), mostDue));
  }

  async function sweep() {
    await attempt("route", () => router.run());
    await attempt("mail", ringMails);
    await attempt("send", sendDue);
    if (clock.now() - rareAtMs < rareEveryMs) return;
    rareAtMs = clock.now();
    await attempt("recover", () => store.recover(new Date(clock.now())));
    await attempt("digest", () => digests.run());
    await attempt("heartbeat", () => heartbeats.run());
  }

  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    if (isStopping) return;
    running = sweep().finally(() => {
      if (!isStopping) timer = setTimeout(next, everyMs);
    });
  };
  next();
  return {
    async drain() {
      isStopping = true;
      clearTimeout(timer);
      again?.();
      await running;
      await Promise.allSettled([...work]);
    },
    stop: async () => {},
  };
}
