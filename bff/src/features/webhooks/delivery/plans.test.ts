import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Tables } from "#database/tables.ts";
import { makeEventIds, timeOfId } from "../ids.ts";
import { makeEndpoint, makeSource } from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

const plans = z.tuple([
  z.object({ Plan: z.object({ "Shared Hit Blocks": z.number(), "Shared Read Blocks": z.number() }) }),
]);

const pagesOf = async (connection: Kysely<Tables>, call: ReturnType<typeof sql>) => {
  const { rows } = await sql<{ "QUERY PLAN": unknown }>`
    explain (analyze, buffers, format json) ${call}`.execute(connection);
  const [{ Plan }] = plans.parse(rows[0]?.["QUERY PLAN"]);
  return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
};

test("beside 50,000 pending deliveries and accepted events, each statement of an attempt and the duplicate check touch few pages", {
  timeout: 60_000,
}, async () => {
  const { gateway, stop } = await startWorking();
  const { organization } = await makeSource(gateway);
  const endpoint = await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in");
  const { system } = gateway.database;
  const { deliveryIds } = makeEventIds(Date.now(), 50_000);
  const createdAt = timeOfId(deliveryIds[0] ?? "");
  const sourceId = randomUUID();
  await sql`
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      max_attempts, generation_started_at, next_attempt_at, created_at)
    select id, ${organization.id}::uuid, ${sourceId}::uuid, ${endpoint.id}::uuid, 't', 'msg_' || id, now(), 'pending', 3,
      now(), now() + interval '1 hour', ${createdAt}::timestamptz
    from unnest(${deliveryIds}::uuid[]) as id
  `.execute(system);
  await sql`
    insert into processed_webhook_events (org_id, source_id, source_event_id, body_hash, event_id, day)
    select ${organization.id}::uuid, ${sourceId}::uuid, id::text, '', 'msg_' || id, current_date
    from unnest(${deliveryIds}::uuid[]) as id
  `.execute(system);

  const claim = (id: string | undefined) => sql`
    select * from claim_webhook_deliveries(
      ${JSON.stringify([{ id, created_at: createdAt, generation: 1, attempt: 1 }])}::json,
      ${createdAt}::timestamptz, ${createdAt}::timestamptz, 'test', now(), 15000, 5000)`;
  const refsOf = (id: string | undefined) =>
    JSON.stringify([
      { id, created_at: createdAt, generation: 1, attempt: 1, until: createdAt, spread_ms: 1_000 },
    ]);
  const finish = (id: string | undefined) => sql`
    select * from finish_webhook_attempts(
      ${JSON.stringify([
        {
          id,
          createdAt,
          generation: 1,
          attempt: 1,
          result: "failure",
          finishedAt: createdAt,
          requestHeaders: {},
          status: "failed",
          nextAttemptAt: createdAt,
        },
      ])}::json, ${createdAt}::timestamptz, ${createdAt}::timestamptz)`;
  const postpone = (id: string | undefined) => sql`
    select * from postpone_webhook_deliveries(${refsOf(id)}::json, ${createdAt}::timestamptz,
      ${createdAt}::timestamptz, now(), 3600000)`;
  const discard = (id: string | undefined) => sql`
    select * from discard_unwanted_webhook_deliveries(${refsOf(id)}::json, ${createdAt}::timestamptz,
      ${createdAt}::timestamptz)`;
  const seen = (id: string | undefined) => sql`
    select * from seen_webhook_events(${JSON.stringify([
      { n: 0, organizationId: organization.id, sourceId, sourceEventId: id, bodyHash: "" },
    ])}::json)`;
  await system.connection().execute(async (connection) => {
    // The first call in a session also plans.
    for (const call of [claim, finish, postpone, discard, seen])
      await pagesOf(connection, call(deliveryIds[0]));
    expect(await pagesOf(connection, claim(deliveryIds[20_000]))).toBeLessThan(150);
    expect(await pagesOf(connection, finish(deliveryIds[20_000]))).toBeLessThan(250);
    expect(await pagesOf(connection, postpone(deliveryIds[30_000]))).toBeLessThan(150);
    expect(await pagesOf(connection, discard(deliveryIds[30_000]))).toBeLessThan(50);
    expect(await pagesOf(connection, seen(deliveryIds[20_000]))).toBeLessThan(50);
  });
  await stop();
});

test("a plan made while the tables were empty looks up each row of a group by its key, however many endpoints there are", async () => {
  const { gateway, worker, stop } = await startWorking();
  await worker.drain();
  const { organization } = await makeSource(gateway);
  const endpoints: string[] = [];
  for (let n = 0; n < 20; n += 1)
    endpoints.push((await makeEndpoint(gateway, organization, "http://127.0.0.1:9/in", `in-${n}`)).id);
  const { system } = gateway.database;
  const { deliveryIds } = makeEventIds(Date.now(), 5_000);
  const createdAt = timeOfId(deliveryIds[0] ?? "");
  const sourceId = randomUUID();
  const group = (from: number) => deliveryIds.slice(from, from + 20);
  const claim = (from: number) => sql`
    select * from claim_webhook_deliveries(
      ${JSON.stringify(group(from).map((id) => ({ id, created_at: createdAt, generation: 1, attempt: 1 })))}::json,
      ${createdAt}::timestamptz, ${createdAt}::timestamptz, 'test', now(), 15000, 5000)`;
  const seen = (from: number) => sql`
    select * from seen_webhook_events(${JSON.stringify(
      group(from).map((id, n) => ({
        n,
        organizationId: organization.id,
        sourceId,
        sourceEventId: id,
        bodyHash: "",
      })),
    )}::json)`;
  await system.connection().execute(async (connection) => {
    for (const call of [claim, seen]) await pagesOf(connection, call(0));
    await sql`
      insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
        max_attempts, generation_started_at, next_attempt_at, created_at)
      select id, ${organization.id}::uuid, ${sourceId}::uuid, (${endpoints}::uuid[])[1 + mod(n, 20)], 't', 'msg_' || id,
        now(), 'pending', 3, now(), now() + interval '1 hour', ${createdAt}::timestamptz
      from unnest(${deliveryIds}::uuid[]) with ordinality as ids (id, n)
    `.execute(system);
    await sql`
      insert into processed_webhook_events (org_id, source_id, source_event_id, body_hash, event_id, day)
      select ${organization.id}::uuid, ${sourceId}::uuid, id::text, '', 'msg_' || id, current_date
      from unnest(${deliveryIds}::uuid[]) as id
    `.execute(system);
    expect(await pagesOf(connection, claim(1_000))).toBeLessThan(20 * 30);
    expect(await pagesOf(connection, seen(1_000))).toBeLessThan(20 * 10);
  });
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from webhook_claims`.execute(
    system,
  );
  expect(rows[0]?.count).toBe(20);
  await stop();
});
