import { randomUUID } from "node:crypto";
import { type Delivery, deliveryStatuses, errorClasses } from "@wheelhouse/shared/webhooks/webhooks.ts";
import fc from "fast-check";
import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { makeEventIds, timeOfId } from "../ids.ts";
import { createDeliveryStore, type DeliveryFilter, deliveryOf } from "./store.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const organizations: string[] = [randomUUID(), randomUUID()];
const endpoints: string[] = Array.from({ length: 3 }, () => randomUUID());
/** Of the second organization, which has deleted it. */
const otherEndpoint: string = randomUUID();
const types = ["order.paid", "order.shipped", "stock.moved"];
const messages = ["503: maintenance window", "503: out of memory", "connect ECONNREFUSED 10.0.0.7"];
const startMs = Math.floor(Date.now() / dayMs) * dayMs - 9 * dayMs;

type Drawn = {
  id: string;
  organization: string;
  endpoint: string;
  type: string;
  eventId: string;
  senderId: string;
  status: "pending" | "completed" | "failed" | "dead_letter" | "discarded";
  errorClass: string | null;
  message: string | null;
  at: string;
};
type Row = Delivery & { organization: string; createdMs: number; senderId: string };
let database: Database;
let rows: Row[] = [];

const pick = <T>(list: readonly T[], n: number): T => {
  const value = list[n % list.length];
  if (value === undefined) throw new Error("an empty list");
  return value;
};

/** Rows in bursts with days between them in which only some streams occur. */
function drawnRows() {
  const drawn: Drawn[] = [];
  for (let n = 0; n < 1_500; n++) {
    const day = n % 7 === 0 ? n % 9 : n % 3 === 0 ? 8 : 2;
    const atMs = Math.min(startMs + day * dayMs + ((n * 7919) % 86_400) * 1_000, Date.now() - 60_000 - n);
    const { eventId, deliveryIds } = makeEventIds(atMs, 1);
    const id = deliveryIds[0] ?? "";
    const status =
      n % 11 === 0
        ? "dead_letter"
        : n % 17 === 0
          ? "failed"
          : n % 23 === 0
            ? "pending"
            : n % 29 === 0
              ? "discarded"
              : "completed";
    const hasError = status === "dead_letter" || status === "failed";
    drawn.push({
      id,
      organization: pick(organizations, n % 5 === 0 ? 1 : 0),
      endpoint: n % 5 === 0 ? otherEndpoint : pick(endpoints, (n * 31) >> 2),
      type: pick(types, (n * 13) >> 3),
      eventId,
      senderId: `evt_${n}`,
      status,
      errorClass: hasError ? pick(["http_5xx", "timeout", "connect"], n) : null,
      message: hasError ? pick(messages, n >> 1) : null,
      at: timeOfId(id).toISOString(),
    });
  }
  return drawn;
}

