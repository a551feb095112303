import type { AuditAction } from "@wheelhouse/shared/endpoint.ts";
import { sql } from "kysely";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { createDatabase, type Database } from "#lib/postgres.ts";
import { platformOrganization } from "#lib/request-context.ts";
import { createSecretBox } from "#lib/secret-box.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";
import { createChanges } from "./audit-changes.ts";
import { createAuditStore } from "./audit-store.ts";
import { createAuditVerifier } from "./audit-verify.ts";

const log = pino({ level: "silent" });
const box = createSecretBox(Buffer.alloc(32, 1).toString("base64"));
const action: AuditAction = "webhooks.source.create";

let urls: TestDatabase;
let database: Database;
let admin: pg.Client;
let trail: ReturnType<typeof createChanges>;
let verifier: ReturnType<typeof createAuditVerifier>;

beforeAll(async () => {
  urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 16, log });
  admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  trail = createChanges({ database, box, log });
  verifier = createAuditVerifier({ database, clock: systemClock });
});
afterAll(async () => {
  await admin.end();
  await database.close();
});

async function newOrganization(slug: string) {
  const { rows } = await admin.query<{ id: string }>(
    "insert into wheelhouse.organizations (slug, name) values ($1, $1) returning id",
    [slug],
  );
  const id = rows[0]?.id ?? "";
  return { id, slug, name: slug };
}

const entryOf = (name: string) => ({ targets: [{ type: "thing", id: name, name }], after: { name } });

async function record(organization: { id: string; slug: string; name: string }, count: number) {
  for (let n = 1; n <= count; n += 1)
    await trail.recordAct(testContext(organization), action, entryOf(`thing ${n}`));
}

const triggersOf = `
  select format('alter table %s %s trigger %I', t.tgrelid::regclass, $1::text, t.tgname) as statement
  from pg_trigger t where not t.tgisinternal and t.tgrelid::regclass::text like 'wheelhouse.audit%'`;

/** As someone with the whole database in hand would: triggers off. */
async function tamper(text: string, values: unknown[]) {
  const switchTriggers = async (to: string) => {
    const { rows } = await admin.query<{ statement: string }>(triggersOf, [to]);
    for (const { statement } of rows) await admin.query(statement);
  };
  await admin.query("begin");
  await switchTriggers("disable");
  const { rowCount } = await admin.query(text, values);
  await switchTriggers("enable always");
  await admin.query("commit");
  expect(rowCount).toBe(1);
}

async function refusal(client: pg.Client, statement: string): Promise<string> {
  try {
    await client.query(statement);
    return "done";
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.code ?? "") : String(error);
  }
}

test("the application's role can neither change nor remove what is in the trail", async () => {
  await record(await newOrganization("kept-from-app"), 1);
  for (const url of [urls.appUrl, urls.systemUrl]) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const table of ["audit_events", "audit_chain", "audit_heads"])
      for (const statement of [
        `update wheelhouse.${table} set org_id = org_id`,
        `delete from wheelhouse.${table}`,
        `truncate wheelhouse.${table}`,
        `alter table wheelhouse.${table} disable trigger all`,
      ])
        expect.soft(await refusal(client, statement), statement).toBe("42501");
    const forged =
      "insert into wheelhouse.audit_chain values (gen_random_uuid(), 1, gen_random_uuid(), now(), '', '', '')";
    expect.soft(await refusal(client, forged)).toBe("42501");
    await client.end();
  }
});

test("the owner of the tables and a session in replication mode are refused as well", async () => {
  await record(await newOrganization("kept-from-owner"), 1);
  const { rows } = await admin.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'wheelhouse.audit_events'::regclass limit 1",
  );
  const partition = rows[0]?.name ?? "";
  for (const mode of ["set role wheelhouse_owner", "set session_replication_role = replica"]) {
    await admin.query(mode);
    for (const statement of [
      "truncate wheelhouse.audit_events",
      `truncate ${partition}`,
      "truncate wheelhouse.audit_chain",
      "delete from wheelhouse.audit_chain",
      "update wheelhouse.audit_chain set seq = seq + 1000",
      "update wheelhouse.audit_heads set seq = 0",
    ])
      expect.soft(await refusal(admin, statement), `${mode}; ${statement}`).toBe("42501");
    await admin.query("reset role; reset session_replication_role");
  }
  expect(await refusal(admin, "delete from wheelhouse.audit_events")).toBe("42501");
  expect(await refusal(admin, "update wheelhouse.audit_events set content = '{}'")).toBe("42501");
});

