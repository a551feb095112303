import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createChanges } from "../writing/changes.ts";
import { createAuditExpiry } from "./expiry.ts";

const log = pino({ level: "silent" });

let database: Database;
let admin: pg.Client;
let changes: ReturnType<typeof createChanges>;
let expiry: ReturnType<typeof createAuditExpiry>;

beforeAll(async () => {
  const urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 4, log });
  admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  changes = createChanges({ database, box: createSecretBox(Buffer.alloc(32, 1).toString("base64")), log });
  expiry = createAuditExpiry({ changes });
});
afterAll(async () => {
  await admin.end();
  await database.close();
});

async function organizationWithEvents(slug: string, count: number) {
  const { rows } = await admin.query<{ id: string }>(
    "insert into wheelhouse.organizations (slug, name) values ($1, $1) returning id",
    [slug],
  );
  const organization = { id: rows[0]?.id ?? "", slug, name: slug };
  for (let n = 1; n <= count; n += 1)
    await changes.recordAct(testContext(organization), "webhooks.source.create", {
      targets: [{ type: "thing", id: String(n), name: `thing ${n}` }],
    });
  return organization;
}

const contents = async (organizationId: string) => {
  const { rows } = await admin.query<{ seq: number }>(
    `select c.seq from wheelhouse.audit_chain c join wheelhouse.audit_events e on e.id = c.audit_id
     where c.org_id = $1 order by c.seq`,
    [organizationId],
  );
  return rows.map(({ seq }) => seq);
};

async function cover(organizationId: string) {
  const { rows } = await admin.query<{ seq: number; hash: string }>(
    "select seq, encode(hash, 'hex') as hash from wheelhouse.audit_heads where org_id = $1",
    [organizationId],
  );
  await database.system
    .insertInto("audit_checkpoints")
    .values({
      org_id: organizationId,
      line: JSON.stringify({ orgId: organizationId, number: 1, keyId: "test", ...rows[0] }),
    })
    .execute();
}

test("content expires only under a signed checkpoint; the chain stays and the trail records it", async () => {
  const organization = await organizationWithEvents("expiring", 5);
  await expect(expiry.expire(organization, 3)).rejects.toThrow("No signed checkpoint covers event 3");
  expect(await contents(organization.id)).toEqual([1, 2, 3, 4, 5]);
  await cover(organization.id);
  await expect(expiry.expire(organization, 6)).rejects.toThrow("No signed checkpoint covers event 6");
  expect(await expiry.expire(organization, 3)).toBe(3);
  expect(await contents(organization.id)).toEqual([4, 5, 6]);
  expect(await expiry.expire(organization, 2)).toBe(3);
});

test("a legal hold prevents expiry, and triggers prevent any other removal", async () => {
  const organization = await organizationWithEvents("held", 3);
  await cover(organization.id);
  await admin.query(
    "insert into wheelhouse.audit_legal_holds (org_id, reason, placed_by) values ($1, 'lawsuit', 'counsel')",
    [organization.id],
  );
  await expect(expiry.expire(organization, 2)).rejects.toThrow("A legal hold prevents the content");
  await expect(
    admin.query("insert into wheelhouse.audit_expirations values ($1, 2, 1)", [organization.id]),
  ).rejects.toThrow("legal hold");
  await expect(
    admin.query("delete from wheelhouse.audit_events where org_id = $1", [organization.id]),
  ).rejects.toThrow("append-only");
  expect(await contents(organization.id)).toEqual([1, 2, 3]);
  await admin.query("update wheelhouse.audit_legal_holds set released_by = 'counsel', released_at = now()");
  expect(await expiry.expire(organization, 2)).toBe(2);
});
