import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { platformOrganization } from "#lib/http/request-context.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase, type TestDatabase } from "#testing/stack.ts";
import { createAuditStore } from "../reading/store.ts";
import { type Organization, openTrail, type Trail } from "../testing/audit.fixture.ts";

const action: AuditAction = "webhooks.source.create";

let urls: TestDatabase;
let it: Trail;

beforeAll(async () => {
  urls = await createTestDatabase();
  it = await openTrail(urls);
});
afterAll(() => it.close());

const entryOf = (name: string) => ({ targets: [{ type: "thing", id: name, name }], after: { name } });

async function refusal(client: pg.Client, statement: string): Promise<string> {
  try {
    await client.query(statement);
    return "done";
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.code ?? "") : String(error);
  }
}

test("the application's role can neither change nor remove events of the trail", async () => {
  await it.record(await it.newOrganization("kept-from-app"), 1);
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

test("the tables' owner and a session in replication mode are refused as well", async () => {
  await it.record(await it.newOrganization("kept-from-owner"), 1);
  const { rows } = await it.admin.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'wheelhouse.audit_events'::regclass limit 1",
  );
  const partition = rows[0]?.name ?? "";
  for (const mode of ["set role wheelhouse_owner", "set session_replication_role = replica"]) {
    await it.admin.query(mode);
    for (const statement of [
      "truncate wheelhouse.audit_events",
      `truncate ${partition}`,
      "truncate wheelhouse.audit_chain",
      "delete from wheelhouse.audit_chain",
      "update wheelhouse.audit_chain set seq = seq + 1000",
      "update wheelhouse.audit_heads set seq = 0",
    ])
      expect.soft(await refusal(it.admin, statement), `${mode}; ${statement}`).toBe("42501");
    await it.admin.query("reset role; reset session_replication_role");
  }
  expect(await refusal(it.admin, "delete from wheelhouse.audit_events")).toBe("42501");
  expect(await refusal(it.admin, "update wheelhouse.audit_events set content = '{}'")).toBe("42501");
});

test("every month has its triggers enabled always, a year ahead, and so has one that the schedule creates later", async () => {
  const { rows: made } = await it.admin.query("select wheelhouse.make_audit_partitions(14) as months");
  expect(made).toEqual([{ months: 2 }]);
  const { rows } = await it.admin.query<{ name: string; always: string[] }>(
    `select c.relname as name, array_agg(t.tgname::text order by t.tgname) filter (where t.tgenabled = 'A') as always
     from pg_inherits i join pg_class c on c.oid = i.inhrelid left join pg_trigger t on t.tgrelid = c.oid
     where i.inhparent = 'wheelhouse.audit_events'::regclass group by 1`,
  );
  expect(rows).toHaveLength(15);
  const all = ["derive", "refuse_change", "refuse_truncate", "seal"];
  expect(rows.filter(({ always }) => String(always) !== String(all))).toEqual([]);
});

test("16 parallel writers leave a chain without a fork and without a gap", async () => {
  const organization = await it.newOrganization("crowded");
  await Promise.all(Array.from({ length: 16 }, () => it.record(organization, 10)));
  const { rows } = await it.admin.query<{ seq: number; follows: boolean }>(
    `select seq, prev = lag(hash, 1, decode(repeat('00', 32), 'hex')) over (order by seq) as follows
     from wheelhouse.audit_chain where org_id = $1 order by seq`,
    [organization.id],
  );
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 160 }, (_, index) => index + 1));
  expect(rows.every(({ follows }) => follows)).toBe(true);
  expect(await it.verify(organization)).toMatchObject({
    verifiedToSeq: 160,
    firstBad: null,
  });
});

test("16 writers over 50 organizations neither fork a chain nor deadlock", async () => {
  const organizations: Organization[] = [];
  for (let n = 0; n < 50; n += 1) organizations.push(await it.newOrganization(`one-of-many-${n}`));
  await Promise.all(
    Array.from({ length: 16 }, async (_, writer) => {
      for (let n = 0; n < 12; n += 1) {
        const organization = organizations[(writer * 7 + n * 3) % organizations.length];
        if (organization) await it.record(organization, 1);
      }
    }),
  );
  const { rows } = await it.admin.query<{ events: number; whole: boolean }>(
    `select count(*)::int as events, bool_and(seq = place and follows) as whole from (
       select seq, row_number() over chain as place,
         prev = lag(hash, 1, decode(repeat('00', 32), 'hex')) over chain as follows
       from wheelhouse.audit_chain where org_id = any ($1) window chain as (partition by org_id order by seq)
     ) links`,
    [organizations.map(({ id }) => id)],
  );
  expect(rows[0]).toEqual({ events: 192, whole: true });
});

