import { execFile } from "node:child_process";
import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import { sampleRequest } from "@wheelhouse/shared/webhooks/sample.ts";
import {
  createSource,
  listSources,
  rotateSource,
  type SourceScheme,
  updateSource,
} from "@wheelhouse/shared/webhooks/senders.ts";
import { listDeliveries, readDelivery } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "#lib/time/clock.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import {
  end,
  type Gateway,
  makeEndpoint,
  makeSource,
  type Organization,
  postEvent,
  startGateway,
  testConfig,
} from "../testing/gateway.fixture.ts";

const run = promisify(execFile);
const mebibyte = 1024 * 1024;

let gateway: Gateway;
let organization: Organization;
let laterMs = 0;

beforeAll(async () => {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  gateway = await startGateway(
    { ...database, redisUrl: redis.url },
    { ...testConfig, rejections: { limit: 1_000, windowMs: 60_000 } },
    { ...systemClock, now: () => systemClock.now() + laterMs },
  );
  organization = (await makeSource(gateway)).organization;
});
afterAll(() => gateway.close());

async function make(scheme: SourceScheme, rest: object = {}) {
  const body = { slug: `s-${randomBytes(4).toString("hex")}`, name: scheme, scheme, ...rest };
  const source = await gateway.call(organization, createSource, { body });
  return { ...source, url: `${gateway.url}${source.intakePath}` };
}

const signedByGithub = (secret: string, body: string | Buffer) => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  "x-github-delivery": randomUUID(),
});
const post = (url: string, headers: Record<string, string>, body: string | Buffer) =>
  fetch(url, { method: "POST", headers, body: typeof body === "string" ? body : new Uint8Array(body) });

async function storedType(eventId: string) {
  const row = await gateway.database.system
    .selectFrom("webhook_events")
    .select(["event_type", "source_event_id"])
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  return row.event_type;
}
const idOf = async (response: Response) => {
  const body: unknown = await response.json();
  expect({ status: response.status, body }).toMatchObject({ status: 202, body: { duplicate: false } });
  return (body as { id: string }).id;
};

describe("GitHub", () => {
  test("its default form is taken, with the action of the JSON inside", async () => {
    const { url, secret } = await make("github");
    const body = `payload=${encodeURIComponent('{"action":"opened","number":1}')}`;
    const response = await post(
      url,
      {
        "content-type": "application/x-www-form-urlencoded",
        "x-github-event": "pull_request",
        ...signedByGithub(secret, body),
      },
      body,
    );
    expect(await storedType(await idOf(response))).toBe("pull_request.opened");
  });

  test("a push of 24 MB is taken once the source's limit allows it, and refused by name before", async () => {
    const source = await make("github");
    const body = JSON.stringify({ ref: "refs/heads/main", commits: ["x".repeat(24_000_000)] });
    const send = () => {
      const headers = { "x-github-event": "push", ...signedByGithub(source.secret, body) };
      return post(source.url, { "content-type": "application/json", ...headers }, body);
    };
    const refused = await send();
    expect(refused.status).toBe(413);
    expect(await refused.text()).toContain("1,048,576 bytes");
    await gateway.call(organization, updateSource, {
      params: { id: source.id },
      body: { version: source.version, maxBodyBytes: 25 * mebibyte },
    });
    expect(await storedType(await idOf(await send()))).toBe("push");
    const beyond = await gateway.send(organization, "PATCH", `/webhooks/sources/${source.id}`, {
      version: source.version + 1,
      maxBodyBytes: 26 * mebibyte,
    });
    expect(beyond).toMatchObject({ status: 400, error: { details: [{ field: "body.maxBodyBytes" }] } });
  });
});

