import { setTimeout as sleep } from "node:timers/promises";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import type { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import type { createRhythm } from "../rhythm.ts";
import { createShopServer } from "./shop-server.ts";

const version = "1.8.0";
const questionsPerSecond = 1.5;
/** Now and then the translations fail for a while, and the breaker opens by itself. */
const badEveryMs = 7 * 60_000;
const badForMs = 25_000;

type HelpdeskDeps = {
  port: number;
  redis: Redis;
  subscriber: Redis;
  rhythm: ReturnType<typeof createRhythm>;
};

/** The second organization's help desk: reports by itself, and calls a translation service through a breaker. */
export const createHelpdesk = ({ port, redis, subscriber, rhythm }: HelpdeskDeps) => {
  let failsUntilMs = 0;
  const translation = new CircuitBreaker(
    async () => {
      await sleep(40 + Math.random() * 120);
      if (Date.now() < failsUntilMs || Math.random() < 0.03) throw new Error("model is loading");
    },
    {
      name: "translation",
      timeout: 2_000,
      resetTimeout: 6_000,
      volumeThreshold: 5,
      errorThresholdPercentage: 50,
      enableSnapshots: false,
    },
  );
  const reporter = createReporter({ redis, subscriber, service: "helpdesk", instance: "helpdesk-1" });
  reporter.opossum(translation);
  rhythm.atRandom(questionsPerSecond, () => {
    translation.fire().catch(() => {});
  });
  rhythm.every(badEveryMs, () => {
    failsUntilMs = Date.now() + badForMs;
  });

  const server = createShopServer(port, {
    "/health": () => ({
      type: "application/health+json",
      body: {
        status: translation.opened ? "warn" : "pass",
        version,
        serviceId: "helpdesk",
        checks: {
          "translation:state": [
            { componentType: "component", status: translation.opened ? "warn" : "pass", time: new Date() },
          ],
        },
      },
    }),
  });
  return {
    ...server,
    close: async () => {
      await server.setUp(false);
      await reporter.close();
      translation.shutdown();
    },
  };
};
