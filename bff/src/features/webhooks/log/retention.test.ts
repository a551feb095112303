import { sql } from "kysely";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditEntry, Changes } from "#lib/change.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";
import { makeEventIds } from "../ids.ts";
import { createRetention } from "./retention.ts";

const dayMs = 86_400_000;
const log = pino({ level: "silent" });
const audited: AuditEntry[] = [];
let urls: TestDatabase;
let database: Database;
let organizationId = "";

beforeAll(async () => {
  urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 3, log });
  const { rows } = await sql<{ id: string }>`
    insert into organizations (slug, name, depth) values ('shop', 'Shop', 1) returning id`.execute(
    database.system,
  );
  organizationId = rows[0]?.id ?? "";
});
afterAll(() => database.close());

const changes: Pick<Changes, "runAsSystem"> = {
  runAsSystem: (_organization, _actor, _action, work) =>
    database.system.transaction().execute(async (tx) => {
      const { result, audit } = await work(tx);
      audited.push(audit);
      return result;
    }),
};
const retention = (on = database) =>
  createRetention({
    database: on,
    changes: { ...changes, run: () => Promise.reject(new Error("not used")) },
    config: { keptDays: 7, deadLettersKeptDays: 90 },
    clock: { now: () => Date.now() },
    log,
  });

const statuses = ["completed", "completed", "discarded", "dead_letter", "pending", "failed"];

/** A day with each status, each with its event and an attempt. @returns the ids by status. */
async function fillDay(daysAgo: number) {
  const atMs = Math.floor(Date.now() / dayMs) * dayMs - daysAgo * dayMs + 3_600_000;
  const day = new Date(atMs).toISOString().slice(0, 10);
  await sql`select make_webhook_partitions(${day}::date, ${day}::date)`.execute(database.system);
  const rows = statuses.map((status, n) => {
    const { eventId, createdAt, deliveryIds } = makeEventIds(atMs + n, 1);
    return { id: deliveryIds[0] ?? "", eventId, status, at: createdAt.toISOString() };
  });
  await sql`
    with rows as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as r(id uuid, "eventId" text, status text, at timestamptz)
    ), events as (
      insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type, headers, payload, received_at, created_at)
      select "eventId", ${organizationId}::uuid, id, "eventId", 't', 'x', '{}', '{}', at, at from rows
    ), attempts as (
      insert into webhook_attempts (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt, attempt_trigger,
        url, started_at, finished_at, outcome, request_headers)
      select id, at, ${organizationId}::uuid, id, 1, 1, 'schedule', '', at, at, 'failure', '{}' from rows
    )
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      max_attempts, generation_started_at, next_attempt_at, created_at)
    select id, ${organizationId}::uuid, id, ${organizationId}::uuid, 't', "eventId", at, status, 7, at,
      case when status in ('pending', 'failed') then now() + interval '1 day' end, at from rows
  `.execute(database.system);
  return { day, rows };
}

async function stored(day: string) {
  const of = (query: ReturnType<typeof sql<{ value: string }>>) =>
    query.execute(database.system).then(({ rows }) => rows.map(({ value }) => value));
  return {
    statuses: await of(
      sql<{
        value: string;
      }>`select status as value from webhook_delivery_log where created_at::date = ${day}::date order by created_at`,
    ),
    events: await of(
      sql<{
        value: string;
      }>`select event_id as value from webhook_events where created_at::date = ${day}::date order by 1`,
    ),
    attempts: await of(
      sql<{
        value: string;
      }>`select delivery_id as value from webhook_attempts where delivery_created_at::date = ${day}::date order by 1`,
    ),
  };
}
const unfinished = ["dead_letter", "pending", "failed"];

test("finds its days by any plan, also one that looks at all relations before it knows which are days", async () => {
  const plan =
    "options=-c%20enable_nestloop%3Doff%20-c%20enable_indexscan%3Doff%20-c%20enable_bitmapscan%3Doff";
  const systemUrl = `${urls.systemUrl}${urls.systemUrl.includes("?") ? "&" : "?"}${plan}`;
  const other = createDatabase({ appUrl: urls.appUrl, systemUrl, poolSize: 2, log });
  await retention(other).run();
  await other.close();
});

