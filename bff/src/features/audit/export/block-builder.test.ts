import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AuditExportFormat, exportResumeHeader } from "@wheelhouse/shared/audit/export.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { systemClock } from "#lib/time/clock.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { verifyExport } from "../proof/offline.ts";
import { type Organization, openTrail, seedOf, type Trail } from "../testing/audit.fixture.ts";
import { auditContent } from "../writing/content.ts";
import { buildAuditBlocks } from "./block-builder.ts";
import { type AuditExport, createAuditExport } from "./export.ts";

let it: Trail;
let exporting: AuditExport;
beforeAll(async () => {
  it = await openTrail(await createTestDatabase());
  const box = createSecretBox(seedOf());
  const trail = { recordAct: async () => {} };
  exporting = createAuditExport({ ...it, trail, box, clock: systemClock });
});
afterAll(async () => {
  await exporting.close();
  await it.close();
});

/**
 * Adds events in one transaction, a second apart, the newest now, including texts that a format must quote.
 */
async function fill(organization: Organization, count: number) {
  const texts = ["=1+1", 'a "quoted", word', "two\nlines", "größe", ""];
  const acts = Array.from({ length: count }, (_, n) => {
    const name = texts[n % texts.length] ?? "";
    const act = {
      id: randomUUID(),
      recordedAt: new Date(Date.now() - (count - n) * 1_000).toISOString(),
      action: "webhooks.source.create",
      outcome: "success" as const,
      entry: {
        targets: n % 3 === 0 ? [] : [{ type: "thing", id: `${n}`, name }],
        reason: n % 2 ? name : null,
      },
    };
    return { ...act, content: auditContent(testContext(organization), act) };
  });
  await it.admin.query(
    `insert into wheelhouse.audit_events (id, org_id, recorded_at, content)
     select e.id, $1, e.at, e.content from unnest($2::uuid[], $3::timestamptz[], $4::text[]) as e (id, at, content)`,
    [
      organization.id,
      acts.map(({ id }) => id),
      acts.map((act) => act.recordedAt),
      acts.map((act) => act.content),
    ],
  );
  return acts.map(({ recordedAt }) => recordedAt);
}

type Asked = {
  from?: string;
  to?: string;
  outcome?: "success"[];
  q?: string;
  target?: string;
  resume?: string;
  have?: number;
};
async function exported(organization: Organization, format: AuditExportFormat, asked: Asked = {}) {
  const { file, headers } = await exporting.begin(
    { format, includeChildren: false, have: 0, ...asked },
    testContext(organization),
  );
  const parts: Buffer[] = [];
  for await (const part of file) parts.push(part);
  return { bytes: Buffer.concat(parts), resume: headers?.[exportResumeHeader] ?? "" };
}
/** Without the trailer, which contains the time. */
const linesOf = ({ bytes }: { bytes: Buffer }) => bytes.toString("utf8").split("\n").slice(0, -2).join("\n");

async function blocksOf({ id }: Organization): Promise<number[]> {
  const { rows } = await it.admin.query<{ number: number }>(
    "select number from wheelhouse.audit_blocks where org_id = $1 order by number",
    [id],
  );
  return rows.map(({ number }) => number);
}

describe.each(["ndjson", "csv"] as const)("an export as %s", (format) => {
  test("has the same bytes with and without blocks, wherever a time range cuts them, and resumes wherever it was interrupted", async () => {
    const organization = await it.newOrganization(`same-${format}`);
    const times = await fill(organization, 600);
    const cuts: Asked[] = [
      {},
      { from: times[100] ?? "" },
      { to: times[256] ?? "" },
      { from: times[10] ?? "", to: times[590] ?? "" },
      { from: times[599] ?? "" },
      { outcome: ["success"] },
      { outcome: ["success"], from: times[100] ?? "", to: times[590] ?? "" },
      { q: "größe" },
      { target: "6" },
    ];
    const before = [];
    for (const cut of cuts) before.push(await exported(organization, format, cut));
    expect(await buildAuditBlocks(it)).toBe(2);
    for (const [n, cut] of cuts.entries()) {
      const [former, now] = [before[n], await exported(organization, format, cut)];
      expect(former && linesOf(former), JSON.stringify(cut)).toBe(linesOf(now));
    }
    const whole = before[0] ?? { bytes: Buffer.alloc(0), resume: "" };
    const have = Math.floor(whole.bytes.length / 2);
    const rest = await exported(organization, format, { resume: whole.resume, have });
    expect(Buffer.concat([whole.bytes.subarray(0, have), rest.bytes]).equals(whole.bytes)).toBe(true);
  });
});

