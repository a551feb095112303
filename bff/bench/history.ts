import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import pg from "pg";
import { pino } from "pino";
import type { ObservedCache } from "#features/caches/rows.ts";
import { createSeriesReader } from "#features/history/reading/series.ts";
import { figuresOfTick } from "#features/history/tick-figures.ts";
import { createUptimes } from "#features/history/uptime/uptimes.ts";
import { deltaBase, packDifference, packWhole } from "#features/history/writing/delta.ts";
import { createFrames } from "#features/history/writing/frames.ts";
import { createHistoryStore } from "#features/history/writing/store.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { createKeptDetails, makeAspects } from "#testing/aspects.ts";
import { randomFrom } from "#testing/random.ts";
import { makeBreaker, makeCounts, makeQueue, makeServer, makeService, makeTick } from "#testing/tick.ts";
import { startBenchStack } from "./bench-stack.ts";

const barMs = 100;
const reads = 40;
const things = 100;
const framesPerHour = 360;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const tenDaysMs = 10 * dayMs;

/**
 * The cost of the history: 13 months of one series read as `app` among 100 others, the chunks written for everything
 * that one organization watches, the size of its frames while a third of it changes, and its uptimes.
 * @returns whether the series is read in time.
 */
export async function run(): Promise<boolean> {
  const log = pino({ level: "silent" });
  const stack = await startBenchStack();
  const { environment } = stack;
  const database = createDatabase({
    appUrl: environment.DATABASE_URL,
    systemUrl: environment.DATABASE_SYSTEM_URL,
    poolSize: 4,
    log,
  });
  const admin = new pg.Client({ connectionString: environment.DATABASE_ADMIN_URL });
  await admin.connect();
  try {
    const { rows } = await admin.query<{ id: string }>(
      "insert into wheelhouse.organizations (slug, name) values ('bench', 'Bench') returning id",
    );
    const id = rows[0]?.id ?? "";
    const isReached = await measureSeries(database, id);
    await measureWrites(database, admin, id);
    await measureUptimes(database, id);
    await measureFrames(id);
    await measureDetails();
    return isReached;
  } finally {
    await admin.end();
    await database.close();
    await stack.end();
  }
}

type Database = ReturnType<typeof createDatabase>;
const valuesOf = (random: () => number, count: number) =>
  Array.from({ length: count }, () => Math.floor(random() * 1_000));

async function measureSeries(database: Database, organizationId: string) {
  const random = randomFrom(1);
  const store = createHistoryStore({ database });
  const nowMs = Date.now();
  const firstMs = Math.floor((nowMs - 396 * dayMs) / tenDaysMs) * tenDaysMs;
  for (let startsAtMs = firstMs; startsAtMs < nowMs; startsAtMs += tenDaysMs) {
    const chunks = Array.from({ length: things }, (_, at) => {
      const values = () =>
        new Map(["waiting", "active", "failed"].map((name) => [name, valuesOf(random, 240)]));
      return {
        organizationId,
        kind: "queue" as const,
        entity: `queue-${at}`,
        startsAtMs,
        means: values(),
        mins: values(),
        maxs: values(),
      };
    });
    await database.system.transaction().execute((tx) => store.writeSummed(tx, 3_600, chunks));
  }
  const read = createSeriesReader({ database, clock: { now: () => nowMs } });
  const took: number[] = [];
  for (let at = 0; at < reads; at += 1) {
    const begun = performance.now();
    const { series } = await read(organizationId, {
      kind: "queue",
      id: `queue-${at % things}`,
      metrics: ["waiting"],
      from: new Date(nowMs - 395 * dayMs).toISOString(),
      to: new Date(nowMs).toISOString(),
    });
    took.push(performance.now() - begun);
    if (!series[0]?.values.some((value) => value !== null)) throw new Error("an empty series");
  }
  const [middle, worst] = [0.5, 0.99].map(
    (part) => took.toSorted((a, b) => a - b)[Math.floor(part * took.length)] ?? 0,
  );
  const isReached = (worst ?? 0) <= barMs;
  print(
    `13 months of one series: p50 ${middle?.toFixed(1)} ms, p99 ${worst?.toFixed(1)} ms, bar ${barMs} ms: ${isReached ? "reached" : "MISSED"}`,
  );
  return isReached;
}

