import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPostgresLease, LeaseLost, type PostgresLease } from "#lib/postgres/lease.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { startWire } from "#testing/wire.ts";
import { createJournalReader } from "./reading/events.ts";
import { createSeriesReader } from "./reading/series.ts";
import { beginMs, historyOf, isoOf, makeOrganization, remembering } from "./testing/history.fixture.ts";
import { createRollup } from "./writing/rollup.ts";
import { createHistoryStore } from "./writing/store.ts";

const log = pino({ level: "silent" });
let database: Database;
const hours = 3_600_000;

beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 4, log });
});
afterAll(() => database.close());

describe("time travel", () => {
  test("returns the last frame stored at or before the time, byte for byte", async () => {
    const organization = await makeOrganization(database);
    const it = remembering(database, organization);
    const shown: { atMs: number; queues: Buffer; overview: Buffer }[] = [];
    // Across the end of a chunk and of an hour, and with a change between two frames.
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

    const { readPart } = historyOf(database, beginMs + hours).past;
    for (const { atMs, queues, overview } of shown) {
      const isChange = atMs === beginMs + 123_000;
      for (const later of [0, isChange ? 6_000 : 2_900]) {
        expect((await readPart(organization.id, "queues", isoOf(atMs + later))).equals(queues)).toBe(true);
        expect((await readPart(organization.id, "overview", isoOf(atMs + later))).equals(overview)).toBe(
          true,
        );
      }
    }
    const first = isoOf(beginMs - 720_000);
    await expect(readPart(organization.id, "queues", isoOf(beginMs - 720_001))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(first),
    });
    await expect(readPart(organization.id, "queues", isoOf(beginMs + 2 * hours))).rejects.toMatchObject({
      code: "validation_failed",
    });
    const foreign = await makeOrganization(database);
    await expect(readPart(foreign.id, "queues", isoOf(beginMs))).rejects.toMatchObject({ code: "not_found" });
    const rows = await database.asOrganizations([foreign.id], (tx) =>
      tx.selectFrom("history_frames").select("at").where("org_id", "=", organization.id).execute(),
    );
    expect(rows).toEqual([]);
  });
});