test("lines come from the blocks; a block that was tampered with fails the offline verification", async () => {
  const organization = await it.newOrganization("touched");
  await fill(organization, 300);
  await it.sign(organization);
  await buildAuditBlocks(it);
  const verified = async () => {
    const exportFile = join(it.folder, `${randomUUID()}.ndjson`);
    writeFileSync(exportFile, (await exported(organization, "ndjson")).bytes);
    const checkpointsFile = join(it.folder, "checkpoints", `${organization.id}.ndjson`);
    return verifyExport({
      exportFile,
      checkpointsFile,
      keyPem: readFileSync(join(it.folder, "keys.pem"), "utf8"),
    });
  };
  expect(await verified()).toMatchObject({ events: 300, fault: undefined });
  await it.tamper([
    [
      "update wheelhouse.audit_blocks set ndjson = replace(ndjson, 'größe', 'kleine') where org_id = $1",
      [organization.id],
    ],
  ]);
  expect((await verified()).fault?.problem).toContain("content");
});

test("blocks have no gaps and only complete content: expired content is removed and does not return", async () => {
  const organization = await it.newOrganization("expiring");
  await fill(organization, 1_100);
  await it.sign(organization);
  expect(await buildAuditBlocks(it)).toBe(4);
  expect(await blocksOf(organization)).toEqual([0, 1, 2, 3]);
  expect(await buildAuditBlocks(it)).toBe(0);
  const expire = "select wheelhouse.audit_expire($1, 300)";
  await it.admin.query(expire, [organization.id]);
  expect(await blocksOf(organization)).toEqual([2, 3]);
  expect(await buildAuditBlocks(it)).toBe(0);
  const text = (await exported(organization, "ndjson")).bytes.toString("utf8");
  expect(text).toContain('"rows":800,');
  expect(text).toContain('"firstSeq":301,');

  const late = await it.newOrganization("late");
  await fill(late, 600);
  await it.sign(late);
  await it.admin.query(expire, [late.id]);
  expect(await buildAuditBlocks(it)).toBe(0);
  await fill(late, 200);
  expect(await buildAuditBlocks(it)).toBe(1);
  expect(await blocksOf(late)).toEqual([2]);
});

test("a filtered CSV takes the lines of a block where many events match, and makes them where few do", async () => {
  const organization = await it.newOrganization("picked");
  await fill(organization, 300);
  await buildAuditBlocks(it);
  await it.tamper([
    [
      "update wheelhouse.audit_blocks set csv_rows = replace(csv_rows, 'two', 'TWO') where org_id = $1",
      [organization.id],
    ],
  ]);
  const bytesOf = async (asked: Asked) => (await exported(organization, "csv", asked)).bytes.toString("utf8");
  expect(await bytesOf({ q: "lines" })).toContain("TWO");
  expect(await bytesOf({ target: "7" })).toContain("two");
});

