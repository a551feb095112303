import { redisServerList } from "@wheelhouse/shared/caches/caches.ts";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { breakerSeen } from "#features/breakers/aspect.ts";
import { pastBreaker } from "#features/breakers/past.ts";
import { pastRedisServers } from "#features/caches/past.ts";
import { serviceSeen } from "#features/health/services/now.ts";
import { pastService } from "#features/health/services/past.ts";
import {
  beginMs,
  historyOf,
  isoOf,
  makeOrganization,
  remembering,
} from "#features/history/testing/history.fixture.ts";
import { createReasonOf } from "#features/overview/overview.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { makeBreaker, makeServer, makeService } from "#testing/tick.ts";

let database: Database;
beforeAll(async () => {
  const urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 4, log: pino({ level: "silent" }) });
});
afterAll(() => database.close());

test("the details of a past moment are those shown at that time, with the figures of the period before it", async () => {
  const organization = await makeOrganization(database);
  const it = remembering(database, organization);
  const deployed = {
    at: isoOf(beginMs - 60_000),
    text: "orders 2.1 deployed",
    by: "CI",
    kind: "deployment" as const,
    state: null,
    about: ["orders"],
  };
  const seenAt = (at: number) => {
    const own = { organization: organization.slug, observedAt: isoOf(beginMs + at * 10_000) };
    return {
      services: [
        makeService("payments", {
          ...own,
          latencyMs: 10 + at,
          dependsOn: ["bank"],
          instances: [{ id: "payments-1", state: "ok", cause: null, latencyMs: 10 + at, observedAt: null }],
        }),
        makeService("bank", { ...own, state: at < 4 ? "ok" : "down" }),
      ],
      breakers: [
        makeBreaker("charge", {
          ...own,
          failureRatio: at / 100,
          ...(at === 4 ? { state: "open" as const, since: own.observedAt } : {}),
        }),
      ],
      acts: [{ id: organization.id, organization: organization.slug, acts: [deployed] }],
      servers: [makeServer("primary", own)],
      redisDetails: [
        {
          id: "primary",
          organization: organization.slug,
          keyspace: null,
          latency: {
            observedAt: own.observedAt,
            windowMs: 10_000,
            commands: [],
            all: { calls: 9, p50Ms: 1, p99Ms: 4 + at, p999Ms: 9 },
          },
          slowLog: {
            observedAt: own.observedAt,
            thresholdMs: 10,
            entries: [{ id: at, at: own.observedAt, tookMs: 12, command: "KEYS *" }],
          },
          notice: null,
        },
      ],
    };
  };
  const tell = (at: number) =>
    it.details.keep(
      new Map([
        [
          "payments",
          [
            {
              id: "payments-1",
              target: null,
              observedAt: isoOf(beginMs),
              components: [
                {
                  id: "db",
                  name: "db",
                  depth: 0,
                  state: "ok",
                  status: "UP",
                  detail: `${at} open`,
                },
                {
                  id: "broker/rabbit",
                  name: "rabbit",
                  depth: 1,
                  status: at < 4 ? "UP" : "DOWN",
                  state: at < 4 ? "ok" : "down",
                  detail: "refuses connections",
                },
              ],
              conditions: [{ text: "[STATUS] == 200", observed: "200", passed: true }],
            },
          ],
        ],
      ]),
    );
  const atOf = (at: number) => beginMs + at * 10_000;
  for (let at = 0; at < 4; at += 1) {
    tell(at);
    await it.tick(atOf(at), 0, seenAt(at));
  }
  tell(4);
  const { views, problems } = await it.tick(atOf(4), 0, seenAt(4));
  const { text, at: deployedAt, by } = deployed;
  const changedBefore = { text, at: deployedAt, by };
  expect(problems.find(({ id }) => id === "breaker:orders~charge")?.changedBefore).toEqual(changedBefore);
  const shown = {
    service: serviceSeen(views.part, "bank"),
    breaker: breakerSeen(views.part, "orders~charge"),
  };
  const servers = redisServerList.parse(JSON.parse(views.encoded("redisDetails").plain().toString()));
  tell(60);
  it.details.keep(new Map([["payments", []]]));
  for (let at = 5; at < 13; at += 1) await it.tick(atOf(at), 0, seenAt(at + 50));

  const { past } = historyOf(database, atOf(20));
  const moment = isoOf(atOf(4) + 2_000);
  const bank = await pastService(past, organization.id, "bank", moment);
  expect([bank.service, bank.calledBy, bank.observedAt]).toEqual([
    shown.service?.service,
    ["payments"],
    isoOf(atOf(4)),
  ]);
  const payments = await pastService(past, organization.id, "payments", moment);
  expect(payments.instances.map(({ id }) => id)).toEqual(["payments-1"]);
  expect(payments.latencyMs.intervalMs).toBe(10_000);
  expect(payments.instances[0]?.components).toEqual([
    { id: "db", name: "db", depth: 0, state: "ok", status: "UP", detail: null },
    {
      id: "broker/rabbit",
      name: "rabbit",
      depth: 1,
      state: "down",
      status: "DOWN",
      detail: "refuses connections",
    },
  ]);
  expect(payments.instances[0]?.conditions).toMatchObject([{ text: "[STATUS] == 200", passed: true }]);
  const before = await pastService(past, organization.id, "payments", isoOf(atOf(3) + 2_000));
  expect(before.instances[0]?.components.map(({ status }) => status)).toEqual(["UP", "UP"]);
  const after = await pastService(past, organization.id, "payments", isoOf(atOf(12)));
  expect(after.instances[0]?.components).toEqual([]);
  expect(payments.latencyMs.values.slice(-5)).toEqual([10, 11, 12, 13, 14]);

  const breaker = await pastBreaker(past, organization.id, "orders~charge", moment);
  expect(breaker.breaker).toEqual(shown.breaker?.breaker);
  expect(breaker.failureRatio.values.at(-1)).toBeCloseTo(0.04);
  const { atMoment } = createReasonOf({ snapshots: it.snapshots, past });
  expect(await atMoment(organization.id, "breaker:orders~charge", moment)).toEqual({
    changedBefore,
    effectOf: null,
  });
  expect(await atMoment(organization.id, "breaker:orders~charge", isoOf(atOf(3)))).toEqual({
    changedBefore: null,
    effectOf: null,
  });

  const redis = await pastRedisServers(past, organization.id, moment);
  expect(redis.items[0]?.detail?.slowLog?.entries[0]?.id).toBe(4);
  expect(redis.items[0]?.trends.memory.values.slice(-5)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(redis.items[0]?.trends.latency.values.slice(-5)).toEqual([4, 5, 6, 7, 8]);
  const withoutTrends = ({ items }: typeof redis) => items.map(({ server, detail }) => ({ server, detail }));
  expect(withoutTrends(redis)).toEqual(withoutTrends(servers));

  await expect(pastService(past, organization.id, "gone", moment)).rejects.toMatchObject({
    code: "not_found",
  });
  const foreign = await makeOrganization(database);
  await expect(pastBreaker(past, foreign.id, "orders~charge", moment)).rejects.toMatchObject({
    code: "not_found",
  });
});
