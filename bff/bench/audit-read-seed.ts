import pg from "pg";

const organizations = 50;
const spanDays = 365;

export const seededOrganization = (n: number) =>
  `0198e000-0000-7000-8000-${(n + 1).toString(16).padStart(12, "0")}`;

/**
 * Fills an empty, migrated trail with `size` events of 50 organizations over the last year: 40 people, three tokens and
 * a schedule in each, 22 actions, 300 targets, 3 % refused or failed. Rows are made by SQL with the deriving and sealing
 * triggers off, so their columns are computed here by the triggers' own rules, and their links have hashes of the right
 * shape that are not computed along the chain: this measures reading, `audit-chain` the proof.
 */
export async function seedTrail(adminUrl: string, size: number, say: (text: string) => void) {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(
      "set search_path = wheelhouse; set maintenance_work_mem = '1GB'; set work_mem = '256MB'",
    );
    await client.query("set synchronous_commit = off");
    await client.query(
      `insert into organizations (id, slug, name)
       select ('0198e000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench-' || n, 'Bench ' || n
       from generate_series(1, ${organizations}) n`,
    );
    await makePastPartitions(client);
    const indexes = await dropIndexes(client);
    await client.query("alter table audit_events disable trigger derive, disable trigger seal");
    const batch = 500_000;
    for (let from = 0; from < size; from += batch) {
      await insertBatch(client, size, from, Math.min(from + batch, size));
      say(`${Math.min(from + batch, size)} events`);
    }
    await client.query("alter table audit_events enable always trigger derive, enable always trigger seal");
    for (const definition of indexes) {
      say(definition.slice(0, 90));
      await client.query(definition);
    }
    await client.query(
      `insert into audit_heads select distinct on (org_id) org_id, seq, hash from audit_chain
       where org_id <> '00000000-0000-7000-8000-000000000001' order by org_id, seq desc`,
    );
    say("counting");
    for (let n = 0; n < organizations; n++)
      await client.query("select roll_up_audit($1, 2000000000)", [seededOrganization(n)]);
    say("vacuum");
    await client.query("vacuum analyze");
  } finally {
    await client.end();
  }
}

async function makePastPartitions(client: pg.Client) {
  await client.query(`
    do $$
    declare
      starts timestamptz;
    begin
      for back in 1 .. 13 loop
        starts := (date_trunc('month', now() at time zone 'UTC') - make_interval(months => back)) at time zone 'UTC';
        execute format('create table wheelhouse.audit_events_%s partition of wheelhouse.audit_events
          for values from (%L) to (%L)', to_char(starts at time zone 'UTC', 'YYYY_MM'), starts,
          (starts at time zone 'UTC' + interval '1 month') at time zone 'UTC');
      end loop;
    end $$`);
}