/** Figures of one tick of the whole organization: the window closes one of these every 10 min. */
async function measureWrites(database: Database, admin: pg.Client, organizationId: string) {
  const random = randomFrom(2);
  const store = createHistoryStore({ database });
  const organization = { id: organizationId, slug: "acme" };
  const tick = movingTick(organization, Date.UTC(2026, 0, 5), 0, random);
  const all = figuresOfTick(makeAspects().aspects, tick);
  const chunks = (startsAtMs: number) =>
    all.map(({ metrics, kind, entity }) => ({
      organizationId,
      kind,
      entity,
      startsAtMs,
      means: new Map(metrics.map((name) => [name, valuesOf(random, 60)])),
    }));
  const begun = performance.now();
  for (let at = 0; at < 10; at += 1) {
    const some = chunks(at * 600_000);
    await database.system.transaction().execute((tx) => store.writeOpen(tx, some));
    await database.system.transaction().execute((tx) => store.writeClosed(tx, some));
  }
  const tookMs = (performance.now() - begun) / 20;
  const { rows } = await admin.query<{ bytes: string }>(
    "select sum(pg_column_size(c.*))::text as bytes from wheelhouse.history_chunks c where step_s = 10",
  );
  const chunkBytes = Number(rows[0]?.bytes ?? 0) / (10 * all.length);
  const figures = all.reduce((sum, { metrics }) => sum + metrics.length, 0);
  print(
    `${all.length} things of ${figures} figures in all: one write ${tookMs.toFixed(0)} ms (once a minute), ${chunkBytes.toFixed(0)} bytes a chunk of 10 min`,
  );
}

/** A month's rows for 500 services, with the 6 h that are not summed up yet. */
async function measureUptimes(database: Database, organizationId: string) {
  const random = randomFrom(4);
  const store = createHistoryStore({ database });
  const nowMs = Date.now();
  const names = ["up", "upKnown", "latencyMs", "instancesUp"];
  const values = (count: number) => new Map(names.map((name) => [name, valuesOf(random, count)]));
  const of = (at: number, startsAtMs: number) => ({
    organizationId,
    kind: "service" as const,
    entity: `service-${at}`,
    startsAtMs,
  });
  const each = Array.from({ length: uptimeServices }, (_, at) => at);
  for (let startsAtMs = nowMs - 40 * dayMs; startsAtMs < nowMs; startsAtMs += tenDaysMs) {
    const beginMs = Math.floor(startsAtMs / tenDaysMs) * tenDaysMs;
    const chunks = each.map((at) => ({
      ...of(at, beginMs),
      means: values(240),
      mins: values(240),
      maxs: values(240),
    }));
    await database.system.transaction().execute((tx) => store.writeSummed(tx, 3_600, chunks));
  }
  for (let startsAtMs = nowMs - 6 * hourMs; startsAtMs < nowMs; startsAtMs += 600_000) {
    const beginMs = Math.floor(startsAtMs / 600_000) * 600_000;
    const chunks = each.map((at) => ({ ...of(at, beginMs), means: values(60) }));
    await database.system.transaction().execute((tx) => store.writeClosed(tx, chunks));
  }
  const uptimes = createUptimes({
    database,
    kind: "service",
    clock: { now: () => nowMs },
    log: pino({ level: "silent" }),
  });
  await uptimes.read();
  const begun = performance.now();
  await uptimes.read();
  print(
    `Uptimes of ${uptimeServices} services over 30 days: ${(performance.now() - begun).toFixed(0)} ms, once a minute`,
  );
}

const uptimeServices = 500;
const serviceCount = 50;
const breakerCount = 50;
const cacheCount = 20;

