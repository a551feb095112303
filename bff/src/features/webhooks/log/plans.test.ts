import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { pino } from "pino";
import { expect, test } from "vitest";
import { z } from "zod";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { makeEventIds, timeOfId } from "../ids.ts";

const plans = z.tuple([
  z.object({ Plan: z.object({ "Shared Hit Blocks": z.number(), "Shared Read Blocks": z.number() }) }),
]);

test("a search and a count read the counters of their own streams, and rows are shown by their key, however many others there are in that time", async () => {
  const { appUrl, systemUrl } = await createTestDatabase();
  const database = createDatabase({ appUrl, systemUrl, poolSize: 4, log: pino({ level: "silent" }) });
  const { app, system } = database;
  const [organization, endpoint] = [randomUUID(), randomUUID()];
  await sql`insert into organizations (id, slug, name, depth) values (${organization}, 'plans', 'Plans', 1)`.execute(
    system,
  );
  await sql`select make_webhook_partitions(current_date - 1, current_date)`.execute(system);
  const filter = (type: string) => JSON.stringify({ organizations: [organization], types: [type] });
  const find = (type: string) =>
    sql`select * from find_webhook_deliveries(${filter(type)}::jsonb, null, null, 51)`;
  const count = (type: string) =>
    sql`select * from count_webhook_deliveries(${filter(type)}::jsonb, now() - interval '20 hours', now(), null, false)`;
  await app.connection().execute(async (connection) => {
    const pagesOf = async (call: ReturnType<typeof sql>) => {
      const { rows } = await sql<{ "QUERY PLAN": unknown }>`
        explain (analyze, buffers, format json) ${call}`.execute(connection);
      const [{ Plan }] = plans.parse(rows[0]?.["QUERY PLAN"]);
      return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
    };
    await sql`select set_config('wheelhouse.organization_ids', ${`{${organization}}`}, false)`.execute(
      connection,
    );

    const startMs = Date.now() - 3_600_000;
    const ids = Array.from({ length: 2_500 }, (_, n) => makeEventIds(startMs + n, 1).deliveryIds[0] ?? "");
    await sql`
      insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
        attempts, max_attempts, generation_started_at, created_at)
      select id, ${organization}::uuid, ${endpoint}::uuid, ${endpoint}::uuid,
        case when n <= 3 then 'rare' else 'usual' end, 'msg_' || id, at, 'completed', 1, 3, at, at
      from unnest(${ids}::uuid[], ${ids.map(timeOfId)}::timestamptz[]) with ordinality as d (id, at, n)
    `.execute(system);
    await sql`select fold_webhook_changes()`.execute(system);
    // Both pass the walk over the newest deliveries; the first calls also plan, before the others are counted.
    for (const call of [find("rare"), count("rare")]) await pagesOf(call);
    await sql`
      insert into webhook_tally (stream, step, at, org_id, count)
      select hashint8extended(n, 7), step, date_trunc('hour', now() - (n % 20) * interval '1 hour'), ${randomUUID()}::uuid, 1
      from generate_series(1, 20000) n cross join unnest(array[5, 60]::smallint[]) as step
    `.execute(system);
    const { rows } = await find("rare").execute(connection);
    expect(rows).toHaveLength(3);
    expect(await pagesOf(find("rare"))).toBeLessThan(2_500);
    expect(await pagesOf(count("rare"))).toBeLessThan(300);
    // Rows far from each other, with many between them.
    const some = [ids[0] ?? "", ids.at(-1) ?? ""];
    const show = sql`select * from show_webhook_deliveries(${some}::uuid[], ${some.map(timeOfId)}::timestamptz[])`;
    expect((await show.execute(connection)).rows).toHaveLength(2);
    expect(await pagesOf(show)).toBeLessThan(50);
  });
  await database.close();
});
