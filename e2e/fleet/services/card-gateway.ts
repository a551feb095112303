import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../program.ts";
import type { createRhythm } from "../rhythm.ts";
import { createShopServer } from "./shop-server.ts";

const minuteMs = 60_000;
const everyMs = 10 * minuteMs;
const firstMs = 4 * minuteMs;
const outageMs = 40_000;
const flakyRatio = 0.02;

/**
 * The bank's card gateway, which the shop depends on and does not own. It is down for 40 s every 10 minutes, for the
 * first time 4 minutes after the start, unless the switch overrides this; in between 2 % of its answers are errors.
 */
export const createCardGateway = (port: number, rhythm: ReturnType<typeof createRhythm>, log: Log) => {
  let byRhythm = true;
  /** Null: according to the rhythm. */
  let wanted: boolean | null = null;
  const server = createShopServer(port, {
    "/up": () => ({ body: { status: "UP" } }),
    "/charge": async () => {
      await sleep(15 + Math.random() * 60);
      return Math.random() < flakyRatio
        ? { status: 502, body: { error: "issuer does not answer" } }
        : { body: { charged: true } };
    },
  });
  const settle = () => server.setUp(wanted ?? byRhythm);
  const moved = (up: boolean) => {
    byRhythm = up;
    log(`card gateway is ${up ? "back" : "down for 40 s"}`);
    settle().catch((error: unknown) => log(String(error)));
  };
  rhythm.every(
    everyMs,
    () => {
      moved(false);
      rhythm.later(outageMs, () => moved(true));
    },
    firstMs,
  );
  return {
    settle,
    /** True, false, or null for its own rhythm. */
    want: (up: boolean | null) => {
      wanted = up;
      return settle();
    },
    show: () => ({ up: server.isUp(), wanted }),
    close: () => server.setUp(false),
    charge: async (timeoutMs: number) => {
      const answer = await fetch(`http://127.0.0.1:${port}/charge`, {
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`card gateway answered ${answer.status}`);
    },
  };
};
export type CardGateway = ReturnType<typeof createCardGateway>;