test("blocks from before the present columns get their CSV once, newest first; no export mixes columns meanwhile", async () => {
  const organization = await it.newOrganization("former");
  await fill(organization, 1_100);
  await buildAuditBlocks(it);
  const whole = linesOf(await exported(organization, "csv"));
  const stored =
    "select number, csv_rows, csv_ends from wheelhouse.audit_blocks where org_id = $1 order by number";
  const before = await it.admin.query(stored, [organization.id]);
  await it.tamper([
    [
      "update wheelhouse.audit_blocks set csv_rows = null, csv_ends = null where org_id = $1",
      [organization.id],
    ],
  ]);
  expect(linesOf(await exported(organization, "csv"))).toBe(whole);
  expect(linesOf(await exported(organization, "csv", { outcome: ["success"] }))).toBe(whole);

  await it.admin.query("select wheelhouse.fill_audit_csv($1, 1)", [organization.id]);
  const { rows } = await it.admin.query(stored, [organization.id]);
  expect(rows.map(({ csv_rows: lines }) => lines !== null)).toEqual([false, false, false, true]);
  expect(linesOf(await exported(organization, "csv"))).toBe(whole);

  const write =
    "update wheelhouse.audit_blocks set csv_rows = 'x', ndjson = 'x' where org_id = $1 and number = 0";
  await expect(it.admin.query(write, [organization.id])).rejects.toThrow("append-only");
  expect(await buildAuditBlocks(it)).toBe(3);
  expect((await it.admin.query(stored, [organization.id])).rows).toEqual(before.rows);
  expect(await buildAuditBlocks(it)).toBe(0);
  expect(linesOf(await exported(organization, "csv"))).toBe(whole);
});

test("CSV of a block over a missing event is not written; newer blocks and other organizations get theirs", async () => {
  const [robbed, other] = [await it.newOrganization("robbed-csv"), await it.newOrganization("other-csv")];
  await fill(robbed, 600);
  await fill(other, 300);
  await buildAuditBlocks(it);
  await it.tamper([
    [
      "update wheelhouse.audit_blocks set csv_rows = null, csv_ends = null where org_id in ($1, $2)",
      [robbed.id, other.id],
    ],
    [
      `delete from wheelhouse.audit_events e using wheelhouse.audit_chain c
       where c.org_id = $1 and c.seq = 5 and e.id = c.audit_id`,
      [robbed.id],
    ],
  ]);
  expect(await buildAuditBlocks(it)).toBe(1);
  const lines = linesOf(await exported(robbed, "csv")).split("\n");
  expect(lines.filter((line) => /^\d+,/.test(line)).length).toBe(599);
});

test("an organization whose trail lacks an event gets no block over it; others continue", async () => {
  const [robbed, other] = [await it.newOrganization("robbed"), await it.newOrganization("other")];
  await fill(robbed, 300);
  await fill(other, 300);
  await it.tamper([
    [
      `delete from wheelhouse.audit_events e using wheelhouse.audit_chain c
       where c.org_id = $1 and c.seq = 5 and e.id = c.audit_id`,
      [robbed.id],
    ],
  ]);
  expect(await buildAuditBlocks(it)).toBe(1);
  expect([await blocksOf(robbed), await blocksOf(other)]).toEqual([[], [0]]);
});

test("nobody can write, change or empty them by hand, and an organization sees only its own", async () => {
  const [mine, foreign] = [await it.newOrganization("mine"), await it.newOrganization("foreign")];
  await fill(mine, 256);
  await buildAuditBlocks(it);
  const acts = [
    "update wheelhouse.audit_blocks set csv_rows = ''",
    "update wheelhouse.audit_blocks set csv_rows = null",
    "delete from wheelhouse.audit_blocks",
    "truncate wheelhouse.audit_blocks",
  ];
  for (const act of acts) await expect(it.admin.query(act), act).rejects.toThrow("append-only");
  for (const pool of [it.database.pools.app, it.database.pools.system]) {
    for (const act of [...acts, "insert into wheelhouse.audit_blocks select * from wheelhouse.audit_blocks"])
      await expect(pool.query(act), act).rejects.toThrow("permission denied");
  }
  await expect(
    it.database.pools.app.query("select wheelhouse.build_audit_blocks($1, 1)", [mine.id]),
  ).rejects.toThrow("permission denied");
  const seenBy = ({ id }: Organization) =>
    it.database.asOrganizations([id], (tx) => tx.selectFrom("audit_blocks").select("org_id").execute());
  expect(await seenBy(mine)).toEqual([{ org_id: mine.id }]);
  expect(await seenBy(foreign)).toEqual([]);
});
