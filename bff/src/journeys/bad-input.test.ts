import type { Endpoint } from "@wheelhouse/shared/endpoint.ts";
import { endpoints } from "@wheelhouse/shared/endpoints.ts";
import { errorBody } from "@wheelhouse/shared/errors.ts";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

// The whole contract, field by field: unexpected input is refused by name, and nothing breaks.
const hostileTexts = [
  "'; drop table wheelhouse.users; --",
  "<script>alert(1)</script>",
  "../../etc/passwd",
  "a\u0000b",
  "x".repeat(5_000),
];
const wrongTypes = [{ $ne: null }, [[1]], 1e308, null];
const someId = "01900000-0000-7000-8000-0000000000aa";

const fieldsOf = (schema: z.ZodType | undefined): string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
/** What tells the variants of a body apart, as the first of them has it. */
const firstVariantOf = (schema: z.ZodType | undefined): Record<string, unknown> => {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return {};
  const { discriminator, options } = schema.def;
  const [first] = options;
  const mark = first instanceof z.ZodObject ? first.shape[discriminator] : undefined;
  if (mark instanceof z.ZodEnum) return { [discriminator]: mark.options[0] };
  return mark instanceof z.ZodLiteral ? { [discriminator]: mark.value } : {};
};
const withFields = (part: "params" | "query" | "body") =>
  endpoints
    .filter((endpoint) => fieldsOf(endpoint[part]).length > 0)
    .map((endpoint): [string, Endpoint] => [`${endpoint.method} ${endpoint.path}`, endpoint]);

let it: TestApp;
let caller: Awaited<ReturnType<typeof signInAs>>;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const environment = {
    WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "1000000",
    WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: "1000000",
  };
  it = await startTestApp({ urls, redisUrl: redis.url, environment });
  // A caller with every right, so that input is the only reason for a refusal.
  caller = await signInAs(it, "superadmin", "platform");
});
afterAll(() => it.close());

type Sent = { params?: Record<string, string>; query?: Record<string, string>; body?: unknown };

