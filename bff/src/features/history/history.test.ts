import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres.ts";
import { createPostgresLease, LeaseLost, type PostgresLease } from "#lib/postgres-lease.ts";
import { createSnapshotStore } from "#observe/snapshot-store.ts";
import type { Tick } from "#observe/tick.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { makeCounts, makeQueue, makeTick } from "#testing/tick.ts";
import { createHistory } from "./history.ts";
import { createHistoryEvents } from "./history-events.ts";
import { createRollup } from "./history-rollup.ts";
import { createSeriesReader } from "./history-series.ts";
import { createHistoryStore } from "./history-store.ts";
import { createHistoryWriter } from "./history-writer.ts";

const log = pino({ level: "silent" });
let database: Database;
const hours = 3_600_000;
const beginMs = Date.UTC(2026, 0, 5, 12);
const isoOf = (ms: number) => new Date(ms).toISOString();

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
  return { id, slug, name: slug };
}

/** A process that observes: ticks are handed to it, and Postgres can be taken away from it. */
function remembering(organization: { id: string; slug: string }, owner = `test/${randomUUID()}`) {
  let nowMs = beginMs;
  const clock = { now: () => nowMs };
  const snapshots = createSnapshotStore({ clock, intervalMs: 1_000 });
  const real = createPostgresLease({ database, name: `test-${organization.slug}`, owner, ttlMs: 60_000 });
  let isAway = false;
  const unless = <T>(work: () => Promise<T>): Promise<T> =>
    isAway
      ? Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))
      : work();
  const lease: PostgresLease = {
    hold: () => unless(real.hold),
    write: (epoch, work) => unless(() => real.write(epoch, work)),
    release: () => unless(real.release),
  };
  const store = createHistoryStore({ database });
  const rollUp = createRollup({ database, store, lease });
  const writer = createHistoryWriter({ snapshots, owner, lease, store, rollUp, clock, log });
  writer.start();
  return {
    ...{ owner, snapshots, writer, clock, lease: real },
    away: (now: boolean) => {
      isAway = now;
    },
    /** Observes at a moment and waits for what is written; answers what is served then. */
    async tick(atMs: number, waiting: number, part: Partial<Tick> = {}) {
      nowMs = atMs;
      snapshots.ingest(
        makeTick({
          ...{ observer: owner, observedAt: isoOf(atMs), organizations: [organization] },
          queuesObservedAt: { primary: isoOf(atMs) },
          queues: [makeQueue("mail", { organization: organization.slug, counts: makeCounts({ waiting }) })],
          ...part,
        }),
      );
      const views = snapshots.viewsOf(organization);
      const shown = { queues: views.queuesJson.plain(), overview: views.overviewJson.plain() };
      await writer.settled();
      return shown;
    },
  };
}

const historyOf = (nowMs: number) =>
  createHistory({
    ...{ database, clock: { now: () => nowMs }, actsBetween: async () => [], log },
    changes: {
      run: async () => {
        throw new Error("not used");
      },
      runAsSystem: async () => {
        throw new Error("not used");
      },
    },
  });