test("a rolled-back change leaves no event and no gap in the numbers", async () => {
  const organization = await it.newOrganization("rolled-back");
  await it.record(organization, 1);
  await expect(
    it.changes.run(testContext(organization), action, async () => {
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await it.record(organization, 1);
  expect(await it.verify(organization)).toMatchObject({ verifiedToSeq: 2, firstBad: null });
});

test("a change is rolled back if its audit row cannot be written", async () => {
  const organization = await it.newOrganization("fail-closed");
  const store = createAuditStore({ database: it.database });
  await it.admin.query("alter table wheelhouse.audit_chain add constraint broken check (false) not valid");
  try {
    await expect(
      it.changes.run(testContext(organization), action, async (tx) => {
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
    await it.admin.query("alter table wheelhouse.audit_chain drop constraint broken");
  }
  const { rowCount } = await it.admin.query("select from wheelhouse.idempotency_keys where org_id = $1", [
    organization.id,
  ]);
  expect(rowCount).toBe(0);
  expect(await store.list([organization.id], {}, undefined, 10)).toEqual([]);
});

test("one transaction cannot write to the trails of two organizations", async () => {
  const first = await it.newOrganization("first-of-two");
  const second = await it.newOrganization("second-of-two");
  await expect(
    it.changes.runAsSystem(first.id, "sweeper", action, async (tx) => {
      const { rows } = await sql<{ id: string; at: string }>`
        select wheelhouse.uuidv7() as id, to_jsonb(date_trunc('milliseconds', now())) #>> '{}' as at`.execute(
        tx,
      );
      const content = {
        id: rows[0]?.id,
        recordedAt: rows[0]?.at,
        action,
        outcome: "success",
        targets: [],
        organization: { id: second.id },
        actor: { type: "system", display: "sweeper" },
      };
      await sql`insert into audit_events (id, org_id, content)
        values (${rows[0]?.id}, ${second.id}, ${JSON.stringify(content)})`.execute(tx);
      return { result: null, audit: entryOf("x") };
    }),
  ).rejects.toThrow("one audit organization per transaction");
});

test("content with another time, id or organization is rejected", async () => {
  const organization = await it.newOrganization("honest");
  const content = JSON.stringify({
    id: "01900000-0000-7000-8000-0000000000ff",
    recordedAt: "2020-01-01T00:00:00.000Z",
    action,
    outcome: "success",
    organization: { id: organization.id },
    actor: { display: "x" },
    targets: [],
  });
  await expect(
    it.database.asOrganizations([organization.id], (tx) =>
      sql`insert into audit_events (id, org_id, content)
        values ('01900000-0000-7000-8000-0000000000ff', ${organization.id}, ${content})`.execute(tx),
    ),
  ).rejects.toThrow("speaks of another");
});

test("an organization sees only its own trail", async () => {
  const mine = await it.newOrganization("mine");
  const theirs = await it.newOrganization("theirs");
  await it.record(theirs, 1);
  const store = createAuditStore({ database: it.database });
  const [event] = await store.list([theirs.id], {}, undefined, 10);
  const id = event?.event.id ?? "";
  expect(await store.read([theirs.id], id)).toMatchObject({ id, seq: 1 });
  expect(await store.read([mine.id], id)).toBeUndefined();
  expect(await store.byIds(mine.id, [id])).toEqual([]);
  for (const filter of [{}, { q: "thing" }, { target: "thing 1" }])
    expect(await store.list([mine.id], filter, undefined, 10)).toEqual([]);
  // The text search bypasses row-level security, so it must filter by itself.
  const rows = await it.database.asOrganizations([mine.id], (tx) =>
    sql`select * from wheelhouse.find_audit(${JSON.stringify({ q: "thing", organizations: [theirs.id] })}::jsonb,
      null, null, 10)`.execute(tx),
  );
  expect(rows.rows).toEqual([]);
});

test("the database and the verifier compute the same link hash, implemented twice and independently", async () => {
  await it.record(platformOrganization, 3);
  expect(await it.verify(platformOrganization)).toMatchObject({ firstBad: null });
});