test("the journal of one thing is paginated completely and in order, past changes of others, and ends at the given time", async () => {
  const organization = await makeOrganization(database);
  const it = remembering(database, organization);
  for (let at = 0; at < 9; at += 1) {
    const subject = at % 3 === 0 ? "mail" : "orders";
    // Two at the same time, so that pagination must not rely on the time alone.
    const atIso = isoOf(beginMs + Math.floor(at / 6) * 60_000);
    const change = { at: atIso, text: `${subject} ${at}`, by: "seen", kind: "queue", state: null } as const;
    await it.tick(beginMs + at * 10_000, 1, {
      changes: [{ organization: organization.slug, subject, change }],
    });
  }
  const journal = createJournalReader({ database });
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
  const waitingOf = async (of: Database, organizationId: string, nowMs: number, minutes: number) => {
    const read = createSeriesReader({ database: of, clock: { now: () => nowMs } });
    const { series, stepMs } = await read(organizationId, {
      kind: "queue",
      id: "mail",
      metrics: ["waiting"],
      from: isoOf(nowMs - minutes * 60_000),
      to: isoOf(nowMs),
    });
    expect(stepMs).toBe(10_000);
    return series[0]?.values;
  };

  test("keeps observations while Postgres is unavailable, and writes them afterwards", async () => {
    const { appUrl, systemUrl } = await createTestDatabase();
    const wire = await startWire(systemUrl);
    const through = createDatabase({ appUrl, systemUrl: wire.url, poolSize: 4, log });
    const near = createDatabase({ appUrl, systemUrl, poolSize: 4, log });
    try {
      const organization = await makeOrganization(near);
      const it = remembering(through, organization);
      await it.tick(beginMs, 1);
      await wire.cut();
      // 12 min, across the end of a chunk.
      const shown: Buffer[] = [];
      const change = {
        at: isoOf(beginMs + 30_000),
        text: "Queue mail paused",
        by: "seen",
        kind: "queue",
        state: null,
      } as const;
      for (let at = 1; at <= 72; at += 1) {
        const changes = at === 3 ? [{ organization: organization.slug, subject: "mail", change }] : [];
        shown.push((await it.tick(beginMs + at * 10_000, 1 + at, { changes })).queues);
      }
      const journal = () =>
        near.system
          .selectFrom("history_journal")
          .select("text")
          .where("org_id", "=", organization.id)
          .execute();
      expect(await journal()).toEqual([]);
      await wire.mend();
      await it.tick(beginMs + 730_000, 74);
      const { readPart } = historyOf(near, beginMs + hours).past;
      for (const [at, queues] of shown.entries())
        expect(
          (await readPart(organization.id, "queues", isoOf(beginMs + (at + 1) * 10_000))).equals(queues),
        ).toBe(true);
      expect(await journal()).toEqual([{ text: "Queue mail paused" }]);
      expect(await waitingOf(near, organization.id, beginMs + 740_000, 12)).toEqual(
        Array.from({ length: 72 }, (_, at) => at + 3),
      );
    } finally {
      await Promise.all([through.close(), near.close()]);
      await wire.close();
    }
  });

  test("keeps the newest 6 h of a Postgres outage, and drops the rest", async () => {
    const { appUrl, systemUrl } = await createTestDatabase();
    const wire = await startWire(systemUrl);
    const through = createDatabase({ appUrl, systemUrl: wire.url, poolSize: 4, log });
    const near = createDatabase({ appUrl, systemUrl, poolSize: 4, log });
    try {
      const organization = await makeOrganization(near);
      const it = remembering(through, organization);
      await it.tick(beginMs, 0);
      await wire.cut();
      for (let at = 1; at <= 48; at += 1) await it.tick(beginMs + at * 600_000, at);
      await wire.mend();
      await it.tick(beginMs + 49 * 600_000, 49);
      const stored = await near.system
        .selectFrom("history_chunks")
        .select("starts_at")
        .where("org_id", "=", organization.id)
        .where("entity", "=", "mail")
        .where("step_s", "=", 10)
        .orderBy("starts_at")
        .execute();
      expect(stored.map(({ starts_at }) => (starts_at.getTime() - beginMs) / 600_000)).toEqual(
        Array.from({ length: 36 }, (_, at) => at + 13),
      );
    } finally {
      await Promise.all([through.close(), near.close()]);
      await wire.close();
    }
  });

  test("continues the chunk of a leader that died", async () => {
    const organization = await makeOrganization(database);
    const first = remembering(database, organization);
    for (let at = 0; at <= 6; at += 1) await first.tick(beginMs + at * 10_000, 10 + at);
    await database.system
      .updateTable("leases")
      .set({ expires_at: new Date(0) })
      .where("owner", "=", first.owner)
      .execute();
    const second = remembering(database, organization);
    for (let at = 8; at <= 60; at += 1) await second.tick(beginMs + at * 10_000, 10 + at);
    const rows = await database.system
      .selectFrom("history_chunks")
      .select(["metrics", "means"])
      .where("org_id", "=", organization.id)
      .where("entity", "=", "mail")
      .execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]?.means.slice(0, 10)).toEqual([10, 11, 12, 13, 14, 15, 16, null, 18, 19]);

    // The presumed dead process returns: nothing of it is written.
    await first.tick(beginMs + 620_000, 99);
    expect(await waitingOf(database, organization.id, beginMs + 640_000, 1)).not.toContain(99);
  });

  test("is rejected when another process has taken the lease", async () => {
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
    const organization = await makeOrganization(database);
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

  test("sums up 6 h into minutes and hours, and repeating it changes nothing", async () => {
    const organization = await makeOrganization(database);
    const it = remembering(database, organization);
    const store = createHistoryStore({ database });
    const epoch = (await it.lease.hold()) ?? 0;
    const chunks = Array.from({ length: 36 }, (_, at) => ({
      organizationId: organization.id,
      kind: "queue" as const,
      entity: "mail",
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
