import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeDemoSources } from "#embedded/demo-sources.ts";
import { loadSources } from "#observe/sources-file.ts";

const folder = mkdtempSync(join(tmpdir(), "wheelhouse-sources-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (content: string) => {
  const path = join(folder, "wheelhouse.yaml");
  writeFileSync(path, content);
  return path;
};

test("without a file Wheelhouse's own servers belong to the platform", () => {
  const { redis, postgres } = loadSources(undefined);
  expect([...redis, ...postgres].map(({ id, organization, url }) => [id, organization, url])).toEqual([
    ["primary", "platform", undefined],
    ["postgres", "platform", undefined],
  ]);
});

test("sources are read with their owner, and own servers that are not named are added", () => {
  const path = write(`
redis:
  - { id: shop, url: "redis://10.0.0.1:6379/2", organization: northwind }
postgres:
  - { id: main, organization: northwind }
`);
  const { redis, postgres } = loadSources(path);
  expect(redis.map(({ id, organization }) => [id, organization])).toEqual([
    ["primary", "platform"],
    ["shop", "northwind"],
  ]);
  expect(postgres).toEqual([
    { id: "main", name: "Postgres main", url: undefined, organization: "northwind" },
  ]);
});

test("every mistake is told at once, with its place and without the address", () => {
  const path = write(`
redis:
  - { id: primary, url: "redis://user:hunter2@10.0.0.1" }
  - { id: other }
  - { id: other, url: "redis://10.0.0.2" }
`);
  expect(() => loadSources(path)).toThrow(/redis\.primary: is Wheelhouse's own/);
  expect(() => loadSources(path)).toThrow(/redis\.other: needs a url/);
  expect(() => loadSources(path)).toThrow(/redis\.other: an id may stand once/);
  expect(() => loadSources(path)).not.toThrow(/hunter2/);
  expect(() => loadSources(write("redis: [{ id: A b, url: 'http://x', more: 1 }]"))).toThrow(
    /redis\.0\.id: .*\n.*redis\.0\.url: must be a URL/,
  );
  expect(() => loadSources(write("redis: [}"))).toThrow(/line 1: is not valid YAML/);
  expect(() => loadSources(join(folder, "missing.yaml"))).toThrow(/cannot be read/);
});

test("the demo gives its first organization the servers and the second a database of its own", () => {
  const path = writeDemoSources({ dataDir: folder, redisUrl: "redis://127.0.0.1:7001" });
  expect(loadSources(path).redis.map(({ id, url, organization }) => [id, url, organization])).toEqual([
    ["primary", undefined, "northwind"],
    ["contoso", "redis://127.0.0.1:7001/1", "contoso"],
  ]);
});
