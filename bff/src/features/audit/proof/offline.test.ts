import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "#testing/stack.ts";
import { type Organization, openTrail, type Trail } from "../testing/audit.fixture.ts";
import { verifyExport } from "./offline.ts";

let it: Trail;
let organization: Organization;
let lines: string[];
const folder = mkdtempSync(join(tmpdir(), "wheelhouse-offline-"));

beforeAll(async () => {
  it = await openTrail(await createTestDatabase());
  organization = await it.newOrganization("exported");
  await it.record(organization, 4);
  await it.sign(organization);
  await it.record(organization, 2);
  await it.sign(organization);
  lines = await exported();
});
afterAll(() => it.close());

async function exported(): Promise<string[]> {
  const { rows } = await it.admin.query<{ line: string }>(
    `select '{"seq":' || c.seq || ',"prev":"' || encode(c.prev, 'hex') || '","hash":"' || encode(c.hash, 'hex')
       || '","content":' || e.content || '}' as line
     from wheelhouse.audit_chain c join wheelhouse.audit_events e on e.id = c.audit_id
     where c.org_id = $1 order by c.seq`,
    [organization.id],
  );
  return rows.map(({ line }) => line);
}

const checkpointsFile = () => join(it.folder, "checkpoints", `${organization.id}.ndjson`);
const seqOf = (line: string): number => JSON.parse(line).seq;
let files = 0;

/** Written like an exporter does, with a trailer that is correct for these lines. */
function fileOf(events: string[], changed: Record<string, unknown> = {}) {
  const body = events.map((line) => `${line}\n`).join("");
  const seqs = events.map(seqOf);
  const trailer = {
    rows: events.length,
    sha256: createHash("sha256").update(body).digest("hex"),
    firstSeq: seqs.length > 0 ? Math.min(...seqs) : null,
    lastSeq: seqs.length > 0 ? Math.max(...seqs) : null,
    filter: {},
    exportedAt: new Date(Date.now() + 3_600_000).toISOString(),
    ...changed,
  };
  files += 1;
  const path = join(folder, `${files}.ndjson`);
  writeFileSync(path, `${body}${JSON.stringify({ trailer })}\n`);
  return path;
}

const verify = (exportFile: string, keyPem = readFileSync(join(it.folder, "keys.pem"), "utf8")) =>
  verifyExport({ exportFile, checkpointsFile: checkpointsFile(), keyPem });

test("an untouched export is valid, oldest or newest first, whole or filtered, and reports which checkpoints match", async () => {
  expect(await verify(fileOf(lines))).toMatchObject({ fault: undefined, events: 6, gaps: 0, checkpoints: 2 });
  expect(await verify(fileOf(lines.toReversed()))).toMatchObject({ fault: undefined, checkpoints: 2 });
  const filtered = fileOf([lines[0] ?? "", lines[3] ?? ""], { filter: { q: "thing" } });
  expect(await verify(filtered)).toMatchObject({ fault: undefined, gaps: 1, checkpoints: 1 });
  expect(await verify(fileOf([]))).toMatchObject({ fault: undefined, events: 0 });
});

const rewritten = (events: string[]) => {
  const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest();
  let prev = Buffer.alloc(32);
  return events.map((line) => {
    const { seq } = JSON.parse(line);
    const content = line.slice(line.indexOf('"content":') + 10, -1).replaceAll("thing 2", "thing 9");
    const { id, organization: owner } = JSON.parse(content);
    const parts = ["wheelhouse-audit-1", owner.id, String(seq), id].map((part) => Buffer.from(part));
    const length = (part: Buffer) => Buffer.from(Uint32Array.of(part.length).buffer).reverse();
    const hash = sha256(
      Buffer.concat([...parts, sha256(content), prev].flatMap((part) => [length(part), part])),
    );
    const link = `"prev":"${prev.toString("hex")}","hash":"${hash.toString("hex")}"`;
    prev = hash;
    return `{"seq":${seq},${link},"content":${content}}`;
  });
};