test("after 7 days a day keeps dead letters and unfinished deliveries with their events and attempts, and its counters say so", async () => {
  const { day, rows } = await fillDay(9);
  const fresh = await fillDay(3);
  await sql`select fold_webhook_changes()`.execute(database.system);
  audited.length = 0;
  await retention().run();
  const kept = rows.filter(({ status }) => unfinished.includes(status));
  expect(await stored(day)).toEqual({
    statuses: unfinished,
    events: kept.map(({ eventId }) => eventId).sort(),
    attempts: kept.map(({ id }) => id).sort(),
  });
  expect((await stored(fresh.day)).statuses).toEqual(statuses);
  expect(audited.map(({ after }) => after)).toEqual([{ day, keep: "unfinished", removed: 3, kept: 3 }]);
  await sql`select fold_webhook_changes()`.execute(database.system);
  const { rows: counted } = await database.asOrganizations([organizationId], (tx) =>
    sql<{ status: string; count: number }>`select status, count from count_webhook_deliveries(
      ${JSON.stringify({ organizations: [organizationId] })}::jsonb, ${day}::timestamptz, ${day}::timestamptz + interval '1 day', null, false)`.execute(
      tx,
    ),
  );
  expect(new Map(counted.map(({ status, count }) => [status, count]))).toEqual(
    new Map(unfinished.map((status) => [status, 1])),
  );
  // What is left can still be found, replayed and delivered: the roles of the product see it as before.
  const update =
    await sql`update webhook_delivery_log set version = version + 1 where created_at::date = ${day}::date`.execute(
      database.system,
    );
  expect(update.numAffectedRows).toBe(3n);
  await retention().run();
  expect(audited).toHaveLength(1);
});

test("after 90 days a day is gone, and dead letters no longer count as waiting", async () => {
  const { day } = await fillDay(92);
  const waiting = async () => {
    const { rows } = await sql<{
      sum: number;
    }>`select coalesce(sum(delta), 0)::int as sum from webhook_counts where status = 'dead_letter'`.execute(
      database.system,
    );
    return rows[0]?.sum ?? 0;
  };
  const before = await waiting();
  await retention().run();
  expect(await stored(day)).toEqual({ statuses: [], events: [], attempts: [] });
  expect(await waiting()).toBe(before - 1);
});

test("a day with a running run, a running attempt or a lock is left alone until that ends", async () => {
  const { day, rows } = await fillDay(11);
  const dead = rows.find(({ status }) => status === "dead_letter");
  const { rows: runs } = await sql<{ id: string }>`
    insert into webhook_replays (org_id, state, filter, plan, planned_by, created_at, expires_at)
    values (${organizationId}::uuid, 'running', '{}', '{}', 'someone', now(), now()) returning id`.execute(
    database.system,
  );
  await sql`insert into webhook_replay_items (delivery_id, replay_id, org_id, endpoint_id, delivery_created_at, generation)
    values (${dead?.id}::uuid, ${runs[0]?.id}::uuid, ${organizationId}::uuid, ${organizationId}::uuid, ${dead?.at}::timestamptz, 1)`.execute(
    database.system,
  );
  await retention().run();
  expect((await stored(day)).statuses).toEqual(statuses);
  await sql`update webhook_replays set state = 'completed', ended_at = now()`.execute(database.system);

  await sql`insert into webhook_claims (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt, attempt_trigger, url, worker, started_at, deadline_at)
    values (${dead?.id}::uuid, ${dead?.at}::timestamptz, ${organizationId}::uuid, ${organizationId}::uuid, 1, 1, 'replay', '', 'w', now(), now())`.execute(
    database.system,
  );
  await retention().run();
  expect((await stored(day)).statuses).toEqual(statuses);
  await sql`delete from webhook_claims`.execute(database.system);

  const admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  await admin.query(
    `begin; lock table wheelhouse.webhook_delivery_log_p${day.replaceAll("-", "")} in access share mode`,
  );
  await retention().run();
  expect((await stored(day)).statuses).toEqual(statuses);
  await admin.query("commit");
  await admin.end();
  await retention().run();
  expect((await stored(day)).statuses).toEqual(unfinished);
}, 30_000);

test("rows that the owner cannot see abort the expiry instead of being lost", async () => {
  const { day } = await fillDay(10);
  const admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  await admin.query(
    `alter policy by_owner on wheelhouse.webhook_delivery_log using (status <> 'dead_letter')`,
  );
  await retention().run();
  await admin.query(`alter policy by_owner on wheelhouse.webhook_delivery_log using (true)`);
  await admin.end();
  expect((await stored(day)).statuses).toEqual(statuses);
});
