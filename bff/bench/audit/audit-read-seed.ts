import { once } from "node:events";
import pg from "pg";
import { type CopyStreamQuery, from as copyFrom } from "pg-copy-streams";
import { makeEvents, organizationCount, type SeededEvent, seededOrganization } from "./audit-read-events.ts";

const chunkChars = 256 * 1024;
const chainKeys = `
  add constraint audit_chain_pkey primary key (org_id, seq), add constraint audit_chain_audit_id_key unique (audit_id),
  add constraint audit_chain_org_id_prev_key unique (org_id, prev)`;
const dropChainKeys =
  "drop constraint audit_chain_pkey, drop constraint audit_chain_audit_id_key, drop constraint audit_chain_org_id_prev_key";

/** Server settings for a bulk load that a running product does not use. Take effect with the next start. */
export const seedingSettings = {
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "8GB",
  autovacuum: "off",
  maintenance_work_mem: "1GB",
  work_mem: "256MB",
  shared_buffers: "1GB",
  synchronous_commit: "off",
  checkpoint_timeout: "30min",
  max_parallel_maintenance_workers: "2",
};

/**
 * Fills an empty, migrated trail with `size` events over the last year, as if the product had written them one by one:
 * months are filled by COPY before they become partitions, which gives them their indexes and triggers, links are
 * computed along each chain, counters and known values by the product's own function. At the end the product's own
 * trigger derives the columns of a sample again for comparison.
 */
export async function seedTrail(adminUrl: string, size: number, say: (text: string) => void) {
  const open = async () => {
    const client = new pg.Client({ connectionString: adminUrl });
    await client.connect();
    await client.query("set search_path = wheelhouse; set timezone = 'UTC'");
    return client;
  };
  const [events, chain, builder] = await Promise.all([open(), open(), open()]);
  try {
    await events.query(
      "insert into organizations (id, slug, name) select * from unnest($1::uuid[], $2::text[], $3::text[])",
      [
        organizations.map(seededOrganization),
        organizations.map((org) => `bench-${org}`),
        organizations.map((org) => `Bench ${org}`),
      ],
    );
    const shape = await shapeOf(events);
    await chain.query(`begin; alter table audit_chain disable trigger all; truncate audit_chain;
      alter table audit_chain ${dropChainKeys}`);
    const links = startCopy(
      chain,
      "audit_chain (org_id, seq, audit_id, recorded_at, content_hash, prev, hash)",
    );
    let month: Month | undefined;
    let rows: ReturnType<typeof startCopy> | undefined;
    let built: Promise<unknown> = Promise.resolve();
    const finish = async () => {
      await rows?.end();
      await events.query("commit");
      const done = month;
      if (done)
        built = built.then(() => attach(builder, done)).then(() => say(`${done.name} has its indexes`));
    };
    let count = 0;
    for (const event of makeEvents(size, Date.now())) {
      if (!month || event.atMs >= month.endMs) {
        if (month) await finish();
        month = monthOf(event.atMs);
        await events.query(`begin; ${createMonth(month)}`);
        rows = startCopy(events, `${month.name} (${eventColumns})`);
        say(`${count.toLocaleString("en")} events`);
      }
      if (rows?.add(eventRow(event))) await rows.flush();
      if (links.add(linkRow(event))) await links.flush();
      count += 1;
    }
    await finish();
    say(`${count.toLocaleString("en")} events, keys of the chain`);
    await links.end();
    await chain.query(`alter table audit_chain ${chainKeys}; commit`);
    await chain.query(alwaysOn("audit_chain"));
    await built;
    await chain.query("select bound_audit_pending()");
    await chain.query(
      `insert into audit_heads select distinct on (org_id) org_id, seq, hash from audit_chain
       where org_id = any ($1) order by org_id, seq desc`,
      [organizations.map(seededOrganization)],
    );
    if ((await shapeOf(events)) !== shape) throw new Error("seeding changed indexes, keys or triggers");
    say("statistics");
    await events.query("vacuum (analyze)");
    say("counters");
    await countAll(builder, events);
    await events.query("vacuum (analyze) audit_activity, audit_known");
    say("sample");
    await compareSample(events);
  } finally {
    await Promise.all([events.end(), chain.end(), builder.end()]);
  }
}

const organizations = Array.from({ length: organizationCount }, (_, org) => org);
const eventColumns =
  "id, org_id, recorded_at, content, action, outcome, actor_type, actor_id, actor_display, target_keys, search_text";

const orNull = (text: string | null) => text ?? "\\N";
const eventRow = (e: SeededEvent) =>
  `${e.id}\t${seededOrganization(e.org)}\t${timeOf(e)}\t${e.content}\t${e.action}\t${e.outcome}\t${e.actor.type}\t` +
  `${orNull(e.actor.id)}\t${e.actor.display}\t{${e.targetKeys.join(",")}}\t${e.searchText}\n`;
