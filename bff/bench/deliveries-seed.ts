import pg from "pg";

export const deliveryDays = 94;
const endpoints = 20;
const kinds = ["order", "invoice", "stock", "customer", "shipment"];
const verbs = ["created", "paid", "updated", "cancelled", "moved", "failed"];
const types = kinds.flatMap((kind) => verbs.map((verb) => `${kind}.${verb}`));
const dayMs = 86_400_000;

/** Identities of what is seeded: an organization, its endpoints; the first has 90 % of the rows. */
export const seeded = {
  organization: (n: number) => `0193${String(n).padStart(4, "0")}-0000-7000-8000-000000000000`,
  endpoint: (org: number, n: number) =>
    `0193${String(org).padStart(4, "0")}-0000-7000-8001-${String(n % endpoints).padStart(12, "0")}`,
  type: (n: number) => types[n % types.length] ?? "",
};

/** Rows $3 of the day $1, drawn by fixed hashes: 94 % completed, 4 % dead letters, the rest open or discarded. */
const rowsOfDay = `
  select n, at, o, endpoint, type, status, class,
    ('0193' || lpad(o::text, 4, '0') || '-0000-7000-8000-000000000000')::uuid as org,
    ('0193' || lpad(o::text, 4, '0') || '-0000-7000-8002-000000000000')::uuid as source,
    (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text || at::text), 1, 3)
      || '8' || substr(md5(at::text || n::text), 1, 15))::uuid as id
  from (
    select n, at, o, type, status,
      ('0193' || lpad(o::text, 4, '0') || '-0000-7000-8001-' || lpad(e::text, 12, '0'))::uuid as endpoint,
      case when status in ('dead_letter', 'failed') then
        (array['http_5xx', 'http_5xx', 'http_4xx', 'timeout', 'connect'])[1 + mod(n * 7, 5)] end as class
    from (
      select n, date_trunc('milliseconds', $1::timestamptz + (n::float8 / $3) * interval '1 day') as at,
        case when mod(n, 100) < 90 then 0 when mod(n, 100) < 96 then 1 else 2 end as o,
        mod(abs(hashint4(n * 7)::bigint), ${endpoints}) as e,
        ($2::text[])[1 + mod(abs(hashint4(n * 3)::bigint), ${types.length})] as type,
        case when draw < 940 then 'completed' when draw < 980 then 'dead_letter' when draw < 990 then 'discarded'
          when draw < 998 then 'failed' else 'pending' end as status
      from (select n, mod(abs(hashint4(n)::bigint), 1000) as draw from generate_series(0, $3::int - 1) as n) drawn
    ) named
  ) classed`;

const insertDay = `
  with rows as materialized (${rowsOfDay}
  ), events as (
    insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type, headers, payload,
      received_at, created_at)
    select 'msg_' || replace(id::text, '-', ''), org, source, 'evt_' || md5(id::text), type, 'application/json', '{}', '{}', at, at
    from rows
  )
  insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
    attempts, max_attempts, generation_started_at, next_attempt_at, last_attempt_at, completed_at, last_status_code,
    error_class, error_message, created_at)
  select id, org, source, endpoint, type, 'msg_' || replace(id::text, '-', ''), at, status,
    case status when 'pending' then 0 when 'completed' then 1 else 7 end, 7, at,
    case when status in ('pending', 'failed') then now() + interval '30 days' end,
    case when status <> 'pending' then at end, case when status = 'completed' then at + interval '40 milliseconds' end,
    case when status = 'completed' then 204 when class = 'http_5xx' then 503 when class = 'http_4xx' then 422 end, class,
    case class when 'http_5xx' then '503: maintenance window ' || mod(n, 50)
      when 'http_4xx' then '422: field f' || n || ' is missing' when 'timeout' then 'No response within 15000 ms.'
      when 'connect' then 'connect ECONNREFUSED 10.0.0.' || mod(n, 250) end, at
  from rows`;

/** Fills an empty, migrated log with `size` deliveries over 94 days, through the product's own triggers and counters. */
export async function seedDeliveries(adminUrl: string, size: number, say: (text: string) => void) {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query("set search_path = wheelhouse; set timezone = 'UTC'; set work_mem = '256MB'");
    const today = Math.floor(Date.now() / dayMs) * dayMs;
    const dayOf = (ago: number) => new Date(today - ago * dayMs).toISOString();
    for (const org of [0, 1, 2]) {
      await client.query("insert into organizations (id, slug, name, depth) values ($1, $2, $3, 1)", [
        seeded.organization(org),
        `bench-${org}`,
        `Bench ${org}`,
      ]);
      await client.query(
        `insert into webhook_endpoints (id, org_id, slug, name, url, secret_hint)
         select ids.id, $1, 'e-' || n, 'Receiver ' || n, 'https://receiver-' || n || '.example/in', '' from unnest($2::uuid[]) with ordinality as ids (id, n)`,
        [seeded.organization(org), Array.from({ length: endpoints }, (_, n) => seeded.endpoint(org, n))],
      );
    }
    for (let ago = deliveryDays - 1; ago >= 0; ago -= 31)
      await client.query("select make_webhook_partitions($1::date, $2::date)", [
        dayOf(ago),
        dayOf(Math.max(0, ago - 30)),
      ]);
    for (let ago = deliveryDays - 1; ago >= 0; ago--) {
      await client.query(insertDay, [dayOf(ago), types, Math.ceil(size / deliveryDays)]);
      await client.query("select fold_webhook_changes()");
      if (ago % 10 === 0) say(`${ago} days left`);
    }
    say("vacuum");
    await client.query("vacuum (analyze)");
  } finally {
    await client.end();
  }
}