/** Building an index over rows that are there takes a fraction of keeping it while they come. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select c.relname as name, pg_get_indexdef(c.oid) as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'audit_events'::regclass and not i.indisprimary`,
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition.replace(" ON ONLY ", " ON "));
}

const actions = [
  ...Array(6).fill("audit.trail.read"),
  ...Array(5).fill("access.session.create"),
  ...Array(4).fill("webhooks.delivery.replay"),
  ...Array(3).fill("app:order.refund"),
  ...["access.session.delete", "access.session.switch-organization", "webhooks.source.create"],
  ...[
    "webhooks.source.update",
    "webhooks.endpoint.create",
    "webhooks.endpoint.update",
    "webhooks.endpoint.update",
  ],
  ...[
    "webhooks.endpoint.delete",
    "audit.trail.verify",
    "app:user.export",
    "app:price.update",
    "app:price.update",
  ],
  ...["app:stock.move", "app:stock.move", "app:invoice.cancel", "access.member.update", "queues.job.retry"],
  ...["queues.queue.pause", "breakers.breaker.reset", "audit.trail.export"],
];

async function insertBatch(client: pg.Client, size: number, from: number, to: number) {
  await client.query(
    `with numbered as (
       select i, ('0198e000-0000-7000-8000-' || lpad(to_hex(i % ${organizations} + 1), 12, '0'))::uuid as org_id,
         i % ${organizations} + 1 as org, i / ${organizations} + 1 as seq,
         date_trunc('milliseconds', $4::timestamptz - make_interval(days => ${spanDays})
           + make_interval(days => ${spanDays}) * (i::float8 / $3)) as at,
         md5(i::text) as dice
       from generate_series($1::bigint, $2::bigint - 1) i
     ), rolled as (
       select *, ('x' || substr(dice, 1, 7))::bit(28)::int as d1, ('x' || substr(dice, 8, 7))::bit(28)::int as d2,
         ('x' || substr(dice, 15, 7))::bit(28)::int as d3, ('x' || substr(dice, 22, 7))::bit(28)::int as d4
       from numbered
     ), acted as (
       select *, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(dice, 1, 3) || 'a'
           || substr(dice, 4, 15))::uuid as id,
         ($5::text[])[1 + d1 % ${actions.length}] as action,
         case when d2 % 1000 < 25 then 'denied' when d2 % 1000 < 30 then 'failure' else 'success' end as outcome,
         (44 * ((d3 % 10000) / 10000.0) ^ 2)::int as person, d4 % 300 as target
       from rolled
     ), named as (
       select *, case when person < 40 then 'user' when person < 43 then 'token' else 'system' end as actor_type,
         case when person < 43 then '0198e001-0000-7000-8000-' || lpad(to_hex(org * 100 + person), 12, '0') end as actor_id,
         case when person < 40 then 'Person ' || chr(65 + person % 26) || ' of ' || org when person < 43 then 'token-' || person
           else 'schedule' end as actor_display,
         '0198e002-0000-7000-8000-' || lpad(to_hex(org * 1000 + target), 12, '0') as target_id,
         (array['orders', 'invoices', 'stock', 'mail', 'billing', 'search', 'images', 'reports'])[1 + target % 8]
           || '-' || target || '.example' as target_name,
         case when d1 % 3 = 0 then (array['Customer asked', 'Certificate renewed', 'Capacity doubled', 'Found in review',
           'Receiver is back', 'Wrong price'])[1 + d4 % 6] || ', INC-' || d2 % 20000 end as reason,
         '10.' || org || '.' || d3 % 250 || '.' || d4 % 250 as address, 'req_' || substr(dice, 20, 12) as request_id
       from acted
     ), told as (
       select *, jsonb_build_object('schemaVersion', 1, 'id', id, 'organization',
           jsonb_build_object('id', org_id, 'slug', 'bench-' || org, 'name', 'Bench ' || org),
           'recordedAt', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'action', action,
           'outcome', outcome, 'reason', reason, 'actor', jsonb_build_object('type', actor_type, 'id', actor_id,
             'display', actor_display, 'authMethod', case actor_type when 'user' then 'password' when 'token' then 'token'
               else 'internal' end, 'session', null),
           'targets', jsonb_build_array(jsonb_build_object('type', 'endpoint', 'id', target_id, 'name', target_name)),
           'before', jsonb_build_object('rateLimitPerS', d1 % 50, 'status', 'active'),
           'after', jsonb_build_object('rateLimitPerS', d2 % 50, 'status', 'active'),
           'address', address, 'userAgent', 'Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Firefox/148.0',
           'requestId', request_id) as c
       from named
     ), stored as (
       insert into audit_events (id, org_id, recorded_at, content, action, outcome, actor_type, actor_id, actor_display,
         target_keys, search_text)
       select id, org_id, at, c::text, action, outcome, actor_type, actor_id, actor_display,
         array[target_id, target_name], concat_ws(' ', action, actor_display, target_id, target_name, reason,
           c ->> 'before', c ->> 'after', address, request_id)
       from told
     )
     insert into audit_chain (org_id, seq, audit_id, recorded_at, content_hash, prev, hash)
     select org_id, seq, id, at, sha256(convert_to(c::text, 'UTF8')), sha256(convert_to(org || ':' || seq - 1, 'UTF8')),
       sha256(convert_to(org || ':' || seq, 'UTF8'))
     from told`,
    [from, to, size, seedEnd, actions],
  );
}

const seedEnd = new Date();