test("a body without a declared length is refused at the limit, with an answer", async () => {
  const { url } = await make("bearer");
  const body = new ReadableStream({
    start(controller) {
      for (let n = 0; n < 3; n += 1) controller.enqueue(new Uint8Array(mebibyte));
      controller.close();
    },
  });
  const response = await fetch(url, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(response.status).toBe(413);
});

/** Opens a request of which only a part is ever sent; resolves once that part has left. */
async function hang(url: string, headers: Record<string, string>, bytes: number) {
  const sent = httpRequest(url, { method: "POST", headers });
  sent.on("error", () => {});
  const answer = new Promise<number | undefined>((resolve) =>
    sent.on("response", ({ statusCode }) => resolve(statusCode)),
  );
  await new Promise<void>((resolve) => sent.write(Buffer.alloc(bytes, "x"), () => resolve()));
  return { answer, end: () => sent.destroy() };
}

test("what clients announce but do not send takes no memory from others", async () => {
  const source = await make("bearer", { maxBodyBytes: 25 * mebibyte });
  const headers = { authorization: `Bearer ${source.secret}` };
  const announced = await Promise.all(
    Array.from({ length: 12 }, () =>
      hang(source.url, { ...headers, "content-length": String(24 * mebibyte) }, 100),
    ),
  );
  try {
    expect((await post(source.url, headers, Buffer.alloc(20 * mebibyte, "x"))).status).toBe(202);
  } finally {
    for (const { end: stop } of announced) stop();
  }
});

test.each<[string, SourceScheme, Record<string, string>, string]>([
  ["a wrong token", "bearer", { authorization: "Bearer wrong-0123456789abcdef" }, "token_mismatch"],
  ["no signature", "github", { "x-github-event": "push" }, "header_missing"],
  ["an old time", "stripe", { "stripe-signature": `t=1492774577,v1=${"0".repeat(64)}` }, "timestamp_outside"],
])("a large body is not read once the headers show %s", async (_, scheme, headers, reason) => {
  const source = await make(scheme, { maxBodyBytes: 25 * mebibyte });
  const sent = await hang(source.url, { ...headers, "content-length": String(24 * mebibyte) }, 100);
  try {
    expect(await sent.answer).toBe(401);
    await expect
      .poll(() => gateway.call(organization, listRefusals, { query: { source: source.slug } }))
      .toMatchObject({ items: [{ reason, newest: { body: "unread" } }] });
  } finally {
    sent.end();
  }
});

test("large bodies of one address are bounded, and are taken again afterwards", async () => {
  const source = await make("bearer", { maxBodyBytes: 25 * mebibyte });
  const headers = { authorization: `Bearer ${source.secret}` };
  const body = Buffer.alloc(20 * mebibyte, "x");
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(source.url, headers, body)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status !== 202 && status !== 503)).toEqual([]);
  expect(statuses).toContain(202);
  expect(statuses).toContain(503);
  expect((await post(source.url, headers, body)).status).toBe(202);
});

test("Slack's question for the address is answered once it is signed, and nothing is stored", async () => {
  const { url, secret, id } = await make("slack");
  const body =
    '{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}';
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", secret).update(`v0:${at}:${body}`).digest("hex");
  const headers = { "content-type": "application/json", "x-slack-request-timestamp": at };
  const refused = await post(url, { ...headers, "x-slack-signature": "v0=00" }, body);
  expect(refused.status).toBe(401);
  expect(await refused.text()).not.toContain("3eZbrw1aBm2rZgRNFdxV");
  const answered = await post(url, { ...headers, "x-slack-signature": `v0=${signature}` }, body);
  expect(answered.status).toBe(200);
  expect(answered.headers.get("content-type")).toMatch(/^text\/plain/);
  expect(await answered.text()).toBe("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P");
  const rows = await gateway.database.system
    .selectFrom("webhook_events")
    .select("event_id")
    .where("source_id", "=", id)
    .execute();
  expect(rows).toEqual([]);
});

