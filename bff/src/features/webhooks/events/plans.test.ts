import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { makeSource, startGateway } from "../testing/gateway.fixture.ts";

const plans = z.tuple([
  z.object({ Plan: z.object({ "Shared Hit Blocks": z.number(), "Shared Read Blocks": z.number() }) }),
]);
const days = 94;
const nothing = { sources: null, types: null, fates: null };

test("over 94 days and 94,000 events, a page and a filter that matches nothing touch few pages", {
  timeout: 120_000,
}, async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const gateway = await startGateway({ ...database, redisUrl: redis.url });
  const { organization } = await makeSource(gateway);
  const sourceId = randomUUID();
  const { system, app } = gateway.database;
  for (const [from, to] of [
    [days, 47],
    [46, 0],
  ])
    await sql`select wheelhouse.make_webhook_partitions(current_date - ${from}::int, current_date - ${to}::int)`.execute(
      system,
    );
  await sql`
    insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type, headers, payload,
      fate, received_at, created_at)
    select 'msg_' || md5(n::text), ${organization.id}::uuid, ${sourceId}::uuid, 'evt_' || n,
      case n % 4 when 0 then 'order.paid' else 'charge.captured' end, 'application/json', '{}', '\\x01',
      case n % 40 when 0 then 'disabled' else 'matched' end, at, at
    from generate_series(1, ${days * 1_000}) n
    cross join lateral (select now() - n * ${days} * interval '1 day' / ${days * 1_000 + 1_000} as at) t
  `.execute(system);

  await app.connection().execute(async (connection) => {
    await sql`select set_config('wheelhouse.organization_ids', ${`{${organization.id}}`}, false)`.execute(
      connection,
    );
    const pagesOf = async (filter: {
      sources: string | null;
      types: string | null;
      fates: string | null;
    }) => {
      const list = (value: string | null) => (value === null ? null : [value]);
      const { rows } = await sql<{ "QUERY PLAN": unknown }>`
        explain (analyze, buffers, format json) select * from find_webhook_events(array[${organization.id}]::uuid[],
          ${list(filter.sources)}::uuid[], ${list(filter.types)}::text[], ${list(filter.fates)}::text[], null, null, null,
          null, 51)`.execute(connection);
      const [{ Plan }] = plans.parse(rows[0]?.["QUERY PLAN"]);
      return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
    };
    const filters = [
      nothing,
      { ...nothing, types: "order.paid" },
      { ...nothing, types: "never.sent" },
      { ...nothing, sources: randomUUID() },
      { ...nothing, fates: "none" },
      { ...nothing, types: "order.paid", fates: "filter" },
      { sources: sourceId, types: "charge.captured", fates: "later" },
    ];
    // The first call in a session also plans.
    for (const filter of filters) await pagesOf(filter);
    for (const filter of filters)
      expect({ filter, pages: await pagesOf(filter) }).toMatchObject({
        // Six fates, each with a probe of two pages a day at most.
        pages: expect.toSatisfy((pages: number) => pages < days * 6 * 3),
      });
  });
  await gateway.close();
});
