import { createHash } from "node:crypto";
import { exportResumeHeader } from "@wheelhouse/shared/audit/export.ts";
import { exportedAuditLine, exportedAuditTrailer } from "@wheelhouse/shared/audit/export-format.ts";
import { auditNotNames } from "@wheelhouse/shared/audit/filter.ts";
import type { AuditAction } from "@wheelhouse/shared/audit-actions.ts";
import fc from "fast-check";
import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { platformOrganization } from "#lib/http/request-context.ts";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { systemClock } from "#lib/time/clock.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import type { AuditFilter, AuditPlace } from "../reading/find.ts";
import { type AuditStore, createAuditStore } from "../reading/store.ts";
import { createChanges } from "../writing/changes.ts";
import { type AuditExport, createAuditExport } from "./export.ts";

const box = createSecretBox(Buffer.alloc(32).toString("base64"));
const log = pino({ level: "silent" });
const organizationId = platformOrganization.id;
const actors = ["=cmd()", "Zoë, O'Brien", 'quo"ted', "Ann"];
const actions = [
  "webhooks.endpoint.update",
  "webhooks.delivery.replay",
  "access.session.create",
] as const satisfies AuditAction[];
const targets = ["orders.example", "-1+2", "back\\slash", "tab\there", "new\nline", "₤ £ %_"];
const reasons = [null, "@SUM(A1)", "plain words", "\tTab first", "a,b;c", "ends with \\", "größe Ω"];

let database: Database;
let store: AuditStore;
let trail: ReturnType<typeof createChanges>;
let exporting: AuditExport;
let recorded: { action: string; after: unknown }[] = [];
let until: string;

beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 4, log });
  store = createAuditStore({ database });
  trail = createChanges({ database, box, log });
  for (let n = 0; n < 120; n++) {
    const display = actors[n % actors.length] ?? "";
    const id = n % 5 === 0 ? null : `01900000-0000-7000-8000-00000000000${n % actors.length}`;
    const target = targets[n % targets.length] ?? "";
    await trail.recordAct(
      testContext(undefined, { actor: { ...testContext().actor, id, display } }),
      actions[n % actions.length] ?? "audit.trail.read",
      {
        targets: n % 7 === 0 ? [] : [{ type: "thing", id: `id-${n % 9}`, name: target }],
        reason: reasons[n % reasons.length] ?? null,
        after: { n, note: target },
      },
    );
  }
  until = new Date(Date.now() + 1).toISOString();
  exporting = createAuditExport({
    database,
    log,
    clock: systemClock,
    box,
    trail: {
      recordAct: async (_, action, { after }) => {
        recorded.push({ action, after });
      },
    },
  });
});
afterAll(async () => {
  await exporting.close();
  await database.close();
});

async function exported(format: "csv" | "ndjson", filter: AuditFilter): Promise<Buffer> {
  const lists = { actor: filter.actor && [...filter.actor], class: filter.class && [...filter.class] };
  const { file } = await exporting.begin(
    {
      format,
      includeChildren: false,
      have: 0,
      ...lists,
      target: filter.target,
      q: filter.q,
      action: filter.action && [...filter.action],
      slot: filter.slot && [...filter.slot],
      from: filter.from,
      to: filter.to,
      outcome: filter.outcome && ["success"],
      not: filter.not && [...filter.not],
    },
    testContext(),
  );
  return read(file);
}

async function read(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of file) parts.push(part);
  return Buffer.concat(parts);
}

async function listed(filter: AuditFilter): Promise<string[]> {
  const ids: string[] = [];
  let place: AuditPlace | undefined;
  for (;;) {
    const rows = await store.list([organizationId], filter, place, 50);
    ids.push(...rows.map(({ event }) => event.id));
    place = rows.at(-1)?.place;
    if (rows.length < 50) return ids;
  }
}

const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");