/** @returns the field names in the refusal; undefined if the input was accepted. */
async function send(endpoint: Endpoint, { params = {}, query = {}, body }: Sent) {
  const path = endpoint.path.replace(/:(\w+)/g, (_, name) =>
    encodeURIComponent(params[name] ?? (name === "number" ? "1" : someId)),
  );
  const search = new URLSearchParams(query).toString();
  const answer = await caller.call(endpoint.method, search ? `${path}?${search}` : path, {
    ...(body === undefined
      ? {}
      : { payload: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  expect(answer.statusCode, `${endpoint.method} ${path}: ${answer.body.slice(0, 300)}`).toBeLessThan(500);
  if (answer.statusCode < 400) return undefined;
  const { error } = errorBody.parse(answer.json());
  return (error.details ?? []).map(({ field, message }) => `${field} ${message}`);
}

/** Everything that an action could have left behind; refusals and reads are excluded, because they must be recorded. */
async function standing() {
  const { rows } = await sql`
    select (select count(*) from organizations)::int as organizations, (select count(*) from users)::int as users,
      (select string_agg(role, ' ' order by user_id, org_id) from memberships) as memberships,
      (select count(*) from webhook_sources)::int as sources, (select count(*) from webhook_endpoints)::int as endpoints,
      (select count(*) from webhook_events)::int as events
  `.execute(it.database.system);
  return rows[0];
}

test.each(withFields("body"))("%s refuses invalid fields of its body, by name", async (_, endpoint) => {
  const before = await standing();
  for (const field of fieldsOf(endpoint.body)) {
    for (const text of hostileTexts) {
      // The other fields are missing or hostile as well, so nothing may be carried out.
      await send(endpoint, { body: { [field]: text } });
      await send(endpoint, { body: { [field]: [text] } });
      await send(endpoint, { body: { [field]: { [text]: text } } });
    }
    for (const value of wrongTypes) await send(endpoint, { body: { [field]: value } });
    const odd = await send(endpoint, { body: { [field]: { $ne: null } } });
    if (odd) expect.soft(odd.join("; "), field).toMatch(/body|path|query/);
  }
  const unknown = await send(endpoint, { body: { surelyUnknown: 1 } });
  if (endpoint.body instanceof z.ZodObject && endpoint.body.def.catchall instanceof z.ZodNever)
    expect(unknown?.join("; ")).toMatch(/surelyUnknown|body/);
  for (const body of [[], "text", 7, null]) await send(endpoint, { body });
  expect(await standing()).toEqual(before);
});

test.each(withFields("query"))("%s refuses invalid query parameters, by name", async (_, endpoint) => {
  for (const field of fieldsOf(endpoint.query))
    for (const text of hostileTexts) await send(endpoint, { query: { [field]: text } });
  const unknown = await send(endpoint, { query: { surelyUnknown: "1" } });
  expect(unknown?.join("; ")).toMatch(/surelyUnknown/);
});

test.each(withFields("params"))("%s refuses invalid parts of its path", async (_, endpoint) => {
  const before = await standing();
  for (const field of fieldsOf(endpoint.params))
    for (const text of hostileTexts)
      expect(
        await send(endpoint, { params: { [field]: text }, body: endpoint.body ? {} : undefined }),
      ).toBeDefined();
  expect(await standing()).toEqual(before);
});

const operations = () =>
  Object.entries(it.app.swagger().paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods ?? {})
      .map((method) => ({ method: method.toUpperCase(), path }))
      .filter(() => path.startsWith("/api/v1/")),
  );
const endpointOf = ({ method, path }: { method: string; path: string }) =>
  endpoints.find(
    (endpoint) => endpoint.method === method && `/api/v1${endpoint.path.replace(/:(\w+)/g, "{$1}")}` === path,
  );

test("every operation refuses an unknown query parameter, by name", async () => {
  const found = operations();
  expect(found.length).toBeGreaterThan(60);
  for (const operation of found) {
    const endpoint = endpointOf(operation);
    const address = `${operation.method} ${operation.path}`;
    if (!endpoint) throw new Error(`${address} is not in the contract`);
    const told = await send(endpoint, { query: { noSuchParameter: "1" } });
    expect.soft(told, address).toContain("query.noSuchParameter is unknown");
  }
});

test("every operation refuses an unknown field of its body, by name", async () => {
  for (const operation of operations().filter(({ method }) => method !== "GET")) {
    const endpoint = endpointOf(operation);
    const address = `${operation.method} ${operation.path}`;
    if (!endpoint) throw new Error(`${address} is not in the contract`);
    const told = await send(endpoint, { body: { ...firstVariantOf(endpoint.body), noSuchField: 1 } });
    expect.soft(told, address).toContain("body.noSuchField is unknown");
  }
});

test("a queue at a past moment is refused with the alternative", async () => {
  const answer = await caller.call("GET", "/queues/email?at=2026-11-19T09:14:10Z");
  expect(answer.statusCode).toBe(400);
  expect(answer.json().error.details).toEqual([
    {
      field: "query.at",
      message: expect.stringContaining("leave it out, or read the past from /history/series"),
    },
  ]);
});

test.each([
  [
    "series",
    "/history/series?id=x&metrics=x&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
    "organization",
  ],
  ["journal", "/history/journal?limit=1", "health"],
])(
  "the %s of a kind that no topic declares are refused with the kinds there are",
  async (_, path, declared) => {
    const answer = await caller.call("GET", `${path}&kind=locomotive`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.details).toEqual([
      { field: "query.kind", message: expect.stringMatching(`^must be one of .*${declared}`) },
    ]);
    expect((await caller.call("GET", `${path}&kind=${declared}`)).statusCode).toBe(200);
  },
);