test.each([
  ["content", (all: string[]) => all.map((l) => l.replaceAll("thing 2", "thing 9")), /event 2 was altered/],
  [
    "a hash",
    (all: string[]) => all.with(1, (all[1] ?? "").replace(/"hash":"./, '"hash":"x')),
    /neither an event/,
  ],
  [
    "a link",
    (all: string[]) => all.with(1, (all[1] ?? "").replace(/"prev":".{4}/, '"prev":"0000')),
    /event 2 was altered/,
  ],
  [
    "the text that people read first",
    (all: string[]) => all.with(1, (all[1] ?? "").replace('"content":{', '"content":{"action":"nothing",')),
    /event 2 is not in the exact form of an export/,
  ],
  [
    "an event left out",
    (all: string[]) => all.toSpliced(2, 1),
    /events are missing although the export has no filter/,
  ],
  [
    "an event twice",
    (all: string[]) => all.toSpliced(2, 0, all[1] ?? ""),
    /event 2 is duplicated or out of order/,
  ],
  [
    "two events swapped",
    (all: string[]) => all.with(1, all[2] ?? "").with(2, all[1] ?? ""),
    /out of order|missing/,
  ],
  [
    "the end",
    (all: string[]) => all.slice(0, 4),
    /events 5 to 6 were cut off: checkpoint 2 .* signed event 6/,
  ],
  [
    "everything, with all hashes recomputed",
    rewritten,
    /the chain was rewritten: checkpoint 1 .* signed a different event 4/,
  ],
])("an export with a change in %s is reported", async (_, change, problem) => {
  expect((await verify(fileOf(change(lines)))).fault?.problem).toMatch(problem);
});

test("an export without a signed checkpoint is not verified, however well it is chained", async () => {
  const nobody = /no signed checkpoint covers the events of organization .* chained to event/;
  const empty = join(folder, "no-checkpoints.ndjson");
  writeFileSync(empty, "");
  const keyPem = readFileSync(join(it.folder, "keys.pem"), "utf8");
  const unsigned = (exportFile: string) => verifyExport({ exportFile, checkpointsFile: empty, keyPem });
  for (const forged of [lines, rewritten(lines)])
    expect((await unsigned(fileOf(forged))).fault?.problem).toMatch(nobody);
  // The filter excludes the signed events.
  const filter = { filter: { q: "thing" } };
  expect((await verify(fileOf(rewritten(lines).slice(0, 3), filter))).fault?.problem).toMatch(nobody);
  // Another organization's signatures prove nothing about this one.
  const other = lines.map((line) => line.replaceAll(organization.id, "01900000-0000-7000-8000-0000000000ff"));
  const both = fileOf([...lines, ...rewritten(other)], { filter: { includeChildren: true } });
  expect((await verify(both)).fault?.problem).toMatch(nobody);
});

test("it reports how far an export is signed, and how far it is only chained", async () => {
  const one = (signedTo: number, chainedTo: number) => [
    { organizationId: organization.id, signedTo, chainedTo },
  ];
  const all = readFileSync(checkpointsFile(), "utf8").split("\n");
  const first = join(folder, "first-checkpoint.ndjson");
  writeFileSync(first, `${all[0]}\n`);
  const keyPem = readFileSync(join(it.folder, "keys.pem"), "utf8");
  for (const order of [lines, lines.toReversed()]) {
    expect(await verify(fileOf(order))).toMatchObject({ signedEvents: 6, reach: one(6, 6) });
    const exportFile = fileOf(order);
    expect(await verifyExport({ exportFile, checkpointsFile: first, keyPem })).toMatchObject({
      fault: undefined,
      signedEvents: 4,
      reach: one(4, 6),
    });
  }
  const filtered = fileOf([lines[0] ?? "", lines[2] ?? "", lines[3] ?? ""], { filter: { q: "thing" } });
  expect(await verify(filtered)).toMatchObject({ fault: undefined, signedEvents: 2, reach: one(4, 4) });
});

test("a truncated or damaged checkpoint file is reported with its line", async () => {
  const whole = readFileSync(checkpointsFile(), "utf8");
  const [one = "", two = ""] = whole.split("\n");
  const keyPem = readFileSync(join(it.folder, "keys.pem"), "utf8");
  const path = join(folder, "damaged.ndjson");
  const problemOf = async (text: string) => {
    writeFileSync(path, text);
    return (await verifyExport({ exportFile: fileOf(lines), checkpointsFile: path, keyPem })).fault?.problem;
  };
  expect(await problemOf(whole)).toBeUndefined();
  expect(await problemOf(whole.slice(0, -1))).toBe("line 2 of the checkpoints is cut off");
  expect(await problemOf(whole.slice(0, -30))).toBe("line 2 of the checkpoints is cut off");
  expect(await problemOf(`${two}\n`)).toBe(
    "line 1 of the checkpoints: checkpoints before number 2 are missing",
  );
  expect(await problemOf(`${one}\n{}\n`)).toBe("line 2 of the checkpoints is not a checkpoint");
  expect(await problemOf(`${one}\n\n${two}\n`)).toBe("line 2 of the checkpoints is not a checkpoint");
  expect(await problemOf(`${one}\n${two.replace('"seq":6', '"seq":5')}\n`)).toBe(
    "line 2 of the checkpoints: the signature of checkpoint 2 is invalid",
  );
});

test("an interrupted export is recognized wherever it was interrupted", async () => {
  const path = fileOf(lines);
  const whole = readFileSync(path);
  for (const length of [whole.length - 5, whole.indexOf(10) + 1, whole.indexOf(10) + 200, 0]) {
    writeFileSync(path, whole.subarray(0, length));
    expect((await verify(path)).fault?.problem, `${length} bytes`).toMatch(/cut off/);
  }
  expect((await verify(fileOf(lines, { rows: 7 }))).fault?.problem).toBe(
    "the trailer states 7 events, but the export contains 6",
  );
  expect((await verify(fileOf(lines, { sha256: "0".repeat(64) }))).fault?.problem).toMatch(
    /sha256 in the trailer/,
  );
});

test("the command reports the result as text and by its exit code", async () => {
  const run = (args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      execFile(
        process.execPath,
        [
          "--import",
          "tsx",
          fileURLToPath(new URL("../../../../launch/verify-audit.ts", import.meta.url)),
          ...args,
        ],
        { env: { PATH: process.env.PATH } },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
      );
    });
  const key = join(it.folder, "keys.pem");
  const none = join(folder, "none.ndjson");
  writeFileSync(none, "");
  const [good, bad, forged] = await Promise.all([
    run([fileOf(lines), "--checkpoints", checkpointsFile(), "--key", key]),
    run([fileOf(lines.slice(0, 4)), "--checkpoints", checkpointsFile(), "--key", key]),
    run([fileOf(rewritten(lines)), "--checkpoints", none, "--key", key]),
  ]);
  expect(good).toMatchObject({
    code: 0,
    output: expect.stringContaining("Verified: 6 events of 1 organization"),
  });
  expect(good.output).toContain("signed to event 6, chained to 6");
  expect(forged).toMatchObject({ code: 1, output: expect.stringContaining("NOT VERIFIED") });
  expect(bad).toMatchObject({ code: 1, output: expect.stringContaining("events 5 to 6 were cut off") });
});

test("a key that signed nothing makes no checkpoint trusted", async () => {
  const foreign = await openTrail(it.urls);
  const keyPem = readFileSync(join(foreign.folder, "keys.pem"), "utf8");
  await foreign.close();
  expect((await verify(fileOf(lines), keyPem)).fault?.problem).toMatch(/which is not trusted$/);
  await expect(verify(fileOf(lines), "no key at all")).rejects.toThrow("contains no public key");
});