describe("time travel", () => {
  test("gives what was shown at the last stored frame at or before the moment, byte by byte", async () => {
    const organization = await makeOrganization();
    const it = remembering(organization);
    const shown: { atMs: number; queues: Buffer; overview: Buffer }[] = [];
    // Over the turn of a chunk and of an hour, and with a change between two frames.
    for (let atMs = beginMs - 720_000; atMs <= beginMs + 120_000; atMs += 20_000)
      shown.push({ atMs, ...(await it.tick(atMs, (atMs / 1_000) % 97)) });
    const change = {
      at: isoOf(beginMs + 123_000),
      text: "Queue mail has no worker",
      by: "seen",
      kind: "queue",
      state: "down",
    } as const;
    const changed = await it.tick(beginMs + 123_000, 5, {
      changes: [{ organization: organization.slug, subject: "mail", change }],
    });
    shown.push({ atMs: beginMs + 123_000, ...changed });
    await it.tick(beginMs + 140_000, 5);

    const { readPast } = historyOf(beginMs + hours);
    for (const { atMs, queues, overview } of shown) {
      const isChange = atMs === beginMs + 123_000;
      for (const later of [0, isChange ? 6_000 : 2_900]) {
        expect((await readPast(organization.id, "queues", isoOf(atMs + later))).equals(queues)).toBe(true);
        expect((await readPast(organization.id, "overview", isoOf(atMs + later))).equals(overview)).toBe(
          true,
        );
      }
    }
    const first = isoOf(beginMs - 720_000);
    await expect(readPast(organization.id, "queues", isoOf(beginMs - 720_001))).rejects.toMatchObject({
      ...{ code: "not_found", message: expect.stringContaining(first) },
    });
    await expect(readPast(organization.id, "queues", isoOf(beginMs + 2 * hours))).rejects.toMatchObject({
      code: "validation_failed",
    });
    const foreign = await makeOrganization();
    await expect(readPast(foreign.id, "queues", isoOf(beginMs))).rejects.toMatchObject({ code: "not_found" });
    const rows = await database.asOrganizations([foreign.id], (tx) =>
      tx.selectFrom("history_frames").select("at").where("org_id", "=", organization.id).execute(),
    );
    expect(rows).toEqual([]);
  });
});

test("the journal of one thing is paged whole and in order, past every change of others, and ends at a moment", async () => {
  const organization = await makeOrganization();
  const it = remembering(organization);
  for (let at = 0; at < 9; at += 1) {
    const subject = at % 3 === 0 ? "mail" : "orders";
    // Two at one and the same time, so that pages must not stand on the time alone.
    const atIso = isoOf(beginMs + Math.floor(at / 6) * 60_000);
    const change = { at: atIso, text: `${subject} ${at}`, by: "seen", kind: "queue", state: null } as const;
    await it.tick(beginMs + at * 10_000, 1, {
      changes: [{ organization: organization.slug, subject, change }],
    });
  }
  const { journal } = createHistoryEvents({ database, actsBetween: async () => [] });
  const pagesOf = async (subject: string, to?: string) => {
    const texts: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 9; pages += 1) {
      const page = await journal(organization.id, { kind: ["queue"], subject, to, cursor, limit: 1 });
      texts.push(...page.items.map(({ text }) => text));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    return texts;
  };
  const all = await pagesOf("mail");
  expect(all[0]).toBe("mail 6");
  expect([...all].sort()).toEqual(["mail 0", "mail 3", "mail 6"]);
  expect((await pagesOf("mail", isoOf(beginMs + 1))).sort()).toEqual(["mail 0", "mail 3"]);
});

