import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { openTrail, seedOf, type Trail } from "../testing/audit.fixture.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { createAuditCheckpoints } from "./checkpoints.ts";
import { openAuditKeys } from "./keys.ts";
import { createFileSink } from "./sink-file.ts";
import { createS3Sink } from "./sink-s3.ts";
import { createAuditSinks } from "./sinks.ts";

let it: Trail;
beforeAll(async () => {
  it = await openTrail(await createTestDatabase());
});
afterAll(() => it.close());

const linesIn = (organizationId: string) =>
  readFileSync(join(it.folder, "checkpoints", `${organizationId}.ndjson`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parseCheckpoint(line).number);

test("checkpoints are signed when due, even if nothing happened, and once regardless of the number of processes", async () => {
  const organization = await it.newOrganization("due");
  await it.record(organization, 2);
  const due = (dueAfterMs: number) =>
    createAuditCheckpoints({
      database: it.database,
      keys: it.keys,
      clock: systemClock,
      dueAfterMs,
    }).makeDue();
  await Promise.all([due(60_000), due(60_000), due(60_000)]);
  expect((await it.checkpoints.list(organization.id, undefined, 10)).map(({ seq }) => seq)).toEqual([2]);
  await due(60_000);
  expect(await it.checkpoints.list(organization.id, undefined, 10)).toHaveLength(1);
  await due(0);
  const [second, first] = await it.checkpoints.list(organization.id, undefined, 10);
  expect([second?.seq, second?.hash]).toEqual([2, first?.hash]);
  expect(second?.previous).not.toBe(first?.previous);
});

test("checkpoints can be neither changed nor removed, nor signed out of order", async () => {
  const organization = await it.newOrganization("append-only");
  await it.record(organization, 1);
  await it.sign(organization);
  for (const statement of [
    "update wheelhouse.audit_checkpoints set seq = 1",
    "delete from wheelhouse.audit_checkpoints",
    "truncate wheelhouse.audit_checkpoints",
    "truncate wheelhouse.audit_expirations",
  ])
    await expect(it.admin.query(statement), statement).rejects.toThrow("append-only");
  const again = it.database.system
    .insertInto("audit_checkpoints")
    .values({ org_id: organization.id, line: (await it.checkpoints.newest(organization.id))?.line ?? "" });
  await expect(again.execute()).rejects.toThrow("does not follow the one before it");
});

test("a new key continues the series, and the old key's checkpoints stay valid", async () => {
  const organization = await it.newOrganization("rotated");
  await it.record(organization, 1);
  await it.sign(organization);
  const publicKeysFile = join(it.folder, "keys.pem");
  const keys = openAuditKeys({ seed: seedOf(), publicKeysFile, log: it.log });
  expect(keys.keyId).not.toBe(it.keys.keyId);
  expect(keys.list().map(({ keyId, signsNow }) => [keyId, signsNow])).toEqual([
    [it.keys.keyId, false],
    [keys.keyId, true],
  ]);
  await createAuditCheckpoints({ database: it.database, keys, clock: systemClock }).makeNow(organization.id);
  const rotated = await openTrail(it.urls, { keys });
  expect(await rotated.verify(organization)).toMatchObject({
    firstBad: null,
    checkpoints: 2,
    checkpoint: { keyId: keys.keyId },
  });
  await rotated.close();
  expect((await it.verify(organization)).firstBad?.problem).toBe(
    `checkpoint 2 is signed with key ${keys.keyId}, which is not trusted`,
  );
});

test("the file sink catches up after an outage, and repairs a line that a crash cut off", async () => {
  const organization = await it.newOrganization("file-sink");
  await it.record(organization, 1);
  await it.sign(organization);
  const folder = join(it.folder, "checkpoints");
  const path = join(folder, `${organization.id}.ndjson`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  appendFileSync(path, '{"number":2,"torn');
  await it.sign(organization);
  expect(linesIn(organization.id)).toEqual([1, 2]);

  rmSync(folder, { recursive: true });
  writeFileSync(folder, "in the way");
  await it.sign(organization);
  expect((await it.delivery.statusOf(organization.id))[0]?.problem).toMatch(/EEXIST|ENOTDIR/);
  rmSync(folder);
  mkdirSync(folder);
  const restarted = createAuditSinks({ ...it, sinks: [it.file] });
  await restarted.flush();
  expect(linesIn(organization.id)).toEqual([1, 2, 3]);
  expect(await restarted.statusOf(organization.id)).toEqual([{ name: "file", number: 3, problem: null }]);
});

test("two processes that share the file write each checkpoint once, and one that died while writing blocks nobody for long", async () => {
  const organization = await it.newOrganization("shared-file");
  await it.record(organization, 1);
  await it.checkpoints.makeNow(organization.id);
  await it.checkpoints.makeNow(organization.id);
  const folder = join(it.folder, "checkpoints");
  const lock = join(folder, `${organization.id}.lock`);
  mkdirSync(lock);
  utimesSync(lock, 0, 0);
  const flushes = Array.from({ length: 4 }, () =>
    createAuditSinks({ ...it, sinks: [createFileSink(folder)] }).flush(),
  );
  await Promise.all(flushes);
  expect(linesIn(organization.id)).toEqual([1, 2]);
});

test("without a place to store public keys, there is still a signing key", () => {
  const inTheWay = join(it.folder, "keys.pem", "below-a-file", "keys.pem");
  const keys = openAuditKeys({ seed: seedOf(), publicKeysFile: inTheWay, log: it.log });
  expect(keys.list()).toHaveLength(1);
});

const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret-of-the-store",
  region: "eu-test-1",
};

/**
 * Signature version 4 as the server computes it, written from the specification instead of using the client's
 * code.
 */
function signatureOf(request: IncomingMessage, path: string) {
  const [, scope = "", names = "", signature] =
    /Credential=[^/]+\/([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})/.exec(
      request.headers.authorization ?? "",
    ) ?? [];
  const canonical = [
    request.method,
    path,
    "",
    ...names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}`),
    "",
    names,
    request.headers["x-amz-content-sha256"],
  ].join("\n");
  const toSign = [
    "AWS4-HMAC-SHA256",
    request.headers["x-amz-date"],
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const key = scope
    .split("/")
    .reduce<string | Buffer>(
      (from, part) => createHmac("sha256", from).update(part).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
  return { signature, expected: createHmac("sha256", key).update(toSign).digest("hex") };
}

/**
 * An object store that follows the protocol: signatures, checksums, and `If-None-Match` unless it is an old
 * one.
 */
async function startObjectStore() {
  const objects = new Map<string, { body: string; lock: unknown }>();
  const state = { isAway: false, isOld: false, asked: 0 };
  const server = createServer(async (request, response) => {
    state.asked += 1;
    const path = request.url ?? "";
    const body = await text(request);
    const end = (status: number, answer = "") => response.writeHead(status).end(answer);
    if (state.isAway) return end(503);
    const { signature, expected } = signatureOf(request, path);
    if (signature !== expected) return end(403);
    if (request.method === "GET") return end(objects.has(path) ? 200 : 404, objects.get(path)?.body);
    const sha256 = createHash("sha256").update(body).digest();
    if (request.headers["x-amz-content-sha256"] !== sha256.toString("hex")) return end(400);
    if (request.headers["x-amz-checksum-sha256"] !== sha256.toString("base64")) return end(400);
    if (request.headers["if-none-match"] === "*" && objects.has(path) && !state.isOld) return end(412);
    objects.set(path, { body, lock: request.headers["x-amz-object-lock-mode"] });
    return end(200);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { objects, state, url: `http://127.0.0.1:${port}/bucket/audit`, close: () => server.close() };
}

test("the object store gets each checkpoint once, signed, catches up after an outage, and is never overwritten", async () => {
  const store = await startObjectStore();
  const own = await openTrail(await createTestDatabase());
  const organization = await own.newOrganization("s3-sink");
  await own.record(organization, 1);
  const sinkWith = (secretAccessKey: string) =>
    createAuditSinks({
      ...own,
      sinks: [
        createS3Sink({
          options: { ...credentials, url: store.url, secretAccessKey, lockDays: 30 },
          database: own.database,
          clock: systemClock,
        }),
      ],
    });
  const sink = sinkWith(credentials.secretAccessKey);
  const problem = async (of = sink) => (await of.statusOf(organization.id))[0]?.problem;
  const first = await own.sign(organization);
  await sink.flush();
  expect(await problem()).toBeNull();
  const path = (number: number) =>
    `/bucket/audit/${organization.id}/${String(number).padStart(12, "0")}.json`;
  expect(store.objects.get(path(1))?.lock).toBe("COMPLIANCE");
  expect(parseCheckpoint(store.objects.get(path(1))?.body ?? "")).toEqual(first);

  store.state.isAway = true;
  await own.sign(organization);
  await own.sign(organization);
  await sink.flush();
  expect(await problem()).toBe("the object store responded with 503");
  store.state.isAway = false;
  const forger = sinkWith("not the secret");
  await forger.flush();
  expect(await problem(forger)).toBe("the object store responded with 403");
  await sink.flush();
  expect(await problem()).toBeNull();
  expect([...store.objects.keys()]).toEqual([path(1), path(2), path(3)]);

  // A checkpoint delivered just before a crash is delivered again and recognized.
  await own.admin.query("delete from wheelhouse.audit_sink_state");
  const restarted = sinkWith(credentials.secretAccessKey);
  await restarted.flush();
  expect(await problem(restarted)).toBeNull();
  store.objects.set(path(2), { body: "{}", lock: undefined });
  await own.admin.query("update wheelhouse.audit_sink_state set number = 1");
  for (const isOld of [false, true]) {
    store.state.isOld = isOld;
    const suspicious = sinkWith(credentials.secretAccessKey);
    await suspicious.flush();
    expect(await problem(suspicious)).toMatch(/^the object store has a different checkpoint at /);
    expect(store.objects.get(path(2))?.body).toBe("{}");
  }
  await own.close();
  store.close();
});

test("an object store that fails three times is left alone for 30 seconds, and the problem stays what it said", async () => {
  const store = await startObjectStore();
  const own = await openTrail(await createTestDatabase());
  const organization = await own.newOrganization("s3-breaker");
  await own.record(organization, 1);
  await own.sign(organization);
  let nowMs = systemClock.now();
  const options = { ...credentials, url: store.url, lockDays: undefined };
  const s3 = createS3Sink({ options, database: own.database, clock: { now: () => nowMs } });
  const sink = createAuditSinks({ ...own, sinks: [s3] });
  const problem = async () => (await sink.statusOf(organization.id))[0]?.problem;
  store.state.isAway = true;
  for (let time = 0; time < 5; time += 1) await sink.flush();
  expect(store.state.asked).toBe(3);
  expect(await problem()).toBe("the object store responded with 503");
  store.state.isAway = false;
  nowMs += 30_000;
  await sink.flush();
  expect(await problem()).toBeNull();
  expect(store.objects.size).toBe(1);
  await own.close();
  store.close();
});
