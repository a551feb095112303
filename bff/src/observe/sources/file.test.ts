import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chooseShopPorts, writeDemoSources } from "#embedded/demo-sources.ts";
import { loadSources } from "./file.ts";

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

test("a server's time-out is its own, in bounds, and absent where none is given", () => {
  const withTimeout = (timeout: string) =>
    write(
      `redis:\n  - { id: shop, url: "redis://10.0.0.1", timeout: ${timeout} }\n  - { id: other, url: "redis://10.0.0.2" }\n`,
    );
  const limits = loadSources(withTimeout("250ms")).redis.map(({ id, timeoutMs }) => [id, timeoutMs]);
  expect(limits).toEqual([
    ["primary", undefined],
    ["shop", 250],
    ["other", undefined],
  ]);
  for (const timeout of ["50ms", "2m", "soon"])
    expect(() => loadSources(withTimeout(timeout))).toThrow(
      "line 2: redis.shop.timeout: must be a duration such as 10s, from 100 ms to 1 m",
    );
});

test("a variable stands for the address of a server, or for a part of it that may hold any character", () => {
  const path = write(
    `redis:\n  - { id: shop, url: "\${SHOP}" }\n  - { id: other, url: "redis://:\${WORD}@10.0.0.2:6379/1" }\n`,
  );
  const set = new Map([
    ["SHOP", "rediss://:secret@10.0.0.1"],
    ["WORD", "p@ss:/#%"],
  ]);
  const urls = loadSources(path, { variable: (name) => set.get(name) }).redis.map(({ url }) => url);
  expect(urls.slice(1)).toEqual(["rediss://:secret@10.0.0.1", "redis://:p%40ss%3A%2F%23%25@10.0.0.2:6379/1"]);
  expect(() => loadSources(path, { variable: () => undefined })).toThrow(
    "line 2: redis.shop.url: names the variable SHOP, which is not set",
  );
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

test("all mistakes are reported at once, with their place and without the address", () => {
  const path = write(`
redis:
  - { id: primary, url: "redis://user:hunter2@10.0.0.1" }
  - { id: other }
  - { id: other, url: "redis://10.0.0.2" }
`);
  expect(() => loadSources(path)).toThrow(/line 3: redis\.primary\.url: is Wheelhouse's own/);
  expect(() => loadSources(path)).toThrow(/line 4: redis\.other\.url: needs a url/);
  expect(() => loadSources(path)).toThrow(/line 5: redis\.other\.id: the id is already used/);
  expect(() => loadSources(path)).not.toThrow(/hunter2/);
  expect(() => loadSources(write("redis: [{ id: A b, url: 'http://x', more: 1 }]"))).toThrow(
    /redis\.0\.id: .*\n.*redis\.0\.url: must be a URL.*\n.*redis\.0\.more: is not known/,
  );
  expect(() => loadSources(write("redis: [}"))).toThrow(/line 1: is not valid YAML/);
  expect(() => loadSources(join(folder, "missing.yaml"))).toThrow(/cannot be read/);
});

test("services and targets are read with their defaults", () => {
  const { services, prometheus } = loadSources(
    write(`
services:
  - id: orders
    organization: northwind
    format: spring
    url: http://10.0.0.1:8080/actuator/health
    conditions: ["[STATUS] == 200"]
    dependsOn: [primary]
  - id: nightly
    format: push
    interval: 1h
prometheus:
  - { id: orders-metrics, service: orders, url: "http://10.0.0.1:8080/actuator/prometheus", interval: 30s }
`),
  );
  expect(services).toMatchObject([
    {
      id: "orders",
      name: "orders",
      organization: "northwind",
      format: "spring",
      intervalMs: 10_000,
      timeoutMs: 5_000,
      downAfter: 3,
      upAfter: 2,
      dependsOn: ["primary"],
      instances: [{ id: "orders", url: "http://10.0.0.1:8080/actuator/health" }],
    },
    { id: "nightly", format: "push", intervalMs: 3_600_000, instances: [{ id: "nightly", url: "" }] },
  ]);
  expect(prometheus).toMatchObject([{ id: "orders-metrics", instance: "orders", intervalMs: 30_000 }]);
});

test.each([
  ["services: [{ id: a }]", "line 1: services.a: needs url, or instances with a url each"],
  [
    "services:\n  - id: a\n    format: tcp\n    url: http://x",
    "line 4: services.a.url: must begin with tcp://",
  ],
  ["services:\n  - id: a\n    url: tcp://x:1", "line 3: services.a.url: tcp:// goes with format tcp"],
  ["services:\n  - id: a\n    url: http://u:p@x", "line 3: services.a.url: must not carry credentials"],
  [
    "services:\n  - id: a\n    url: http://x\n    intervall: 3s",
    "line 4: services.a.intervall: is not known",
  ],
  [
    "services:\n  - id: a\n    url: http://x\n    interval: 3",
    "line 4: services.a.interval: must be a duration",
  ],
  [
    "services:\n  - id: a\n    url: http://x\n    interval: 10ms",
    "line 4: services.a.interval: must be a dur",
  ],
  [
    "services:\n  - id: a\n    url: http://x\n    dependsOn:\n      - b",
    "line 5: services.a.dependsOn.0: b is not",
  ],
  ["services:\n  - id: a\n    instances:\n      - id: i", "line 4: services.a.instances.0.url: is required"],
  [
    "services:\n  - id: a\n    url: http://x\n    conditions:\n      - '[STATUS] == 200'\n      - '[STATSU] == 200'",
    "line 6: services.a.conditions.1: [STATSU] == 200 [STATSU] is not known",
  ],
  ["postgres:\n  - id: a\nservices:\n  - id: a\n    url: http://x", "line 4: services.a.id: the id is"],
  [
    `a: &a [1]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${`*${i ? `b${i - 1}` : "a"},`.repeat(9)}]`).join("\n")}`,
    "aliases",
  ],
])("a mistake is reported with its line: %j", (content, message) => {
  expect(() => loadSources(write(content))).toThrow(message);
});

test("in the demo the first organization owns the servers, and the second a database and a service", async () => {
  const shopPorts = await chooseShopPorts(folder);
  expect(await chooseShopPorts(folder)).toEqual(shopPorts);
  const path = writeDemoSources({ dataDir: folder, redisUrl: "redis://127.0.0.1:7001", shopPorts });
  expect(loadSources(path).redis.map(({ id, url, organization }) => [id, url, organization])).toEqual([
    ["primary", undefined, "northwind"],
    ["contoso", "redis://127.0.0.1:7001/1", "contoso"],
  ]);
  const { services, prometheus } = loadSources(path);
  expect(services.find(({ id }) => id === "payments")?.instances).toHaveLength(3);
  const ownerOf = ({ id, organization }: { id: string; organization: string }) => `${organization} ${id}`;
  const others = [...services, ...prometheus].filter(({ organization }) => organization !== "northwind");
  expect(others.map(ownerOf)).toEqual(["contoso helpdesk"]);
});
