import { setTimeout as sleep } from "node:timers/promises";
import { createReporter } from "@wheelhouse/shared/reporter/reporter.ts";
import { circuitBreaker, handleAll, SamplingBreaker } from "cockatiel";
import type { Redis } from "ioredis";
import CircuitBreaker from "opossum";
import PrometheusMetrics from "opossum-prometheus";
import { Registry } from "prom-client";
import type { createRhythm } from "../rhythm.ts";
import { createShopServer } from "./shop-server.ts";
import { createTwoLevelCache } from "./two-level-cache.ts";

const version = "5.4.2";
const articles = 400;
const currencies = ["EUR", "USD", "GBP", "SEK", "PLN", "CHF", "JPY", "CAD"];
const lookupsPerSecond = 6;
const rates = { threshold: 0.5, durationMs: 20_000, halfOpenAfterMs: 10_000 };

type CatalogDeps = {
  instance: string;
  port: number;
  redis: Redis;
  subscriber: Redis;
  rhythm: ReturnType<typeof createRhythm>;
};

/** A few articles are requested often, most rarely. */
const popular = (count: number) => Math.floor(count ** Math.random()) - 1;

/**
 * The shop's catalog: two named caches in front of a search index (opossum) and a source of exchange rates (cockatiel).
 */
export const createCatalog = ({ instance, port, redis, subscriber, rhythm }: CatalogDeps) => {
  const search = new CircuitBreaker(
    async (article: number) => {
      await sleep(20 + Math.random() * 60);
      if (Math.random() < 0.02) throw new Error("shard is moving");
      return JSON.stringify({ article, name: `Article ${article}`, text: "x".repeat(200 + (article % 300)) });
    },
    {
      name: "search-index",
      timeout: 2_000,
      resetTimeout: 8_000,
      volumeThreshold: 5,
      errorThresholdPercentage: 50,
      enableSnapshots: false,
    },
  );
  const exchange = circuitBreaker(handleAll, {
    halfOpenAfter: rates.halfOpenAfterMs,
    breaker: new SamplingBreaker({ threshold: rates.threshold, duration: rates.durationMs, minimumRps: 0.1 }),
  });
  const products = createTwoLevelCache({
    name: "products",
    redis,
    memoryMs: 15_000,
    redisMs: 90_000,
    entriesMax: 150,
    threshold: 0.6,
  });
  const prices = createTwoLevelCache({
    name: "exchange-rates",
    redis,
    memoryMs: 4_000,
    redisMs: 12_000,
    entriesMax: 50,
    threshold: 0.4,
  });

  const reporter = createReporter({ redis, subscriber, service: "catalog", instance });
  reporter.opossum(search);
  reporter.cockatiel("exchange-rates", exchange, {
    coolDownMs: rates.halfOpenAfterMs,
    threshold: rates.threshold,
    windowMs: rates.durationMs,
  });
  reporter.cache("products", products.source);
  reporter.cache("exchange-rates", prices.source);
  const registry = new Registry();
  new PrometheusMetrics({ registry, circuits: [search] });

  rhythm.atRandom(lookupsPerSecond, () => {
    const article = popular(articles);
    const tags = [`category-${article % 12}`, article % 7 === 0 ? "sale" : "regular"];
    products.get(`product:${article}`, tags, () => search.fire(article)).catch(() => {});
  });
  rhythm.atRandom(lookupsPerSecond / 4, () => {
    const currency = currencies[popular(currencies.length)] ?? "EUR";
    const load = () =>
      exchange.execute(async () => {
        await sleep(30 + Math.random() * 90);
        if (Math.random() < 0.08) throw new Error("rates are being published");
        return (0.5 + Math.random()).toFixed(4);
      });
    prices.get(`rate:${currency}`, ["rates"], load).catch(() => {});
  });

  const server = createShopServer(port, {
    "/health": () => ({
      type: "application/health+json",
      body: {
        status: search.opened ? "fail" : "pass",
        version,
        serviceId: "catalog",
        checks: {
          "search-index:state": [
            {
              componentId: "search-index",
              componentType: "component",
              status: search.opened ? "fail" : "pass",
            },
          ],
        },
      },
    }),
    "/metrics": () => ({ type: registry.contentType, body: registry.metrics() }),
  });
  return {
    ...server,
    close: async () => {
      await server.setUp(false);
      await reporter.close();
      search.shutdown();
    },
  };
};
