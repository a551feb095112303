import pg from "pg";
import { pino } from "pino";
import { createFrames, frameTopics } from "#features/history/history-frames.ts";
import { createSeriesReader } from "#features/history/history-series.ts";
import { createHistoryStore } from "#features/history/history-store.ts";
import { createDatabase } from "#lib/postgres.ts";
import { createSnapshotStore } from "#observe/snapshot-store.ts";
import { randomFrom } from "#testing/random.ts";
import { makeCounts, makeQueue, makeServer, makeTick } from "#testing/tick.ts";
import { startBenchStack } from "./bench-stack.ts";

const barMs = 100;
const reads = 40;
const things = 100;
const framesPerHour = 360;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const tenDaysMs = 10 * dayMs;

/**
 * What history costs: 13 months of one series read as `app` among 100 others, the chunks written for 100 things, and
 * the size of frames of an organization with 100 queues whose figures move. @returns whether the series is read in time.
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
    await measureFrames(id);
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
        ...{ organizationId, kind: "queue" as const, entity: `queue-${at}`, startsAtMs },
        ...{ means: values(), mins: values(), maxs: values() },
      };
    });
    await database.system.transaction().execute((tx) => store.writeSummed(tx, 3_600, chunks));
  }
  const read = createSeriesReader({ database, clock: { now: () => nowMs } });
  const took: number[] = [];
  for (let at = 0; at < reads; at += 1) {
    const begun = performance.now();
    const { series } = await read(organizationId, {
      ...{ kind: "queue", id: `queue-${at % things}`, metrics: ["waiting"] },
      ...{ from: new Date(nowMs - 395 * dayMs).toISOString(), to: new Date(nowMs).toISOString() },
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

async function measureWrites(database: Database, admin: pg.Client, organizationId: string) {
  const random = randomFrom(2);
  const store = createHistoryStore({ database });
  const names = [
    "waiting",
    "active",
    "delayed",
    "failed",
    "oldestWaitingMs",
    "workers",
    "completedPerMinute",
    "failedPerMinute",
  ];
  const chunks = (startsAtMs: number) =>
    Array.from({ length: things }, (_, at) => ({
      ...{ organizationId, kind: "queue" as const, entity: `queue-${at}`, startsAtMs },
      means: new Map(names.map((name) => [name, valuesOf(random, 60)])),
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
  const chunkBytes = Number(rows[0]?.bytes ?? 0) / (10 * things);
  print(
    `${things} things of ${names.length} figures: one write of all ${tookMs.toFixed(0)} ms (once a minute), ${chunkBytes.toFixed(0)} bytes a chunk of 10 min`,
  );
}

async function measureFrames(organizationId: string) {
  const random = randomFrom(3);
  let nowMs = Date.UTC(2026, 0, 5);
  const snapshots = createSnapshotStore({ clock: { now: () => nowMs }, intervalMs: 1_000 });
  const frames = createFrames({ mostWaitingBytes: Number.POSITIVE_INFINITY });
  const organization = { id: organizationId, slug: "acme" };
  let plainBytes = 0;
  const begunCpu = process.cpuUsage();
  for (let at = 0; at < framesPerHour; at += 1, nowMs += 10_000) {
    const observedAt = new Date(nowMs).toISOString();
    snapshots.ingest(
      makeTick({
        ...{ observedAt, queuesObservedAt: { primary: observedAt }, organizations: [organization] },
        servers: Array.from({ length: 10 }, (_, server) =>
          makeServer(`s${server}`, { observedAt, roundTripMs: Math.floor(random() * 9) }),
        ),
        queues: Array.from({ length: things }, (_, queue) =>
          makeQueue(`queue-${queue}`, {
            // Two of three stand still, as queues do.
            counts: makeCounts(
              queue % 3 === 0 ? { waiting: Math.floor(random() * 40), completed: at * 7 + queue } : {},
            ),
            completedPerMinute: queue % 3 === 0 ? Math.floor(random() * 600) : 0,
          }),
        ),
      }),
    );
    const views = snapshots.viewsOf(organization);
    plainBytes += views.queuesJson.plain().length + views.overviewJson.plain().length;
    frames.take(organizationId, nowMs, views, false);
    await frames.settled();
  }
  const cpu = process.cpuUsage(begunCpu);
  const size = (frame: ReturnType<typeof frames.waiting>[number]) =>
    frameTopics.reduce((sum, topic) => sum + frame[topic].length, 0);
  const mean = (part: readonly ReturnType<typeof frames.waiting>[number][]) =>
    part.reduce((sum, frame) => sum + size(frame), 0) / Math.max(part.length, 1);
  const all = frames.waiting();
  const whole = mean(all.filter(({ baseAtMs }) => baseAtMs === null));
  const difference = mean(all.filter(({ baseAtMs }) => baseAtMs !== null));
  const kept = 2_160 * difference + 7 * 1_440 * difference + 7 * 144 * whole + 396 * 24 * whole;
  print(
    [
      `Frames of ${things} queues and 10 servers: ${(plainBytes / framesPerHour / 1024).toFixed(0)} KiB of JSON each,`,
      `whole ${(whole / 1024).toFixed(1)} KiB, difference ${(difference / 1024).toFixed(1)} KiB,`,
      `${((cpu.user + cpu.system) / 1_000 / framesPerHour).toFixed(1)} ms of processor each 10 s (with making the views)`,
    ].join(" "),
  );
  print(
    `written ${((framesPerHour * 24 * mean(all)) / 1024 ** 2).toFixed(0)} MiB a day and organization, kept in all ${(kept / 1024 ** 2).toFixed(0)} MiB after 13 months`,
  );
}

const print = (line: string) => process.stdout.write(`${line}\n`);
