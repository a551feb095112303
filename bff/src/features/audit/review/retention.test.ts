import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createAuditStore } from "../reading/store.ts";
import { createChanges } from "../writing/changes.ts";
import { createAuditExpiry } from "./expiry.ts";
import { createAuditRetention } from "./retention.ts";

const log = pino({ level: "silent" });
const dayMs = 86_400_000;

let database: Database;
let admin: pg.Client;
let nowMs = Date.now();
let retention: ReturnType<typeof createAuditRetention>;
let changes: ReturnType<typeof createChanges>;

beforeAll(async () => {
  const urls = await createTestDatabase();
  database = createDatabase({ ...urls, poolSize: 4, log });
  admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  changes = createChanges({ database, box: createSecretBox(Buffer.alloc(32, 1).toString("base64")), log });
  const { expire } = createAuditExpiry({ changes });
  retention = createAuditRetention({ database, changes, expire, clock: { now: () => nowMs }, log });
});
afterAll(async () => {
  await admin.end();
  await database.close();
});

test("old content under a checkpoint expires after its retention, not before, and not under a hold", async () => {
  const made = await admin.query(
    "insert into wheelhouse.organizations (slug, name) values ('kept', 'Kept') returning id",
  );
  const organization = { id: String(made.rows[0].id), slug: "kept", name: "Kept" };
  const context = testContext(organization);
  const ids: string[] = [];
  const store = createAuditStore({ database });
  for (const name of ["one", "two"])
    await changes.recordAct(context, "webhooks.source.create", {
      targets: [{ type: "thing", id: name, name }],
    });
  for (const { event } of await store.list([organization.id], {}, undefined, 10)) ids.push(event.id);
  await retention.update(30, context);
  const held = await retention.placeHold("Case 12", context);
  const heads = await admin.query(
    "select seq, encode(hash, 'hex') as hash from wheelhouse.audit_heads where org_id = $1",
    [organization.id],
  );
  const line = JSON.stringify({ orgId: organization.id, number: 1, keyId: "test", ...heads.rows[0] });
  await database.system.insertInto("audit_checkpoints").values({ org_id: organization.id, line }).execute();
  const expiredTo = async () => (await retention.read(context)).expiredToSeq;

  nowMs = Date.now() + 31 * dayMs;
  await retention.expireDue();
  expect(await expiredTo()).toBe(0);
  await retention.releaseHold(held.holds[0]?.id ?? "", context);
  nowMs = Date.now() + 29 * dayMs;
  await retention.expireDue();
  expect(await expiredTo()).toBe(0);
  nowMs = Date.now() + 31 * dayMs;
  await retention.expireDue();
  // The checkpoint covers the four events up to the hold, not its release.
  expect(await retention.read(context)).toMatchObject({
    keepDays: 30,
    expiredToSeq: 4,
    expiredCheckpoint: 1,
  });
  expect(await store.read([organization.id], ids[0] ?? "")).toBeUndefined();
  expect(await store.expired([organization.id], ids[0] ?? "")).toEqual({ seq: 2, checkpoint: 1 });
  const acts = await store.list([organization.id], { action: ["audit.content.expire"] }, undefined, 10);
  expect(acts.map(({ event }) => event.after)).toEqual([{ uptoSeq: 4 }]);
});
