import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { createRhythm } from "../rhythm.ts";
import type { CardGateway } from "./card-gateway.ts";
import { type CountWindowBreaker, createCountWindowBreaker } from "./count-window-breaker.ts";
import { createShopServer } from "./shop-server.ts";

const percent = (rate: number) => `${rate.toFixed(1)}%`;
const states = ["closed", "open", "half_open", "forced_open", "disabled", "metrics_only"];

/** `/actuator/circuitbreakers` as Spring Boot's Actuator documents it: rates are texts. */
const actuatorOf = (breakers: readonly CountWindowBreaker[]) => ({
  circuitBreakers: Object.fromEntries(
    breakers.map(({ name, settings, read }) => {
      const seen = read();
      return [
        name,
        {
          failureRate: percent(seen.failureRate),
          slowCallRate: percent(seen.slowCallRate),
          failureRateThreshold: percent(settings.failureRateThreshold),
          slowCallRateThreshold: percent(settings.slowCallRateThreshold),
          bufferedCalls: seen.buffered,
          failedCalls: seen.failed,
          slowCalls: seen.slow,
          slowFailedCalls: seen.slowFailed,
          notPermittedCalls: seen.totals.notPermitted,
          state: seen.state,
        },
      ];
    }),
  ),
});

type Reading = ReturnType<CountWindowBreaker["read"]>;

/** The same with the names that resilience4j gives to Micrometer, in Prometheus' spelling. */
const metricsOf = (breakers: readonly CountWindowBreaker[]): string => {
  const family = (name: string, type: string, rows: (seen: Reading, label: string) => readonly string[]) => [
    `# TYPE resilience4j_circuitbreaker_${name} ${type}`,
    ...breakers.flatMap((breaker) =>
      rows(breaker.read(), `name="${breaker.name}"`).map(
        (row) => `resilience4j_circuitbreaker_${name}${row}`,
      ),
    ),
  ];
  const lines = [
    ...family("state", "gauge", ({ state }, label) =>
      states.map((one) => `{${label},state="${one}"} ${one === state.toLowerCase() ? 1 : 0}`),
    ),
    ...family("failure_rate", "gauge", ({ failureRate }, label) => [`{${label}} ${failureRate}`]),
    ...family("slow_call_rate", "gauge", ({ slowCallRate }, label) => [`{${label}} ${slowCallRate}`]),
    ...family("buffered_calls", "gauge", ({ buffered, failed }, label) => [
      `{kind="failed",${label}} ${failed}`,
      `{kind="successful",${label}} ${buffered - failed}`,
    ]),
    ...family("not_permitted_calls_total", "counter", ({ totals }, label) => [
      `{kind="not_permitted",${label}} ${totals.notPermitted}`,
    ]),
    ...family("calls_seconds", "summary", ({ totals }, label) =>
      (["successful", "failed"] as const).flatMap((kind) => [
        `_count{kind="${kind}",${label}} ${totals[kind]}`,
        `_sum{kind="${kind}",${label}} ${totals.seconds[kind]}`,
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
};

type BillingDeps = {
  port: number;
  gateway: CardGateway;
  rhythm: ReturnType<typeof createRhythm>;
  redis: Redis;
};

/** Spring's cache in Redis with its key names; nothing reports it, so Wheelhouse knows it by declaration alone. */
const taxRateKey = (postcode: number) => `billing:tax-rates::${postcode}`;
const taxRateMs = 600_000;
const postcodes = 400;

/** The shop's billing, which looks like a Spring Boot service from outside; its reports come from real breakers. */
export const createBilling = ({ port, gateway, rhythm, redis }: BillingDeps) => {
  const settings = {
    slidingWindowSize: 20,
    minimumNumberOfCalls: 5,
    failureRateThreshold: 50,
    slowCallRateThreshold: 100,
    slowCallDurationThresholdMs: 2_000,
    waitDurationInOpenStateMs: 8_000,
    permittedNumberOfCallsInHalfOpenState: 3,
  };
  const cards = createCountWindowBreaker("cardNetwork", settings);
  const taxes = createCountWindowBreaker("taxService", { ...settings, slidingWindowSize: 50 });
  const breakers = [cards, taxes];
  rhythm.atRandom(1, () => void cards.run(() => gateway.charge(3_000)).catch(() => {}));
  const askForRate = async () => {
    await sleep(10 + Math.random() * 40);
    if (Math.random() < 0.05) throw new Error("table is locked");
    return (5 + Math.random() * 20).toFixed(1);
  };
  const findRate = async () => {
    const key = taxRateKey(10_000 + Math.floor(Math.random() * postcodes));
    if ((await redis.get(key).catch(() => null)) !== null) return;
    await taxes.run(async () => {
      const rate = await askForRate();
      await redis.set(key, rate, "PX", taxRateMs).catch(() => {});
    });
  };
  rhythm.atRandom(1.4, () => void findRate().catch(() => {}));

  const server = createShopServer(port, {
    "/actuator/health": () => {
      const isUp = cards.read().state === "CLOSED";
      const statusOf = (breaker: CountWindowBreaker) => {
        const { state, failureRate } = breaker.read();
        const status = { CLOSED: "UP", OPEN: "CIRCUIT_OPEN", HALF_OPEN: "CIRCUIT_HALF_OPEN" }[state];
        return { status, details: { failureRate: percent(failureRate), state } };
      };
      return {
        status: isUp ? 200 : 503,
        type: "application/vnd.spring-boot.actuator.v3+json",
        body: {
          status: isUp ? "UP" : "DOWN",
          components: {
            circuitBreakers: {
              status: isUp ? "UP" : "DOWN",
              details: Object.fromEntries(breakers.map((breaker) => [breaker.name, statusOf(breaker)])),
            },
            ping: { status: "UP" },
          },
        },
      };
    },
    "/actuator/circuitbreakers": () => ({ body: actuatorOf(breakers) }),
    "/actuator/prometheus": () => ({
      type: "text/plain; version=0.0.4; charset=utf-8",
      body: metricsOf(breakers),
    }),
  });
  return { ...server, close: () => server.setUp(false) };
};