/** Rows of a CSV file by RFC 4180. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === "\n") rows.push([]);
    if (end === "") break;
  }
  return rows.slice(0, -1);
}

// Set half of the time, otherwise hardly any combination would match anything.
const often = { freq: 2, nil: undefined };
const some = <T>(values: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }), often);
const slotNow = () => `${new Date().getUTCDay() || 7}-${String(new Date().getUTCHours()).padStart(2, "0")}`;
const filters = fc.record({
  actor: some([...actors, "01900000-0000-7000-8000-000000000001", "nobody"]),
  action: some(actions),
  class: some(["webhooks", "access", "alerts"]),
  target: fc.option(fc.constantFrom(...targets, "id-3", "id"), often),
  outcome: some(["success"]),
  not: some(auditNotNames),
  slot: fc.option(fc.constantFrom(["1-00", "6-15", slotNow()], ["1-00"], [slotNow()]), often),
  q: fc.option(
    fc.constantFrom("plain", "orders exam", "größe", "no-such", "SUM a1", "%", "back\\slash", "'; drop"),
    often,
  ),
});

test("an export has exactly the rows of the table, for every filter, in both formats", async () => {
  let full = 0;
  await fc.assert(
    fc.asyncProperty(filters, async (chosen) => {
      const filter: AuditFilter = { ...chosen, to: until };
      const ids = (await listed(filter)).sort();
      full += ids.length > 0 ? 1 : 0;
      const lines = (await exported("ndjson", filter)).toString("utf8").trimEnd().split("\n");
      const events = lines.slice(0, -1).map((line) => exportedAuditLine.parse(JSON.parse(line)));
      expect(events.map(({ content }) => content.id).sort()).toEqual(ids);
      const csv = readCsv((await exported("csv", filter)).toString("utf8"));
      expect(
        csv
          .slice(1, -1)
          .map((row) => row.at(-2))
          .sort(),
      ).toEqual(ids);
    }),
    { numRuns: 60 },
  );
  expect(full).toBeGreaterThan(5);
}, 60_000);

/** The same query on the index only: without a limit it does not scan the newest events first. */
async function indexed({ actor, action, class: classes, target, outcome, slot, ...asked }: AuditFilter) {
  const names = { action: "actions", actor: "actors", class: "classes", outcome: "outcomes" } as const;
  const filter = JSON.stringify({
    actors: actor,
    actions: action,
    classes,
    outcomes: outcome,
    slots: slot,
    q: asked.q,
    to: asked.to,
    targets: target === undefined ? undefined : [target],
    organizations: [organizationId],
    not: asked.not?.map((name) => (name === "slot" || name === "target" ? `${name}s` : names[name])),
  });
  const { rows } = await database.asOrganizations([organizationId], (tx) =>
    sql<{ id: string }>`
      select id from wheelhouse.find_audit(${filter}::jsonb, null, null, null)
      order by recorded_at desc, id desc`.execute(tx),
  );
  return rows.map(({ id }) => id);
}

test.each<AuditFilter>([
  { actor: ["Ann", "01900000-0000-7000-8000-000000000001"] },
  { action: ["access.session.create"] },
  { class: ["access", "alerts"] },
  { target: "orders.example" },
  { outcome: ["success"] },
  { outcome: ["denied"] },
  { outcome: ["success", "denied", "failure"] },
  { slot: ["1-00", slotNow()] },
])("%j negated selects exactly the rest, also combined with another filter", async (filter) => {
  const not = auditNotNames.filter((name) => filter[name] !== undefined);
  for (const beside of [{ to: until }, { to: until, q: "orders exam" }, { to: until, actor: ["Ann"] }]) {
    const both = { ...filter, ...beside };
    if (filter.actor && "actor" in beside) continue;
    const left = await listed({ ...both, not });
    const wanted = new Set(await listed(both));
    expect(left).toEqual((await listed(beside)).filter((id) => !wanted.has(id)));
    expect(await indexed({ ...both, not })).toEqual(left);
  }
});

test("the last line has count, hash and numbers; content is byte for byte what was hashed", async () => {
  const data = await exported("ndjson", { to: until });
  const text = data.toString("utf8");
  const lines = text.trimEnd().split("\n");
  const { trailer } = exportedAuditTrailer.parse(JSON.parse(lines.at(-1) ?? ""));
  const events = lines.slice(0, -1).map((line) => exportedAuditLine.parse(JSON.parse(line)));
  expect(trailer).toMatchObject({ rows: 120, firstSeq: 1, lastSeq: 120, filter: { to: until } });
  expect(trailer.sha256).toBe(sha256(text.slice(0, text.lastIndexOf('{"trailer"'))));
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, n) => 120 - n));
  const { rows } = await database.asOrganizations([organizationId], (tx) =>
    sql<{ seq: string; sealed: string }>`
      select seq, encode(content_hash, 'hex') as sealed from audit_chain`.execute(tx),
  );
  const sealed = new Map(rows.map(({ seq, sealed: hash }) => [Number(seq), hash]));
  for (const [index, { seq }] of events.entries()) {
    const line = lines[index] ?? "";
    expect(sha256(line.slice(line.indexOf('"content":') + 10, -1))).toBe(sealed.get(seq));
  }
});