const linkRow = (e: SeededEvent) =>
  `${seededOrganization(e.org)}\t${e.link.seq}\t${e.id}\t${timeOf(e)}\t\\\\x${e.link.contentHash.toString("hex")}\t` +
  `\\\\x${e.link.previous.toString("hex")}\t\\\\x${e.link.hash.toString("hex")}\n`;
const recorded = '"recordedAt":"';
const timeOf = ({ content }: SeededEvent) => {
  const at = content.indexOf(recorded) + recorded.length;
  return content.slice(at, at + 24);
};

type Month = { name: string; start: string; end: string; endMs: number };
function monthOf(atMs: number): Month {
  const at = new Date(atMs);
  const startMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
  const endMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
  const start = new Date(startMs).toISOString();
  return {
    start,
    end: new Date(endMs).toISOString(),
    endMs,
    name: `audit_events_${start.slice(0, 7).replace("-", "_")}`,
  };
}

/** The month that the product created ahead is replaced while it is empty. */
const createMonth = ({ name, start, end }: Month) => `
  drop table if exists ${name};
  create table ${name} (like audit_events including defaults including constraints including generated,
    check (recorded_at >= '${start}' and recorded_at < '${end}'));
  alter table ${name} owner to wheelhouse_owner`;

/** Like `make_audit_partitions`. */
async function attach(client: pg.Client, { name, start, end }: Month) {
  await client.query(`
    alter table audit_events attach partition ${name} for values from ('${start}') to ('${end}');
    alter table ${name} drop constraint ${name}_recorded_at_check;
    create trigger refuse_truncate before truncate on ${name}
      for each statement execute function refuse_audit_change()`);
  await client.query(alwaysOn(name));
}

const alwaysOn = (relation: string) => `
  do $$
  declare
    it record;
  begin
    for it in select tgname from pg_trigger where tgrelid = '${relation}'::regclass and not tgisinternal loop
      execute format('alter table ${relation} enable always trigger %I', it.tgname);
    end loop;
  end $$`;

function startCopy(client: pg.Client, into: string) {
  const stream: CopyStreamQuery = client.query(copyFrom(`copy wheelhouse.${into} from stdin with (freeze)`));
  // What ended the connection reports the error.
  stream.on("error", () => {});
  let kept = "";
  const flush = async () => {
    const isTaken = stream.write(kept);
    kept = "";
    if (!isTaken) await once(stream, "drain");
  };
  return {
    /** Whether enough is buffered to flush. */
    add(row: string) {
      kept += row;
      return kept.length >= chunkChars;
    },
    flush,
    async end() {
      await flush();
      stream.end();
      await once(stream, "finish");
    },
  };
}

/** Definitions of the trail's keys, indexes and triggers, including those of this month's partition. */
async function shapeOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ line: string }>(
    `with ours as (
       select c.oid, c.relname from pg_class c
       where c.relname in ('audit_events', 'audit_chain', 'audit_heads', 'audit_events_' || to_char(now(), 'YYYY_MM'))
     )
     select line from (
       select relname || pg_get_constraintdef(k.oid) from ours join pg_constraint k on k.conrelid = ours.oid
       union all select relname || pg_get_indexdef(i.indexrelid) from ours join pg_index i on i.indrelid = ours.oid
       union all select concat(relname, ' ', tgname, ' ', tgenabled, ' ', tgfoid::regproc) from ours join pg_trigger t on t.tgrelid = ours.oid
         where not tgisinternal
     ) lines (line) order by line`,
  );
  return rows.map(({ line }) => line).join("\n");
}

async function countAll(...clients: pg.Client[]) {
  const waiting = [...organizations];
  await Promise.all(
    clients.map(async (client) => {
      for (let org = waiting.shift(); org !== undefined; org = waiting.shift())
        await client.query("select roll_up_audit($1, 2000000000)", [seededOrganization(org)]);
    }),
  );
}

/** Derives every organization's newest events and some of each month again; differing columns are an error. */
async function compareSample(client: pg.Client) {
  await client.query(`
    create temp table sample as
      select * from audit_events e tablesample system (0.01) where e.org_id::text like '0198e000-%';
    insert into sample select n.* from organizations o
      cross join lateral (select * from audit_events e where e.org_id = o.id order by recorded_at desc limit 5) n
      where o.slug like 'bench-%';
    create temp table derived (like audit_events including generated);
    create trigger derive before insert on derived for each row execute function wheelhouse.derive_audit_event()`);
  for (const org of organizations)
    await client.query(
      `insert into derived (id, org_id, recorded_at, content) select distinct id, org_id, recorded_at, content from sample
       where org_id = $1`,
      [seededOrganization(org)],
    );
  const { rows } = await client.query(
    "(table sample except table derived) union all (table derived except table sample)",
  );
  if (rows.length > 0)
    throw new Error(`seeded columns differ from the product's: ${JSON.stringify(rows[0])}`);
  const { rows: counts } = await client.query<{ size: string }>("select count(*) as size from derived");
  if (Number(counts[0]?.size) < organizationCount) throw new Error("the sample is too small");
}