/** A tick in which a third of the rows change, which is realistic. */
function movingTick(
  organization: { id: string; slug: string },
  nowMs: number,
  turn: number,
  random: () => number,
) {
  const observedAt = new Date(nowMs).toISOString();
  const own = { organization: organization.slug, observedAt };
  const many = <T>(count: number, make: (at: number, isMoving: boolean) => T) =>
    Array.from({ length: count }, (_, at) => make(at, at % 3 === 0));
  const some = (most: number) => Math.floor(random() * most);
  return makeTick({
    observedAt,
    queuesExtra: { observedAt: { primary: observedAt } },
    organizations: [organization],
    servers: many(10, (at) => makeServer(`s${at}`, { ...own, roundTripMs: some(9) })),
    queues: many(things, (at, isMoving) =>
      makeQueue(`queue-${at}`, {
        organization: organization.slug,
        counts: makeCounts(isMoving ? { waiting: some(40), completed: turn * 7 + at } : {}),
        completedPerMinute: isMoving ? some(600) : 0,
      }),
    ),
    services: many(serviceCount, (at) =>
      makeService(`service-${at}`, {
        ...own,
        latencyMs: 5 + some(40),
        latencyMsP95: 40 + some(20),
        beats: "o".repeat(60),
        dependsOn: at % 5 === 0 ? [] : [`service-${at - (at % 5)}`],
        instances: many(3, (instance) => ({
          id: `service-${at}-${instance}`,
          state: "ok" as const,
          cause: null,
          latencyMs: 5 + some(40),
          observedAt,
        })),
      }),
    ),
    breakers: many(breakerCount, (at, isMoving) =>
      makeBreaker(`breaker-${at}`, {
        ...own,
        threshold: 0.5,
        latencyMsP50: 9,
        latencyMsP95: 30,
        latencyMsP99: 80,
        callsPerMinute: isMoving ? some(900) : 600,
        failedPerMinute: isMoving ? some(9) : 0,
        failureRatio: isMoving ? some(100) / 1_000 : 0,
      }),
    ),
    caches: many(cacheCount, (at, isMoving) => movingCache(at, isMoving, own, some)),
  });
}

function movingCache(
  at: number,
  isMoving: boolean,
  own: { organization: string; observedAt: string },
  some: (most: number) => number,
): ObservedCache {
  const hits = isMoving ? some(900) : 600;
  return {
    ...own,
    id: `shop~cache-${at}`,
    name: `cache-${at}`,
    service: "shop",
    state: "ok",
    label: "OK",
    cause: null,
    since: "2026-01-05T11:00:00.000Z",
    hitRatio: hits / (hits + 100),
    threshold: 0.5,
    levels: [
      { level: "memory", hitsPerMinute: hits, sizeBytes: 40_000, entries: 400 },
      { level: "redis", hitsPerMinute: 9, sizeBytes: null, entries: null },
    ],
    hitsPerMinute: hits,
    missesPerMinute: 100,
    setsPerMinute: 100,
    coalescedPerMinute: 0,
    evictedPerMinute: 0,
    loadMsMean: 20,
    savedMsPerMinute: hits * 20,
    sizeBytes: 40_000,
    tags: ["shop"],
    groups: [],
    invalidateBy: ["key"],
    instances: [{ instance: "shop-1", observedAt: own.observedAt }],
    intervalMs: 1_000,
  };
}