beforeAll(async () => {
  const { appUrl, systemUrl } = await createTestDatabase();
  database = createDatabase({ appUrl, systemUrl, poolSize: 4, log: pino({ level: "silent" }) });
  const drawn = drawnRows();
  const { system } = database;
  await sql`select wheelhouse.make_webhook_partitions(${new Date(startMs).toISOString().slice(0, 10)}::date, current_date)`.execute(
    system,
  );
  for (const [n, id] of organizations.entries())
    await sql`insert into organizations (id, slug, name, depth) values (${id}::uuid, ${`o-${n}`}, ${`o-${n}`}, 1)`.execute(
      system,
    );
  for (const [n, id] of endpoints.entries())
    await sql`insert into webhook_endpoints (id, org_id, slug, name, url, secret_hint)
      values (${id}::uuid, ${organizations[0]}::uuid, ${`e-${n}`}, ${`Receiver ${n}`}, 'https://r.example', '')`.execute(
      system,
    );
  const insert = (part: typeof drawn) =>
    sql`
    with rows as materialized (
      select * from json_to_recordset(${JSON.stringify(part)}::json) as r(id uuid, organization uuid, endpoint uuid,
        type text, "eventId" text, "senderId" text, status text, "errorClass" text, message text, at timestamptz)
    ), events as (
      insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type, headers, payload, received_at, created_at)
      select "eventId", organization, organization, "senderId", type, 'application/json', '{}', '{}', at, at from rows
    )
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      attempts, max_attempts, generation_started_at, next_attempt_at, error_class, error_message, created_at)
    select id, organization, organization, endpoint, type, "eventId", at, status, 1, 7, at,
      case when status in ('pending', 'failed') then now() + interval '1 day' end, "errorClass", message, at from rows
  `.execute(system);
  // Two thirds are added up, the rest only appended, as between two sweeps.
  await insert(drawn.slice(0, 1_000));
  await sql`select fold_webhook_changes()`.execute(system);
  await insert(drawn.slice(1_000));
  await sql`insert into webhook_claims (delivery_id, delivery_created_at, org_id, endpoint_id, generation, attempt,
      attempt_trigger, url, worker, started_at, deadline_at)
    select id, created_at, org_id, endpoint_id, 1, 2, 'schedule', '', 'w', now(), now() + interval '1 hour'
    from webhook_delivery_log where status in ('pending', 'failed') and id::text like '%0%' limit 20`.execute(
    system,
  );
  const { rows: stored } = await sql<{ id: string; claimed: boolean }>`
    select l.id, c.delivery_id is not null as claimed from webhook_delivery_log l
    left join webhook_claims c on c.delivery_id = l.id`.execute(system);
  const claimed = new Set(stored.filter((row) => row.claimed).map(({ id }) => id));
  rows = drawn
    .map((row) => {
      const at = new Date(row.at);
      const shown = deliveryOf({
        id: row.id,
        event_id: row.eventId,
        event_type: row.type,
        source_id: row.organization,
        source_name: null,
        endpoint_id: row.endpoint,
        endpoint_name: row.endpoint === otherEndpoint ? null : `Receiver ${endpoints.indexOf(row.endpoint)}`,
        endpoint_url: null,
        status: row.status,
        attempts: 1,
        max_attempts: 7,
        generation: 1,
        version: 1,
        received_at: at,
        last_attempt_at: null,
        next_attempt_at: null,
        completed_at: null,
        last_status_code: null,
        error_class: row.errorClass,
        error_message: row.message,
        created_at: at,
        claimed_at: claimed.has(row.id) ? at : null,
      });
      return { ...shown, organization: row.organization, createdMs: at.getTime(), senderId: row.senderId };
    })
    .sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1));
}, 120_000);
afterAll(() => database.close());

const some = <T>(values: readonly [T, ...T[]] | readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), { nil: undefined });
const texts = [
  "maintenance",
  "mem",
  "receiver 1",
  "stock",
  "ECONNREFUSED 10",
  "evt_44",
  "nothing has this",
  "%",
  "timeout",
];
const filters: fc.Arbitrary<DeliveryFilter> = fc.record({
  status: some(deliveryStatuses),
  endpointId: some([...endpoints, otherEndpoint]),
  eventType: some([...types, "no.such"]),
  errorClass: some(errorClasses.slice(0, 8)),
  from: fc.option(
    fc.integer({ min: 0, max: 240 }).map((n) => new Date(startMs + n * hourMs + n * 777).toISOString()),
    { nil: undefined },
  ),
  to: fc.option(
    fc.integer({ min: 0, max: 240 }).map((n) => new Date(startMs + n * hourMs + n * 333).toISOString()),
    { nil: undefined },
  ),
  q: fc.option(
    fc.oneof(
      fc.constantFrom(...texts),
      fc.nat(1_499).map((n) => `id ${n}`),
    ),
    { nil: undefined },
  ),
});

/** A drawn text that stands for an id of a row. */
function withText(filter: DeliveryFilter, n: number): DeliveryFilter {
  const [, place] = /^id (\d+)$/.exec(filter.q ?? "") ?? [];
  const row = rows[Number(place)];
  return place === undefined || !row
    ? filter
    : { ...filter, q: pick([row.id, row.eventId, row.senderId], n) };
}

