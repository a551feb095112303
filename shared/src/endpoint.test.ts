import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { capabilities } from "./capabilities.ts";
import { type Endpoint, paging, queryFlag, queryList, slug } from "./endpoint.ts";
import { endpoints } from "./endpoints.ts";

const isEndpoint = (value: unknown): value is Endpoint =>
  typeof value === "object" && value !== null && "method" in value && "path" in value && "response" in value;

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter(
  (name) => /^[a-z/-]+\.ts$/.test(name) && !name.startsWith("reporter/"),
);
const tables: object[] = await Promise.all(files.map((name) => import(new URL(name, import.meta.url).href)));
const addressOf = ({ method, path }: Endpoint): string => `${method} ${path}`;
const named = endpoints.map((endpoint): [string, Endpoint] => [addressOf(endpoint), endpoint]);

test("the list of endpoints contains every endpoint that a file exports", () => {
  const exported = new Set(tables.flatMap((table) => Object.values(table).filter(isEndpoint)));
  const listed = new Set(endpoints);
  expect([...exported].filter((endpoint) => !listed.has(endpoint)).map(addressOf)).toEqual([]);
});

test("no two endpoints share method and path", () => {
  const addresses = endpoints.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ":")}`);
  expect(addresses.length).toBeGreaterThan(15);
  expect(addresses.filter((address, at) => addresses.indexOf(address) !== at)).toEqual([]);
});

test.each(named)(
  "%s: a mutation names its audit action, a read has no body",
  (_, { method, body, action, keeps, audited }) => {
    if (method === "GET") expect(body).toBeUndefined();
    else if (audited === false) expect(action).toBeUndefined();
    else expect(action).toMatch(/^[a-z]+(?:\.[a-z-]+){2}$/);
    expect(keeps === undefined).toBe(action === undefined);
  },
);

test("only what programs push, and what people have read of their own bell, is no act", () => {
  expect(endpoints.filter(({ audited }) => audited === false).map(addressOf)).toEqual([
    "POST /notifications/bell/read",
    "POST /otlp/v1/metrics",
  ]);
});

test("only reads are served from memory", () => {
  const written = endpoints.filter(({ snapshot, method }) => snapshot === true && method !== "GET");
  expect(written.map(addressOf)).toEqual([]);
});

test.each(named)("%s requires a session or an existing capability", (_, { access: needed }) => {
  expect(["public", "session", ...capabilities]).toContain(needed);
});

test.each(named)("%s describes every parameter of its path, and no other", (_, { path, params }) => {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const described = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
  expect(described.sort()).toEqual(named.sort());
});

test.each(named)("%s accepts no undeclared field", (_, { params, query, body }) => {
  for (const part of [params, query, body])
    if (part instanceof z.ZodObject) expect(part.def.catchall).toBeInstanceOf(z.ZodNever);
});

test("a list in the query is split at commas and limited", () => {
  const colours = queryList(z.enum(["red", "blue"]));
  expect(colours.parse("red,blue,")).toEqual(["red", "blue"]);
  expect(colours.safeParse("red,green").error?.issues[0]?.path).toEqual([1]);
  expect(queryList(z.string()).safeParse(Array(51).fill("a").join(",")).success).toBe(false);
});

test("a flag in the query is 0, 1 or absent", () => {
  expect([undefined, "0", "1"].map((value) => queryFlag.parse(value))).toEqual([false, false, true]);
  expect(queryFlag.safeParse("yes").success).toBe(false);
});

test("a page has 50 rows by default, and 200 at most", () => {
  const query = z.strictObject(paging);
  expect(query.parse({})).toEqual({ limit: 50 });
  expect(query.parse({ limit: "200" })).toEqual({ limit: 200 });
  for (const limit of ["0", "201", "1.5", "many"]) expect(query.safeParse({ limit }).success).toBe(false);
});

test.each(["a", "a-b", "7", "x".repeat(63)])("%s is a short name", (name) => {
  expect(slug.safeParse(name).success).toBe(true);
});

test.each(["", "-a", "a-", "A", "a b", "a/b", "ü", "x".repeat(64), "../etc"])(
  "%j is not a short name",
  (name) => {
    expect(slug.safeParse(name).success).toBe(false);
  },
);

test("each example of a body is one that its endpoint takes", () => {
  const examplesOf = z.array(z.unknown()).catch([]);
  const shown = endpoints.flatMap(({ path, body }) =>
    examplesOf.parse(body?.meta()?.examples).map((example) => ({ path, taken: body?.safeParse(example) })),
  );
  expect(shown.length).toBeGreaterThan(15);
  expect(shown.filter(({ taken }) => taken?.success !== true)).toEqual([]);
});
