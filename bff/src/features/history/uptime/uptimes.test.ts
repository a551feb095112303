import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createPostgresLease } from "#lib/postgres/lease.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createRollup } from "../writing/rollup.ts";
import { createHistoryStore } from "../writing/store.ts";
import type { Chunk } from "../writing/window.ts";
import { createUptimes } from "./uptimes.ts";

const log = pino({ level: "silent" });
const hourMs = 3_600_000;
let database: Database;
/** Windows are summed up once for all organizations, so each test uses days of its own. */
let nowMs = Date.UTC(2025, 0, 20, 12);
beforeEach(() => {
  nowMs += 60 * 24 * hourMs;
});

beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 4, log });
});
afterAll(() => database.close());

async function makeOrganization() {
  const slug = `org-${randomUUID().slice(0, 8)}`;
  const { id } = await database.system
    .insertInto("organizations")
    .values({ slug, name: slug })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, slug };
}

/** Stores what was seen of `payments`: `upAt` is asked for each 10 s between two times. */
async function remember(
  organization: { id: string },
  fromMs: number,
  toMs: number,
  upAt: (ms: number) => number | null,
) {
  const owner = randomUUID();
  const lease = createPostgresLease({ database, name: `test-${owner}`, owner, ttlMs: 60_000 });
  const epoch = (await lease.hold()) ?? 0;
  const store = createHistoryStore({ database });
  const chunks: Chunk[] = [];
  for (let startsAtMs = fromMs; startsAtMs < toMs; startsAtMs += 600_000)
    chunks.push({
      organizationId: organization.id,
      kind: "service" as const,
      entity: "payments",
      startsAtMs,
      means: new Map([
        ["up", Array.from({ length: 60 }, (_, at) => upAt(startsAtMs + at * 10_000))],
        ["latencyMs", Array<number>(60).fill(12)],
      ]),
    });
  await lease.write(epoch, (tx) => store.writeClosed(tx, chunks));
  return () => createRollup({ database, store, lease })(epoch, nowMs);
}

test("uptime is the share of the known time, whether its hours are summed up yet or not, with how much is known", async () => {
  const organization = await makeOrganization();
  const foreign = await makeOrganization();
  // 30 h, of which the last 6 are not summed up yet: 3 h without data, 1 h down, 20 min down just now.
  const lookedAway = (ms: number) => ms >= nowMs - 12 * hourMs && ms < nowMs - 9 * hourMs;
  const wasDown = (ms: number) =>
    (ms >= nowMs - 9 * hourMs && ms < nowMs - 8 * hourMs) ||
    (ms >= nowMs - 2 * hourMs && ms < nowMs - hourMs * (5 / 3));
  await remember(foreign, nowMs - 2 * hourMs, nowMs - hourMs, () => 0);
  const sumUp = await remember(organization, nowMs - 30 * hourMs, nowMs - hourMs, (ms) =>
    lookedAway(ms) ? null : wasDown(ms) ? 0 : 1,
  );
  await sumUp();
  const uptimes = createUptimes({ database, kind: "service", clock: { now: () => nowMs }, log });
  await uptimes.read();

  const known = { day: 24 - 3 - 1, week: 30 - 3 - 1 };
  const found = uptimes.of(organization.slug, "payments");
  expect(found?.uptimeKnown.day).toBeCloseTo(known.day / 24, 3);
  expect(found?.uptimeKnown.week).toBeCloseTo(known.week / (7 * 24), 3);
  expect(found?.uptime.day).toBeCloseTo(1 - 4 / 3 / known.day, 3);
  expect(found?.uptime.week).toBeCloseTo(1 - 4 / 3 / known.week, 3);
  expect(found?.uptime.month).toBe(found?.uptime.week);
  expect(uptimes.of(foreign.slug, "payments")?.uptime).toEqual({ day: 0, week: 0, month: 0 });
  expect(uptimes.of(organization.slug, "catalog")).toBeUndefined();
});

test("an hour with only 6 minutes of data counts as 6 minutes after it is summed up", async () => {
  const organization = await makeOrganization();
  const beginMs = nowMs - 20 * hourMs;
  const sumUp = await remember(organization, beginMs, beginMs + 2 * hourMs, (ms) => {
    const minute = Math.floor((ms - beginMs) / 60_000);
    return minute < 60 ? 1 : minute < 66 ? 0 : null;
  });
  await sumUp();
  const uptimes = createUptimes({ database, kind: "service", clock: { now: () => nowMs }, log });
  await uptimes.read();
  const found = uptimes.of(organization.slug, "payments");
  expect(found?.uptime.day).toBeCloseTo(60 / 66, 3);
  expect(found?.uptimeKnown.day).toBeCloseTo(66 / (24 * 60), 3);
});

test("uptimes are refreshed when they are a minute old, by the collector of that time", async () => {
  const organization = await makeOrganization();
  await remember(organization, nowMs - 3 * hourMs, nowMs - 2 * hourMs, () => 1);
  let atMs = nowMs;
  const uptimes = createUptimes({ database, kind: "service", clock: { now: () => atMs }, log });
  const day = () => uptimes.of(organization.slug, "payments")?.uptime.day;
  uptimes.poke();
  await expect.poll(day).toBe(1);
  await remember(organization, nowMs - 2 * hourMs, nowMs - hourMs, () => 0);
  uptimes.poke();
  expect(day()).toBe(1);
  atMs += 61_000;
  uptimes.poke();
  await expect.poll(day).toBeCloseTo(0.5, 3);
});