/** The guarantee, in one line a condition. */
function matches(
  { status, endpointId, eventType, errorClass, from, to, q }: DeliveryFilter,
  row: Row,
): boolean {
  const isIn = (values: readonly string[] | undefined, value: string | null) =>
    values === undefined || (value !== null && values.includes(value));
  if (!isIn(status, row.status) || !isIn(endpointId, row.endpointId)) return false;
  if (!isIn(eventType, row.eventType) || !isIn(errorClass, row.errorClass)) return false;
  if (from !== undefined && row.createdMs < Date.parse(from)) return false;
  if (to !== undefined && row.createdMs >= Date.parse(to)) return false;
  if (q === undefined) return true;
  const text = q.toLowerCase();
  const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
  const message = (row.errorMessage ?? "").toLowerCase().split(/[^\p{L}\p{N}]+/u);
  const name = row.endpointId === otherEndpoint ? "" : row.endpointName;
  return (
    [row.id, row.eventId, row.senderId].includes(q) ||
    [row.eventType, row.errorClass ?? "", name].some((part) => part.toLowerCase().includes(text)) ||
    (row.errorMessage !== null &&
      words.length > 0 &&
      words.every((word) => message.some((one) => one.startsWith(word))))
  );
}

const asked = fc.tuple(
  filters,
  fc.nat(2),
  fc.subarray(organizations, { minLength: 1 }),
  fc.integer({ min: 1, max: 60 }),
);

test("every mixture of filters lists exactly its matches, newest first, page by page, for the caller's organizations", async () => {
  const store = createDeliveryStore(database);
  await fc.assert(
    fc.asyncProperty(asked, async ([drawn, n, visible, limit]) => {
      const filter = withText(drawn, n);
      const wanted = rows
        .filter((row) => visible.includes(row.organization) && matches(filter, row))
        .map(({ id }) => id);
      const listed: string[] = [];
      for (let after: { createdAt: string; id: string } | undefined; ; ) {
        const page = await store.list(visible, filter, after, limit);
        listed.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (page.length < limit || !last || listed.length >= 200) break;
        after = { createdAt: last.created_at.toISOString(), id: last.id };
      }
      expect(listed).toEqual(wanted.slice(0, listed.length < 200 ? undefined : listed.length));
    }),
    { numRuns: 150 },
  );
}, 120_000);

test("counts and bars are those of the matches, whether added up or only appended", async () => {
  const store = createDeliveryStore(database);
  await fc.assert(
    fc.asyncProperty(
      asked,
      fc.constantFrom(null, 300_000, hourMs, dayMs, 1_000),
      async ([drawn, n, visible], barMs) => {
        // Bars begin at an even time.
        const evenMs =
          Math.floor(Date.parse(drawn.from ?? new Date(startMs).toISOString()) / (barMs ?? 1)) * (barMs ?? 1);
        const filter = withText({ ...drawn, from: new Date(evenMs).toISOString() }, n);
        const fromMs = evenMs;
        const toMs = Date.parse(filter.to ?? new Date(Date.now() + hourMs).toISOString());
        const counted = await store.count(visible, filter, { fromMs, toMs, barMs });
        const wanted = new Map<string, number>();
        for (const row of rows) {
          if (!visible.includes(row.organization) || !matches(filter, row)) continue;
          if (row.createdMs < fromMs || row.createdMs >= toMs) continue;
          const bar = barMs === null ? 0 : Math.floor((row.createdMs - fromMs) / barMs);
          wanted.set(`${bar} ${row.status}`, (wanted.get(`${bar} ${row.status}`) ?? 0) + 1);
        }
        expect(new Map(counted.map(({ bar, status, count }) => [`${bar} ${status}`, count]))).toEqual(wanted);
      },
    ),
    { numRuns: 100 },
  );
}, 120_000);

test("another organization's deliveries are found by no filter, not even by their ids", async () => {
  const store = createDeliveryStore(database);
  const [mine = "", other = ""] = organizations;
  const foreign = rows.find(({ organization }) => organization === other);
  if (!foreign) throw new Error("no row of the other organization");
  for (const q of [foreign.id, foreign.eventId, foreign.senderId])
    expect(await store.list([mine], { q }, undefined, 10)).toEqual([]);
  expect(await store.heads(mine, [foreign.id])).toEqual([]);
  // The filter names more than the transaction may see.
  const asked = JSON.stringify({ organizations: [mine, other] });
  const { rows: seen } = await database.asOrganizations([mine], (tx) =>
    sql<{
      org_id: string;
    }>`select d.org_id from webhook_delivery_log d join wheelhouse.find_webhook_deliveries(
      ${asked}::jsonb, null, null, 500) f using (id, created_at)`.execute(tx),
  );
  expect(new Set(seen.map(({ org_id }) => org_id))).toEqual(new Set([mine]));
});