describe("a list of addresses", () => {
  test("takes what comes from one of them without a secret, and refuses the rest by address", async () => {
    const open = await make("addresses", { addresses: ["127.0.0.0/8"] });
    expect(open).toMatchObject({ secret: "", secretHint: null });
    await idOf(await post(open.url, { "content-type": "application/json" }, '{"type":"a.b"}'));
    const closed = await make("addresses", { addresses: ["192.0.2.0/24", "2001:db8::1"] });
    expect((await post(closed.url, {}, "{}")).status).toBe(401);
    const { items } = await expect
      .poll(() => gateway.call(organization, listRefusals, { query: { source: closed.slug } }))
      .toMatchObject({ total: 1 })
      .then(() => gateway.call(organization, listRefusals, { query: { source: closed.slug } }));
    expect(items[0]).toMatchObject({ reason: "address_not_allowed", field: "address" });
  });

  test("is required without a secret, and each entry is checked by name", async () => {
    const create = (rest: object) =>
      gateway.send(organization, "POST", "/webhooks/sources", { slug: "x", name: "X", ...rest });
    expect(await create({ scheme: "addresses" })).toMatchObject({
      status: 400,
      error: { details: [{ field: "body.addresses" }] },
    });
    expect(await create({ scheme: "addresses", addresses: ["127.0.0.1", "10.0.0.0/99"] })).toMatchObject({
      status: 400,
      error: { details: [{ field: "body.addresses.1" }] },
    });
    expect(await create({ scheme: "hmac" })).toMatchObject({
      status: 400,
      error: { details: [{ field: "body.rules.signatureHeader" }] },
    });
  });
});

test("during the overlap both secrets are accepted, afterwards only the new one", async () => {
  const source = await make("standard");
  const rotated = await gateway.call(organization, rotateSource, {
    params: { id: source.id },
    body: { version: source.version, overlapHours: 1 },
  });
  expect(rotated.secret).not.toBe(source.secret);
  expect(Date.parse(rotated.previousSecretUntil ?? "")).toBeGreaterThan(Date.now());
  expect((await postEvent(source, "evt_old")).status).toBe(202);
  expect((await postEvent({ url: source.url, secret: rotated.secret }, "evt_new")).status).toBe(202);
  const again = await gateway.send(organization, "POST", `/webhooks/sources/${source.id}/rotate`, {
    version: source.version,
  });
  expect(again.status).toBe(409);
  await gateway.call(organization, rotateSource, {
    params: { id: source.id },
    body: { version: rotated.version, secret: source.secret, overlapHours: 0 },
  });
  expect((await postEvent({ url: source.url, secret: rotated.secret }, "evt_gone")).status).toBe(401);
  expect((await postEvent(source, "evt_back")).status).toBe(202);
  expect(JSON.stringify(gateway.audited)).not.toContain(rotated.secret);
});

test("the overlap ends by itself", async () => {
  const source = await make("bearer");
  await gateway.call(organization, rotateSource, {
    params: { id: source.id },
    body: { version: source.version, overlapHours: 1 },
  });
  const send = () => post(source.url, { authorization: `Bearer ${source.secret}` }, "{}");
  expect((await send()).status).toBe(202);
  laterMs = 3_601_000;
  try {
    expect((await send()).status).toBe(401);
    const { items } = await gateway.call(organization, listSources, { query: { limit: 200 } });
    expect(items.find(({ id }) => id === source.id)?.previousSecretUntil).toBeNull();
  } finally {
    laterMs = 0;
  }
});