async function measureFrames(organizationId: string) {
  const random = randomFrom(3);
  let nowMs = Date.UTC(2026, 0, 5);
  const kept = createKeptDetails();
  const { aspects } = makeAspects({ details: kept });
  const snapshots = createSnapshotStore({ aspects, clock: { now: () => nowMs }, intervalMs: 1_000 });
  const frames = createFrames({ mostWaitingBytes: Number.POSITIVE_INFINITY });
  const organization = { id: organizationId, slug: "acme" };
  let plainBytes = 0;
  const begunCpu = process.cpuUsage();
  for (let at = 0; at < framesPerHour; at += 1, nowMs += 10_000) {
    snapshots.ingest(movingTick(organization, nowMs, at, random));
    const views = snapshots.viewsOf(organization);
    for (const view of ["overview", "health", "breakers", "caches", "queues"] as const)
      plainBytes += views.encoded(view).plain().length;
    kept.keep(turningDetails(serviceCount, at));
    frames.take(organizationId, nowMs, { parts: views.frame(), isChange: false });
    await frames.settled();
  }
  const cpu = process.cpuUsage(begunCpu);
  const size = (frame: ReturnType<typeof frames.waiting>[number]) =>
    [...frame.parts.values()].reduce((sum, packed) => sum + packed.length, 0);
  const details =
    frames.waiting().reduce((sum, frame) => sum + (frame.parts.get("details")?.length ?? 0), 0) /
    framesPerHour;
  const mean = (part: readonly ReturnType<typeof frames.waiting>[number][]) =>
    part.reduce((sum, frame) => sum + size(frame), 0) / Math.max(part.length, 1);
  const all = frames.waiting();
  const whole = mean(all.filter(({ baseAtMs }) => baseAtMs === null));
  const difference = mean(all.filter(({ baseAtMs }) => baseAtMs !== null));
  const keptBytes = 2_160 * difference + 7 * 1_440 * difference + 7 * 144 * whole + 396 * 24 * whole;
  print(
    [
      `Frames of ${things} queues, ${serviceCount} services of 3 instances, ${breakerCount} breakers, ${cacheCount} caches, 10 servers:`,
      `${(plainBytes / framesPerHour / 1024).toFixed(0)} KiB of JSON each,`,
      `details ${(details / 1024).toFixed(1)} KiB on average,`,
      `whole ${(whole / 1024).toFixed(1)} KiB, difference ${(difference / 1024).toFixed(1)} KiB,`,
      `${((cpu.user + cpu.system) / 1_000 / framesPerHour).toFixed(1)} ms of processor each 10 s (with making the views)`,
    ].join(" "),
  );
  print(
    `written ${((framesPerHour * 24 * mean(all)) / 1024 ** 2).toFixed(0)} MiB a day and organization, kept in all ${(keptBytes / 1024 ** 2).toFixed(0)} MiB after 13 months`,
  );
}

/** Three instances per service, five components each; with each frame one of a hundred instances changes state. */
function turningDetails(services: number, turn: number): Map<string, ServiceDetail["instances"]> {
  const names = ["db", "cache", "broker", "broker/rabbit", "disk"];
  return new Map(
    Array.from({ length: services }, (_, at) => [
      `service-${at}`,
      Array.from({ length: 3 }, (__, instance) => {
        const isDown = (at * 3 + instance + turn) % 100 === 0;
        return {
          id: `service-${at}-${instance}`,
          target: null,
          observedAt: null,
          components: names.map((id) => ({
            id,
            name: id,
            depth: 0,
            state: isDown ? ("down" as const) : ("ok" as const),
            status: isDown ? "DOWN" : "UP",
            detail: `${turn} open · refuses connections`,
          })),
          conditions: ["[STATUS] == 200", "[RESPONSE_TIME] < 500"].map((text) => ({
            text,
            observed: String(turn),
            passed: !isDown,
          })),
        };
      }),
    ]),
  );
}

/** The size that the components and conditions of 2,000 instances add to a frame. */
async function measureDetails() {
  const kept = createKeptDetails();
  const textAt = (turn: number) => {
    const told = turningDetails(2_000 / 3, turn);
    kept.keep(told);
    return kept.of("acme", [...told.keys()]);
  };
  const first = textAt(0);
  const base = deltaBase(first);
  const whole = await packWhole(first);
  const still = await packDifference(first, base);
  const begun = performance.now();
  const turned = await packDifference(textAt(7), base);
  const tookMs = performance.now() - begun;
  const kib = (bytes: { length: number }) => (bytes.length / 1024).toFixed(1);
  print(
    `Details of 2,000 instances: ${kib(first)} KiB of JSON, whole ${kib(whole)} KiB, difference ${still.length} bytes while nothing turns, ${kib(turned)} KiB with 20 of them turned (${tookMs.toFixed(0)} ms)`,
  );
}

const print = (line: string) => process.stdout.write(`${line}\n`);