test("16 parallel writers leave a chain without a fork and without a gap", async () => {
  const organization = await newOrganization("crowded");
  await Promise.all(Array.from({ length: 16 }, () => record(organization, 10)));
  const { rows } = await admin.query<{ seq: number; follows: boolean }>(
    `select seq, prev = lag(hash, 1, decode(repeat('00', 32), 'hex')) over (order by seq) as follows
     from wheelhouse.audit_chain where org_id = $1 order by seq`,
    [organization.id],
  );
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 160 }, (_, index) => index + 1));
  expect(rows.every(({ follows }) => follows)).toBe(true);
  expect(await verifier.verify(organization.id)).toMatchObject({
    verifiedToSeq: 160,
    events: 160,
    firstBad: null,
  });
});

test("a rolled-back change leaves no event, no number is lost", async () => {
  const organization = await newOrganization("rolled-back");
  await record(organization, 1);
  await expect(
    trail.run(testContext(organization), action, async () => {
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await record(organization, 1);
  expect(await verifier.verify(organization.id)).toMatchObject({ verifiedToSeq: 2, firstBad: null });
});

test("a change whose audit row cannot be written does not happen", async () => {
  const organization = await newOrganization("fail-closed");
  const store = createAuditStore({ database });
  await admin.query("alter table wheelhouse.audit_chain add constraint broken check (false) not valid");
  try {
    await expect(
      trail.run(testContext(organization), action, async (tx) => {
        await tx
          .insertInto("idempotency_keys")
          .values({
            org_id: organization.id,
            actor_id: "x",
            key: "x",
            request_hash: Buffer.alloc(1),
            result: null,
          })
          .execute();
        return { result: null, audit: entryOf("never") };
      }),
    ).rejects.toThrow();
  } finally {
    await admin.query("alter table wheelhouse.audit_chain drop constraint broken");
  }
  const { rowCount } = await admin.query("select from wheelhouse.idempotency_keys where org_id = $1", [
    organization.id,
  ]);
  expect(rowCount).toBe(0);
  expect(await store.list([organization.id], {}, undefined, 10)).toEqual([]);
});

test("one transaction cannot write into the trails of two organizations", async () => {
  const first = await newOrganization("first-of-two");
  const second = await newOrganization("second-of-two");
  await expect(
    trail.runAsSystem(first.id, "sweeper", action, async (tx) => {
      const { rows } = await sql<{ id: string; at: string }>`
        select wheelhouse.uuidv7() as id, to_jsonb(date_trunc('milliseconds', now())) #>> '{}' as at`.execute(
        tx,
      );
      const content = {
        ...{ id: rows[0]?.id, recordedAt: rows[0]?.at, action, outcome: "success", targets: [] },
        ...{ organization: { id: second.id }, actor: { type: "system", display: "sweeper" } },
      };
      await sql`insert into audit_events (id, org_id, content)
        values (${rows[0]?.id}, ${second.id}, ${JSON.stringify(content)})`.execute(tx);
      return { result: null, audit: entryOf("x") };
    }),
  ).rejects.toThrow("one audit organization per transaction");
});

test("content that speaks of another time, id or organization is not taken", async () => {
  const organization = await newOrganization("honest");
  const content = JSON.stringify({
    ...{ id: "01900000-0000-7000-8000-0000000000ff", recordedAt: "2020-01-01T00:00:00.000Z", action },
    ...{ outcome: "success", organization: { id: organization.id }, actor: { display: "x" }, targets: [] },
  });
  await expect(
    database.asOrganizations([organization.id], (tx) =>
      sql`insert into audit_events (id, org_id, content)
        values ('01900000-0000-7000-8000-0000000000ff', ${organization.id}, ${content})`.execute(tx),
    ),
  ).rejects.toThrow("speaks of another");
});

test("an organization sees its own trail and nobody else's", async () => {
  const mine = await newOrganization("mine");
  const theirs = await newOrganization("theirs");
  await record(theirs, 1);
  const store = createAuditStore({ database });
  const [event] = await store.list([theirs.id], {}, undefined, 10);
  const id = event?.event.id ?? "";
  expect(await store.read([theirs.id], id)).toMatchObject({ id, seq: 1 });
  expect(await store.read([mine.id], id)).toBeUndefined();
  expect(await store.byIds(mine.id, [id])).toEqual([]);
  for (const filter of [{}, { q: "thing" }, { target: "thing 1" }])
    expect(await store.list([mine.id], filter, undefined, 10)).toEqual([]);
  // The text search runs outside row-level security and has to narrow by itself.
  const rows = await database.asOrganizations([mine.id], (tx) =>
    sql`select * from wheelhouse.find_audit(${JSON.stringify({ q: "thing", organizations: [theirs.id] })}::jsonb,
      null, null, 10)`.execute(tx),
  );
  expect(rows.rows).toEqual([]);
});

const alterations = [
  {
    what: "content",
    statement:
      "update wheelhouse.audit_events set content = replace(content, 'thing 2', 'thing 9') where org_id = $1 and content like '%thing 2%'",
    problem: "the content of event 2 was altered after it was sealed",
  },
  {
    what: "a derived column",
    statement:
      "update wheelhouse.audit_events set actor_display = 'Nobody' where org_id = $1 and content like '%thing 2%'",
    problem: "the column actor_display of event 2 differs from its content",
  },
  {
    what: "a removed event",
    statement: "delete from wheelhouse.audit_events where org_id = $1 and content like '%thing 2%'",
    problem: "event 2 is missing: its link is there, its content is not",
  },
  {
    what: "a removed link",
    statement: "delete from wheelhouse.audit_chain where org_id = $1 and seq = 2",
    problem: "event 2 is missing from the chain",
  },
  {
    what: "a rewritten hash",
    statement: "update wheelhouse.audit_chain set hash = sha256(hash) where org_id = $1 and seq = 2",
    problem: "the hash of event 2 is not the hash of its fields",
  },
] as const;

test.each(alterations)("verification names event 2 for $what", async ({ what, statement, problem }) => {
  const organization = await newOrganization(what.replaceAll(" ", "-"));
  await record(organization, 4);
  await tamper(statement, [organization.id]);
  expect(await verifier.verify(organization.id)).toMatchObject({
    verifiedToSeq: 1,
    firstBad: { seq: 2, problem },
  });
});

test("verification says how far the chain reached when its end was cut off", async () => {
  const organization = await newOrganization("cut");
  await record(organization, 4);
  await tamper("delete from wheelhouse.audit_events where org_id = $1 and content like '%thing 4%'", [
    organization.id,
  ]);
  await tamper("delete from wheelhouse.audit_chain where org_id = $1 and seq = 4", [organization.id]);
  expect(await verifier.verify(organization.id)).toMatchObject({
    verifiedToSeq: 3,
    firstBad: { seq: 4, problem: "events 4 to 4 were cut off: the chain once reached 4" },
  });
});

test("verification finds an event that was slipped in without a seal", async () => {
  const organization = await newOrganization("slipped");
  await record(organization, 2);
  await tamper(
    `insert into wheelhouse.audit_events select gen_random_uuid(), org_id, recorded_at, content, action, outcome,
       actor_type, actor_id, actor_display, target_keys, search_text
     from wheelhouse.audit_events where org_id = $1 limit 1`,
    [organization.id],
  );
  expect((await verifier.verify(organization.id)).firstBad?.problem).toBe(
    "1 event(s) are in the trail without a seal",
  );
});

test("the database and the verifier hash a link alike, written twice and independently", async () => {
  await record(platformOrganization, 3);
  expect(await verifier.verify(platformOrganization.id)).toMatchObject({ firstBad: null });
});