test("the sample request of a source with a public key signs with the private one and is accepted", async () => {
  const pair = generateKeyPairSync("ed25519");
  const raw = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const publicKey = `whpk_${raw.toString("base64")}`;
  const source = await make("standard", { secret: publicKey });
  expect(source.publicKey).toBe(publicKey);
  const folder = await mkdtemp(join(tmpdir(), "sample-"));
  try {
    const key = join(folder, "private.pem");
    await writeFile(key, pair.privateKey.export({ format: "pem", type: "pkcs8" }));
    for (const names of ["webhook", "svix"] as const) {
      const sample = sampleRequest(source, source.url, names) ?? "";
      expect(sample).not.toContain("SECRET");
      const script = sample.replace("'private.pem'", `'${key}'`).replace("msg_$(date", `msg_${names}_$(date`);
      const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script]);
      expect(stdout).toContain("HTTP/1.1 202");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

const named = { signatureHeader: "x-acme-signature", idHeader: "x-acme-id", typeHeader: "x-acme-type" };
test.each<[SourceScheme, object, string]>([
  ["standard", {}, "example.sent"],
  ["github", {}, "ping"],
  ["stripe", {}, "example.sent"],
  ["shopify", {}, "orders/create"],
  ["slack", {}, "app_mention"],
  ["hmac", { rules: { ...named, prefix: "sha256=", timestampHeader: "x-acme-time" } }, "example.sent"],
  ["hmac", { rules: { signatureHeader: "x-acme-signature", encoding: "base64" } }, "example.sent"],
  ["bearer", { rules: { idHeader: "x-acme-id" } }, "example.sent"],
  ["addresses", { addresses: ["127.0.0.1"] }, "example.sent"],
])("the sample request of a %s source with %o works as it is shown", async (scheme, rest, type) => {
  const source = await make(scheme, rest);
  const script = sampleRequest(source, source.url) ?? "";
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script]);
  expect(stdout).toContain("HTTP/1.1 202");
  expect(await storedType(/"id":"([^"]+)"/.exec(stdout)?.[1] ?? "")).toBe(type);
});

describe("any payload is stored and delivered byte for byte, and shown harmlessly", () => {
  const nested = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
  test.each<[string, Buffer]>([
    ["NUL", Buffer.from('{"type":"a","nul":"\u0000\\u0000"}')],
    ["invalid UTF-8", Buffer.from([0x7b, 0xc3, 0x28, 0xff, 0xfe, 0x7d])],
    ["binary", randomBytes(100_000)],
    ["1 MB of nested JSON", Buffer.from(nested)],
    [
      "scripts and formulas",
      Buffer.from('{"type":"a","x":"</script><script>alert(1)</script>","y":"=cmd()"}'),
    ],
    ["nothing", Buffer.alloc(0)],
  ])("%s", async (_, body) => {
    const received: Buffer[] = [];
    const receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      received.push(Buffer.concat(chunks));
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const address = receiver.address();
    if (address === null || typeof address === "string") throw new Error("the receiver does not listen");
    const other = await makeSource(gateway);
    await makeEndpoint(gateway, other.organization, `http://127.0.0.1:${address.port}/in`);
    const source = await gateway.call(other.organization, createSource, {
      body: { slug: "raw", name: "Raw", scheme: "github" },
    });
    const worker = await gateway.webhooks.start.worker();
    try {
      const headers = { "content-type": "application/octet-stream", "x-github-event": "push" };
      const response = await post(
        `${gateway.url}${source.intakePath}`,
        { ...headers, ...signedByGithub(source.secret, body) },
        body,
      );
      const { id } = await gateway.deliveryOf(other.organization, await idOf(response));
      const detail = await gateway.waitFor(other.organization, id, "completed");
      const sha = (bytes: Uint8Array | undefined) =>
        createHash("sha256")
          .update(bytes ?? "")
          .digest("hex");
      expect(received).toHaveLength(1);
      expect(sha(received[0])).toBe(sha(body));
      expect(detail.payload.sizeBytes).toBe(body.length);
      expect(detail.payload.body.length).toBeLessThanOrEqual(64 * 1024);
      const shown = await gateway.send(other.organization, readDelivery.method, `/webhooks/deliveries/${id}`);
      expect(shown.headers.get("content-type")).toMatch(/^application\/json/);
      const { items } = await gateway.call(other.organization, listDeliveries, {});
      expect(items[0]?.eventType).toBe("push");
    } finally {
      await end(worker);
      receiver.closeAllConnections();
      receiver.close();
    }
  });
});
