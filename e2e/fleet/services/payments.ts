import { setTimeout as sleep } from "node:timers/promises";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import type { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import PrometheusMetrics from "opossum-prometheus";
import { Registry } from "prom-client";
import type { createRhythm } from "../rhythm.ts";
import type { CardGateway } from "./card-gateway.ts";
import { createShopServer } from "./shop-server.ts";

const version = "2.31.0";
const chargesPerSecond = 0.8;
const timeoutMs = 3_000;

type PaymentsDeps = {
  instance: string;
  port: number;
  gateway: CardGateway;
  redis: Redis;
  subscriber: Redis;
  rhythm: ReturnType<typeof createRhythm>;
};

/**
 * One instance of the shop's payments service: charges cards through an opossum breaker, and reports itself in
 * `application/health+json`, in Prometheus' format and by the reporter.
 */
export const createPayments = ({ instance, port, gateway, redis, subscriber, rhythm }: PaymentsDeps) => {
  const chargeCard = new CircuitBreaker(() => gateway.charge(timeoutMs), {
    name: "charge-card",
    timeout: timeoutMs,
    resetTimeout: 5_000,
    volumeThreshold: 4,
    errorThresholdPercentage: 50,
    rollingCountTimeout: 15_000,
    rollingCountBuckets: 15,
    enableSnapshots: false,
  });
  const scoreFraud = new CircuitBreaker(
    async () => {
      await sleep(5 + Math.random() * 20);
      if (Math.random() < 0.03) throw new Error("model is being loaded");
    },
    {
      name: "fraud-score",
      timeout: 2_000,
      resetTimeout: 10_000,
      volumeThreshold: 6,
      errorThresholdPercentage: 60,
      enableSnapshots: false,
    },
  );
  // Also makes opossum-prometheus count `halfOpen`, which it only does for events that have a listener.
  const reporter = createReporter({ redis, subscriber, service: "payments", instance });
  reporter.opossum(chargeCard);
  reporter.opossum(scoreFraud);
  const registry = new Registry();
  new PrometheusMetrics({ registry, circuits: [chargeCard, scoreFraud] });

  let lastCharge: { ms: number; failed: boolean; at: Date } | null = null;
  rhythm.atRandom(chargesPerSecond, () => {
    void scoreFraud.fire().catch(() => {});
    const startedMs = performance.now();
    const done = (failed: boolean) => {
      lastCharge = { ms: Math.round(performance.now() - startedMs), failed, at: new Date() };
    };
    chargeCard.fire().then(
      () => done(false),
      () => done(true),
    );
  });

  const health = () => {
    const worst = chargeCard.opened ? "fail" : lastCharge?.failed ? "warn" : "pass";
    return {
      // A shop that cannot charge still accepts orders and charges later.
      status: worst === "pass" ? "pass" : "warn",
      version,
      serviceId: "payments",
      releaseId: `${version}+${instance}`,
      ...(worst === "pass" ? {} : { output: "Cards are charged later: the card gateway fails" }),
      checks: {
        "card-gateway:responseTime": [
          {
            componentId: "card-gateway",
            componentType: "component",
            status: worst,
            observedValue: lastCharge?.ms ?? 0,
            observedUnit: "ms",
            time: (lastCharge?.at ?? new Date()).toISOString(),
          },
        ],
      },
    };
  };
  const server = createShopServer(port, {
    "/health": () => ({
      type: "application/health+json",
      headers: { "cache-control": "max-age=2" },
      body: health(),
    }),
    "/metrics": () => ({ type: registry.contentType, body: registry.metrics() }),
  });

  return {
    ...server,
    close: async () => {
      await server.setUp(false);
      await reporter.close();
      for (const breaker of [chargeCard, scoreFraud]) breaker.shutdown();
    },
  };
};
