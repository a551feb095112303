import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../program.ts";

const postTimeoutMs = 10_000;
const waitingLimit = 500;
const longestPauseMs = 60_000;

/** An outgoing event; headers are built again for each try, because a signature contains the time. */
export type OutgoingEvent = { body: string; headers: (now: Date) => Record<string, string> };

type Outcome = { done: true; refused?: number } | { done: false; pauseMs: number | null; why: string };

const retryAfterMs = (response: Response): number | null => {
  const value = response.headers.get("retry-after");
  if (value === null) return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestPauseMs) : null;
};

const post = async (url: string, event: OutgoingEvent): Promise<Outcome> => {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...event.headers(new Date()) },
      body: event.body,
      signal: AbortSignal.timeout(postTimeoutMs),
    });
    await response.arrayBuffer();
    if (response.ok) return { done: true };
    if (response.status === 429 || response.status >= 500) {
      return { done: false, pauseMs: retryAfterMs(response), why: `status ${response.status}` };
    }
    return { done: true, refused: response.status };
  } catch (error) {
    return { done: false, pauseMs: null, why: String(error) };
  }
};

/**
 * Posts events to one intake in order, one at a time. An event that the intake cannot accept now (429, 5xx, no answer)
 * is sent again after `Retry-After`, otherwise after 1, 2, 4 … 60 s; at most 500 wait, then the oldest is dropped.
 */
export const createSender = (url: string, log: Log) => {
  const waiting: OutgoingEvent[] = [];
  const stopping = new AbortController();
  let wake: () => void = () => {};
  let sent = 0;
  let dropped = 0;

  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const event = waiting[0];
      if (!event) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const outcome = await post(url, event);
      if (outcome.done) {
        failures = 0;
        // The oldest may have been dropped while this one was being sent.
        if (waiting[0] === event) waiting.shift();
        if (outcome.refused !== undefined) log(`${url} refused an event with status ${outcome.refused}`);
        else sent += 1;
        continue;
      }
      failures += 1;
      const pauseMs = outcome.pauseMs ?? Math.min(1000 * 2 ** (failures - 1), longestPauseMs);
      log(
        `${url} cannot accept events (${outcome.why}); ${waiting.length} waiting, next try in ${pauseMs} ms`,
      );
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = run();

  return {
    offer: (event: OutgoingEvent) => {
      waiting.push(event);
      if (waiting.length > waitingLimit) {
        waiting.shift();
        dropped += 1;
      }
      wake();
    },
    counts: () => ({ sent, waiting: waiting.length, dropped }),
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
};