describe("the writer", () => {
  const waitingOf = async (organizationId: string, nowMs: number, minutes: number) => {
    const read = createSeriesReader({ database, clock: { now: () => nowMs } });
    const { series, stepMs } = await read(organizationId, {
      ...{ kind: "queue", id: "mail", metrics: ["waiting"] },
      ...{ from: isoOf(nowMs - minutes * 60_000), to: isoOf(nowMs) },
    });
    expect(stepMs).toBe(10_000);
    return series[0]?.values;
  };

  test("holds what it saw while Postgres is away, and writes it afterwards", async () => {
    const organization = await makeOrganization();
    const it = remembering(organization);
    await it.tick(beginMs, 1);
    it.away(true);
    const shown: Buffer[] = [];
    const change = {
      at: isoOf(beginMs + 30_000),
      text: "Queue mail paused",
      by: "seen",
      kind: "queue",
      state: null,
    } as const;
    for (let at = 1; at <= 6; at += 1) {
      const changes = at === 3 ? [{ organization: organization.slug, subject: "mail", change }] : [];
      shown.push((await it.tick(beginMs + at * 10_000, 1 + at, { changes })).queues);
    }
    const { readPast } = historyOf(beginMs + hours);
    const journal = () =>
      database.system
        .selectFrom("history_journal")
        .select("text")
        .where("org_id", "=", organization.id)
        .execute();
    expect(await journal()).toEqual([]);
    it.away(false);
    await it.tick(beginMs + 70_000, 8);
    for (const [at, queues] of shown.entries())
      expect(
        (await readPast(organization.id, "queues", isoOf(beginMs + (at + 1) * 10_000))).equals(queues),
      ).toBe(true);
    expect(await journal()).toEqual([{ text: "Queue mail paused" }]);
    expect(await waitingOf(organization.id, beginMs + 80_000, 1)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test("goes on with the chunk that a leader left who died", async () => {
    const organization = await makeOrganization();
    const first = remembering(organization);
    for (let at = 0; at <= 6; at += 1) await first.tick(beginMs + at * 10_000, 10 + at);
    await database.system
      .updateTable("leases")
      .set({ expires_at: new Date(0) })
      .where("owner", "=", first.owner)
      .execute();
    const second = remembering(organization);
    for (let at = 8; at <= 60; at += 1) await second.tick(beginMs + at * 10_000, 10 + at);
    const rows = await database.system
      .selectFrom("history_chunks")
      .select(["metrics", "means"])
      .where("org_id", "=", organization.id)
      .where("entity", "=", "mail")
      .execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]?.means.slice(0, 10)).toEqual([10, 11, 12, 13, 14, 15, 16, null, 18, 19]);

    // The one that was given up for dead comes back: nothing of it is written.
    await first.tick(beginMs + 620_000, 99);
    expect(await waitingOf(organization.id, beginMs + 640_000, 1)).not.toContain(99);
  });

  test("is refused when another one has taken the lease", async () => {
    const name = `test-${randomUUID()}`;
    const [one, two] = [1, 2].map((n) =>
      createPostgresLease({ database, name, owner: `owner-${n}`, ttlMs: 60_000 }),
    );
    if (!one || !two) throw new Error("no leases");
    expect(await one.hold()).toBe(1);
    expect(await two.hold()).toBeNull();
    await one.release();
    expect(await two.hold()).toBe(2);
    expect(await one.hold()).toBeNull();
    const organization = await makeOrganization();
    const write = (lease: PostgresLease, epoch: number) =>
      lease.write(epoch, (tx) =>
        tx
          .insertInto("history_journal")
          .values({
            org_id: organization.id,
            at: new Date(beginMs),
            kind: "queue",
            subject: "mail",
            text: "x",
            cause: "y",
          })
          .execute(),
      );
    await expect(write(one, 1)).rejects.toThrow(LeaseLost);
    await expect(write(two, 1)).rejects.toThrow(LeaseLost);
    await write(two, 2);
    expect(
      await database.system
        .selectFrom("history_journal")
        .select("id")
        .where("org_id", "=", organization.id)
        .execute(),
    ).toHaveLength(1);
  });

  test("sums 6 h up into minutes and hours, and doing it again changes nothing", async () => {
    const organization = await makeOrganization();
    const it = remembering(organization);
    const store = createHistoryStore({ database });
    const epoch = (await it.lease.hold()) ?? 0;
    const chunks = Array.from({ length: 36 }, (_, at) => ({
      ...{ organizationId: organization.id, kind: "queue" as const, entity: "mail" },
      startsAtMs: beginMs + at * 600_000,
      means: new Map([
        ["waiting", Array.from({ length: 60 }, (__, step) => (at < 6 && step === 0 ? null : at * 60 + step))],
      ]),
    }));
    await it.lease.write(epoch, (tx) => store.writeClosed(tx, chunks));
    const rollUp = createRollup({ database, store, lease: it.lease });
    const nowMs = beginMs + 7 * hours;
    const read = createSeriesReader({ database, clock: { now: () => nowMs + 30 * 24 * hours } });
    const hoursOf = async () =>
      (
        await read(organization.id, {
          kind: "queue",
          id: "mail",
          metrics: ["waiting"],
          from: isoOf(beginMs),
          to: isoOf(beginMs + 6 * hours),
        })
      ).series[0];
    await rollUp(epoch, nowMs);
    const once = await hoursOf();
    expect(once?.values.map((value) => Math.round(value ?? -1))).toEqual([
      180, 540, 900, 1_260, 1_620, 1_980,
    ]);
    expect([once?.mins?.[0], once?.maxs?.[5]]).toEqual([1, 2_159]);
    await database.system.deleteFrom("history_rollups").execute();
    await rollUp(epoch, nowMs);
    expect(await hoursOf()).toEqual(once);
  });
});