test("a CSV starts with a UTF-8 byte order mark, as Excel requires", async () => {
  const bytes = await exported("csv", { to: until });
  expect(bytes.subarray(0, 9).toString("latin1")).toBe("\u00ef\u00bb\u00bfevent,");
  expect(bytes.toString("utf8")).toContain("größe Ω");
});

test("no cell of a CSV starts as a formula, and its last row has count and hash", async () => {
  const text = (await exported("csv", { to: until })).toString("utf8");
  const rows = readCsv(text);
  const cells = rows.flat();
  expect(cells.filter((cell) => /^[=+\-@\t\r\n]/.test(cell))).toEqual([]);
  for (const told of ["'=cmd()", "'-1+2", "'@SUM(A1)", "'\tTab first", "new\nline", 'quo"ted'])
    expect(cells).toContain(told);
  expect(rows.at(-1)?.slice(0, 3)).toEqual([
    "end of export",
    "120",
    sha256(text.slice(0, text.lastIndexOf("end of export"))),
  ]);
});

test("every row of a CSV has a cell for each column; user agents and ids of targets have theirs", async () => {
  const text = (await exported("csv", { to: until })).toString("utf8");
  const [head = [], ...rows] = readCsv(text);
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([head.length]));
  const cell = (name: string) => {
    const at = head.indexOf(name);
    return new Set(rows.slice(0, -1).map((row) => row[at]));
  };
  expect(cell("user agent")).toEqual(new Set([testContext().userAgent]));
  expect(cell("target ids")).toContain("id-3");
  expect(cell("targets")).toContain("orders.example");
});

test.each(["ndjson", "csv"] as const)(
  "an interrupted %s resumes as it began, wherever it was interrupted",
  async (format) => {
    const asked = { format, includeChildren: false, actor: ["Ann", "=cmd()"] };
    const first = await exporting.begin({ ...asked, have: 0 }, testContext());
    const whole = await read(first.file);
    const resume = first.headers?.[exportResumeHeader];
    await trail.recordAct(
      testContext(undefined, { actor: { ...testContext().actor, display: "Ann" } }),
      actions[0],
      {
        targets: [],
      },
    );
    expect((await exported(format, { actor: asked.actor })).length).toBeGreaterThan(whole.length);
    for (const have of [1, 700, whole.length - 300, whole.length - 5, whole.length]) {
      recorded = [];
      const { file } = await exporting.begin({ ...asked, resume, have }, testContext());
      expect(Buffer.concat([whole.subarray(0, have), await read(file)]).equals(whole), `${have}`).toBe(true);
      await expect.poll(() => recorded.length).toBe(2);
      expect(recorded).toMatchObject([
        { after: { state: "begun", have } },
        { after: { state: "completed" } },
      ]);
    }
    const other = { ...asked, actor: ["Ann"], resume, have: 1 };
    await expect(exporting.begin(other, testContext())).rejects.toThrow("another filter");
    const foreign = testContext({ ...platformOrganization, id: "01900000-0000-7000-8000-0000000000ff" });
    await expect(exporting.begin({ ...asked, resume, have: 1 }, foreign)).rejects.toThrow("not a token");
    await expect(exporting.begin({ ...asked, have: 1 }, testContext())).rejects.toThrow(
      "to resume an export",
    );
    const { file } = await exporting.begin({ ...asked, resume, have: whole.length + 1 }, testContext());
    await expect(read(file)).rejects.toThrow("larger than the export");
  },
);

test("an export abandoned by its reader stops in the database and is recorded as cancelled", async () => {
  recorded = [];
  const { file } = await exporting.begin(
    { format: "ndjson", includeChildren: false, have: 0 },
    testContext(),
  );
  file.destroy();
  await expect.poll(() => recorded.length).toBe(2);
  expect(recorded).toMatchObject([
    { action: "audit.trail.export", after: { state: "begun", format: "ndjson" } },
    { action: "audit.trail.export", after: { state: "cancelled", sha256: null } },
  ]);
  const { rows } = await database.pools.app.query(
    "select from pg_stat_activity where application_name = 'wheelhouse-exports' and state = 'active'",
  );
  expect(rows).toEqual([]);
  expect((await exported("csv", { to: until })).length).toBeGreaterThan(100);
});
