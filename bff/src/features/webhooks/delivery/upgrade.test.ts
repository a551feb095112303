import { updateEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { timeOfId } from "../ids.ts";
import { makeEndpoint, makeSource, postEvent } from "../testing/gateway.fixture.ts";
import { startWorking } from "../testing/working.fixture.ts";

test("a worker of the release before claims beside new ones, once each, and leaves them what it knows nothing of", async () => {
  const { gateway, worker, stop } = await startWorking();
  // Only the former worker and, after it, calls of this test.
  await worker.drain();
  const source = await makeSource(gateway);
  await makeEndpoint(gateway, source.organization, "http://127.0.0.1:9/in", "plain", ["plain"]);
  const special = await makeEndpoint(gateway, source.organization, "http://127.0.0.1:9/in", "own", ["own"]);
  await gateway.call(source.organization, updateEndpoint, {
    params: { id: special.id },
    body: { version: special.version, headers: [{ name: "x-key", value: "k" }] },
  });
  const ids: string[] = [];
  for (const type of ["plain", "own"]) {
    const posted = await postEvent(source, `evt_${type}`, { type });
    ids.push((await gateway.deliveryOf(source.organization, posted.id)).id);
  }
  const refs = JSON.stringify(
    ids.map((id, n) => ({ n, id, created_at: timeOfId(id), generation: 1, attempt: 1 })),
  );
  const times = ids.map((id) => timeOfId(id).getTime());
  const first = new Date(Math.min(...times));
  const last = new Date(Math.max(...times));
  // As the former release sends it.
  const claim = () =>
    sql<{ id: string; secret_box: Buffer; payload: Buffer }>`
      select * from claim_webhook_deliveries(${refs}::json, ${first}::timestamptz, ${last}::timestamptz, 'former',
        ${new Date()}::timestamptz, ${new Date(Date.now() + 20_000)}::timestamptz)
    `.execute(gateway.database.system);
  const { rows } = await claim();
  expect(rows.map(({ id }) => id)).toEqual([ids[0]]);
  expect(rows[0]?.secret_box).toBeInstanceOf(Buffer);
  expect(rows[0]?.payload).toBeInstanceOf(Buffer);
  expect((await claim()).rows).toEqual([]);
  const { rows: claims } = await sql<{ id: string; left_ms: number }>`
    select delivery_id as id, extract(epoch from deadline_at - started_at)::float8 * 1000 as left_ms from webhook_claims
  `.execute(gateway.database.system);
  expect(claims.map(({ id }) => id)).toEqual([ids[0]]);
  expect(claims[0]?.left_ms).toBeGreaterThan(19_000);
  const { rows: fresh } = await sql<{ id: string }>`
    select * from claim_webhook_deliveries(${refs}::json, ${first}::timestamptz, ${last}::timestamptz, 'new',
      ${new Date()}::timestamptz, 15000, 5000)
  `.execute(gateway.database.system);
  expect(fresh.map(({ id }) => id)).toEqual([ids[1]]);
  await stop();
});
