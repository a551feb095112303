import { gzipSync } from "node:zlib";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { addToWindow } from "#lib/redis/rate-window.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
let origin: string;
let token: string;
let otherToken: string;
let busyToken: { id: string; token: string };
let viewer: Awaited<ReturnType<typeof signInAs>>;
let other: Awaited<ReturnType<typeof signInAs>>;
const providers: MeterProvider[] = [];

async function tokenOf(admin: Awaited<ReturnType<typeof signInAs>>, capabilities: string[]) {
  const answer = await admin.call("POST", "/tokens", {
    payload: { name: "collector", capabilities, expiresAt: null },
  });
  return z.object({ id: z.string(), token: z.string() }).parse(answer.json());
}

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const environment = {
    WHEELHOUSE_SAMPLE_INTERVAL_MS: "200",
    WHEELHOUSE_RATE_LIMIT_PUSHES_PER_MINUTE: "1000",
  };
  it = await startTestApp({ urls, redisUrl: redis.url, environment });
  await it.startRoles();
  origin = await it.app.listen({ port: 0, host: "127.0.0.1" });
  viewer = await signInAs(it, "viewer");
  other = await signInAs(it, "viewer", "contoso");
  const admin = await signInAs(it, "admin");
  token = (await tokenOf(admin, ["reports:write"])).token;
  busyToken = await tokenOf(admin, ["reports:write"]);
  otherToken = (await tokenOf(await signInAs(it, "admin", "contoso"), ["overview:read"])).token;
}, 60_000);
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.shutdown().catch(() => undefined)));
  await it.close();
});

type Encoding = "JSON" | "protobuf";
/** A service with the SDK of OpenTelemetry; `export` sends what it has measured so far. */
function service(
  name: string,
  encoding: Encoding,
  temporality: AggregationTemporality,
  instance = `${name}-1`,
) {
  const Exporter = encoding === "JSON" ? JsonExporter : ProtobufExporter;
  const exporter = new Exporter({
    url: `${origin}/otlp/v1/metrics`,
    headers: { authorization: `Bearer ${token}` },
    temporalityPreference: Number(temporality),
  });
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({
    readers: [reader],
    resource: resourceFromAttributes({ "service.name": name, "service.instance.id": instance }),
    views: [
      {
        instrumentName: "resilience4j.circuitbreaker.exponential",
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  });
  providers.push(provider);
  return { meter: provider.getMeter("test"), export: () => reader.forceFlush() };
}

const row = z.looseObject({
  id: z.string(),
  service: z.string(),
  state: z.string(),
  callsPerMinute: z.number().nullable(),
  failedPerMinute: z.number().nullable(),
  instances: z.array(z.looseObject({ instance: z.string(), intervalMs: z.number() })),
});
const list = z.object({ items: z.array(row) });
const breakers = async (who = viewer) => list.parse((await who.call("GET", "/breakers")).json()).items;
const breakerOf = async (service: string) => (await breakers()).find((each) => each.service === service);

const { CUMULATIVE, DELTA } = AggregationTemporality;
test.each<[Encoding, AggregationTemporality, string]>([
  ["JSON", CUMULATIVE, "java-json"],
  ["protobuf", CUMULATIVE, "java-proto"],
  ["JSON", DELTA, "java-json-delta"],
  ["protobuf", DELTA, "java-proto-delta"],
])(
  "breakers of an SDK that exports %s (temporality %i) are shown with their calls",
  async (encoding, temporality, name) => {
    const { meter, export: send } = service(name, encoding, temporality);
    let state = "closed";
    meter.createObservableGauge("resilience4j.circuitbreaker.state").addCallback((result) => {
      for (const each of ["closed", "open", "half_open"])
        result.observe(Number(each === state), { name: "stripe", state: each });
    });
    const calls = meter.createHistogram("resilience4j.circuitbreaker.calls", { unit: "ms" });
    const refused = meter.createCounter("resilience4j.circuitbreaker.not.permitted.calls");
    const act = () => {
      for (let call = 0; call < 6; call += 1) calls.record(40, { name: "stripe", kind: "successful" });
      for (let call = 0; call < 4; call += 1) calls.record(900, { name: "stripe", kind: "failed" });
      refused.add(2, { name: "stripe", kind: "not_permitted" });
    };
    act();
    await send();
    await expect.poll(async () => (await breakerOf(name))?.state, { timeout: 15_000 }).toBe("closed");
    state = "open";
    act();
    await send();
    await expect.poll(async () => (await breakerOf(name))?.state, { timeout: 15_000 }).toBe("open");
    const shown = await breakerOf(name);
    expect(shown).toMatchObject({ id: `${name}~stripe`, library: "resilience4j", label: "1 of 1 open" });
    expect(shown?.instances[0]?.instance).toBe(`${name}-1`);
    // Of 12 calls 6 failed or were refused, in both temporalities.
    expect((shown?.failedPerMinute ?? 0) / (shown?.callsPerMinute ?? 1)).toBeCloseTo(0.5);
    expect(await breakers(other)).toEqual([]);
  },
);

test("caches by the names of Micrometer are shown with their hit ratio, and sets that nobody counts as unknown", async () => {
  const { meter, export: send } = service("catalog", "protobuf", DELTA);
  const gets = meter.createCounter("cache.gets");
  meter.createObservableGauge("cache.size").addCallback((result) => result.observe(120, { cache: "prices" }));
  const act = (hits: number, misses: number) => {
    gets.add(hits, { cache: "prices", result: "hit" });
    gets.add(misses, { cache: "prices", result: "miss" });
  };
  act(1, 1);
  await send();
  const item = async () =>
    (await viewer.call("GET", "/caches"))
      .json()
      .items.find(({ name }: { name: string }) => name === "prices");
  await expect.poll(item, { timeout: 15_000 }).toMatchObject({ service: "catalog", hitRatio: null });
  act(3, 1);
  await send();
  await expect.poll(async () => (await item())?.hitRatio, { timeout: 15_000 }).toBe(0.75);
  expect(await item()).toMatchObject({ setsPerMinute: null, levels: [{ level: "memory", entries: 120 }] });
});

const send = (
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Buffer }> =>
  fetch(`${origin}/otlp/v1/metrics`, {
    method: "POST",
    body: typeof body === "string" ? body : new Uint8Array(body),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
  }).then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    body: Buffer.from(await answer.arrayBuffer()),
  }));
const textOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString());

const gauge = (
  name: string,
  attributes: Record<string, string>,
  resource: Record<string, string>,
  given: object = {},
) => {
  const written = (all: Record<string, string>) =>
    Object.entries(all).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const dataPoints = [{ asInt: "1", timeUnixNano: `${Date.now()}000000`, attributes: written(attributes) }];
  const metrics = [{ name, gauge: { dataPoints }, ...given }];
  return JSON.stringify({
    resourceMetrics: [{ resource: { attributes: written(resource) }, scopeMetrics: [{ metrics }] }],
  });
};
const state = { name: "pay", state: "open" };

test("a compressed request is read, and a request in vain is told so without an error", async () => {
  const known = gauge("resilience4j.circuitbreaker.state", state, { "service.name": "zipped" });
  const answer = await send(gzipSync(known), { "content-encoding": "gzip" });
  expect([answer.status, textOf(answer)]).toEqual([200, {}]);
  await expect.poll(async () => (await breakerOf("zipped"))?.state, { timeout: 15_000 }).toBe("open");
  const vain = await send(gauge("jvm.memory.used", {}, { "service.name": "memory" }));
  expect(textOf(vain)).toEqual({
    partialSuccess: {
      rejectedDataPoints: "0",
      errorMessage: expect.stringContaining("Nothing in this request"),
    },
  });
  expect(textOf(await send("{}"))).toEqual({});
  expect((await send("", { "content-type": "application/x-protobuf" })).status).toBe(200);
});

test("data points that cannot be kept are counted with the reason, and the others are kept", async () => {
  const name = "resilience4j.circuitbreaker.state";
  for (const [resource, why] of [
    [{}, "no service.name"],
    [{ "service.name": "wheelhouse" }, "Wheelhouse's own"],
    [{ "service.name": "x".repeat(201) }, "over 200 characters"],
  ] as const)
    expect(textOf(await send(gauge(name, state, resource)))).toEqual({
      partialSuccess: { rejectedDataPoints: "1", errorMessage: expect.stringContaining(why) },
    });
  const long = await send(gauge(name, { name: "x".repeat(600), state: "open" }, { "service.name": "long" }));
  expect(textOf(long).partialSuccess.rejectedDataPoints).toBe("1");
});

test.each([
  ["another content type", "a 1\n", { "content-type": "text/plain" }, 415, 3],
  ["another compression", "{}", { "content-encoding": "br" }, 415, 3],
  ["no JSON", "{", {}, 400, 3],
  ["another shape", '{"resourceMetrics":7}', {}, 400, 3],
  ["no gzip", "{}", { "content-encoding": "gzip" }, 400, 3],
  ["no protobuf", Buffer.from([0x0a, 0xff, 0xff]), { "content-type": "application/x-protobuf" }, 400, 3],
  ["a body above the limit", Buffer.alloc(5_000_000, 32), {}, 413, 3],
  [
    "a body that unpacks above it",
    gzipSync(Buffer.alloc(9_000_000, 32)),
    { "content-encoding": "gzip" },
    413,
    3,
  ],
  ["no credentials", "{}", { authorization: "" }, 401, 16],
])("%s is refused with a status in the encoding of the request", async (_, body, headers, status, code) => {
  const answer = await send(body, headers);
  expect(answer.status).toBe(status);
  if (headers["content-type" as keyof typeof headers] === "application/x-protobuf") {
    expect(answer.headers.get("content-type")).toBe("application/x-protobuf");
    // Field 1, a number: the code.
    expect([...answer.body.subarray(0, 2)]).toEqual([8, code]);
  } else expect(textOf(answer)).toEqual({ code, message: expect.any(String) });
});

test("a token without the right is refused, and a push leaves no audit event", async () => {
  const refused = await send("{}", { authorization: `Bearer ${otherToken}` });
  expect([refused.status, textOf(refused).code]).toEqual([403, 7]);
  const before = await it.database.system
    .selectFrom("audit_events")
    .select((eb) => eb.fn.countAll().as("n"))
    .executeTakeFirst();
  await send(gauge("resilience4j.circuitbreaker.state", state, { "service.name": "silent" }));
  const after = await it.database.system
    .selectFrom("audit_events")
    .select((eb) => eb.fn.countAll().as("n"))
    .executeTakeFirst();
  expect(after).toEqual(before);
});

test("a token that sends too often is told when to try again, and no other token is", async () => {
  await addToWindow(it.redis, { kind: "pushes", name: busyToken.id }, 1_000, 30_000);
  const answer = await send("{}", { authorization: `Bearer ${busyToken.token}` });
  expect([answer.status, textOf(answer).code]).toEqual([429, 8]);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await send("{}")).status).toBe(200);
});

test("while Redis is away a sender is asked to try again", async () => {
  it.redis.disconnect();
  const answer = await send("{}");
  expect([answer.status, textOf(answer).code]).toEqual([503, 14]);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  await it.redis.connect();
});
