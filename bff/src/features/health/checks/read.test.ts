import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Heard, readAnswer } from "./read.ts";

const nowMs = Date.parse("2026-01-01T00:00:00Z");
const answer = (body: unknown, more: Partial<Extract<Heard, { kind: "answer" }>> = {}): Heard => ({
  kind: "answer",
  statusCode: 200,
  truncated: false,
  latencyMs: 12,
  ip: "10.0.0.1",
  body: typeof body === "string" ? body : JSON.stringify(body),
  certificateExpiresAt: null,
  cacheControl: "",
  ...more,
});
const read = (
  format: "json" | "spring" | "health+json" | "status" | "tcp",
  heard: Heard,
  conditions: string[] = [],
) => readAnswer({ format, conditions, intervalMs: 10_000 }, heard, nowMs);

test.each([
  ["new", 5_000, "", "pass", "ok", "ok"],
  ["of its last round, one a minute", 75_000, "", "pass", "ok", "ok"],
  ["of the round before, one a minute", 135_000, "", "pass", "ok", "ok"],
  ["old", 160_000, "", "pass", "unknown", "unknown"],
  ["old, though it was bad then", 160_000, "", "warn", "unknown", "unknown"],
  ["old, but not older than it may be", 160_000, "private, max-age=180", "pass", "ok", "ok"],
  ["older than it may be", 180_000, "max-age=120", "pass", "unknown", "unknown"],
])(
  "health+json: a part whose reading is %s counts for its current state",
  (_, ageMs, cacheControl, ...rest) => {
    const [status, part, whole] = rest;
    const time = new Date(nowMs - ageMs).toISOString();
    const checks = { "db:connections": [{ status, time }], "queue:depth": [{ status: "pass" }] };
    const found = read("health+json", answer({ status: "pass", checks }, { cacheControl }));
    expect([found.components[0]?.state, found.state]).toEqual([part, whole]);
    if (whole === "unknown") expect(found.cause).toContain(`db:connections: last reading at ${time}`);
    const fails = read("health+json", answer({ status: "fail", checks }, { cacheControl, statusCode: 503 }));
    expect(fails.state).toBe("down");
  },
);

test.each([
  [200, "UP", "ok"],
  [200, "up", "ok"],
  [503, "DOWN", "down"],
  [503, "OUT_OF_SERVICE", "down"],
  [200, "UNKNOWN", "unknown"],
  [200, "RESTRICTED", "degraded"],
  [200, "CIRCUIT_OPEN", "degraded"],
  [200, "CIRCUIT_HALF_OPEN", "degraded"],
  [200, "FATAL", "unknown"],
  [503, "UP", "down"],
])("Actuator: status %i with %s is %s", (statusCode, status, state) => {
  expect(read("spring", answer({ status }, { statusCode })).state).toBe(state);
});

test("Actuator's nested parts are read to their leaves, in each of its formats", () => {
  const nested = {
    status: "UP",
    groups: ["liveness", "readiness"],
    components: {
      db: { status: "UP", details: { database: "PostgreSQL", validationQuery: "isValid()" } },
      broker: {
        status: "DOWN",
        components: {
          us: { status: "DOWN", details: { error: "java.net.ConnectException" } },
          eu: { status: "UP" },
        },
      },
      circuitBreakers: {
        status: "UP",
        details: { payments: { status: "CIRCUIT_OPEN", details: { failureRate: "66.6%", state: "OPEN" } } },
      },
      diskSpace: { status: "UP", details: { total: 1e9, free: 5e8, exists: true } },
    },
  };
  const { state, cause, components } = read("spring", answer(nested));
  expect(components.map(({ id, state: each }) => [id, each])).toEqual([
    ["db", "ok"],
    ["broker", "down"],
    ["broker/us", "down"],
    ["broker/eu", "ok"],
    ["circuitBreakers", "ok"],
    ["circuitBreakers/payments", "degraded"],
    ["diskSpace", "ok"],
  ]);
  expect(state).toBe("degraded");
  expect(cause).toBe("broker: Reports DOWN");
  expect(components[6]?.details).toEqual({ total: 1e9, free: 5e8, exists: true });
  const old = { status: "DOWN", details: { db: { status: "DOWN", details: { error: "no" } } } };
  expect(read("spring", answer(old, { statusCode: 503 }))).toMatchObject({ state: "down", cause: "db: no" });
});

test.each([
  [200, "pass", "ok"],
  [200, "OK", "ok"],
  [200, "up", "ok"],
  [207, "warn", "degraded"],
  [503, "fail", "down"],
  [500, "error", "down"],
  [200, "down", "down"],
  [200, "fail", "down"],
  [503, "pass", "down"],
  [200, "so-so", "unknown"],
])("health+json: status %i with %s is %s", (statusCode, status, state) => {
  expect(read("health+json", answer({ status }, { statusCode })).state).toBe(state);
});

test("health+json's checks are read with their own times, one or several per name", () => {
  const content = {
    status: "warn",
    version: "1",
    releaseId: "1.2.2",
    output: "",
    checks: {
      "cassandra:responseTime": [
        {
          componentId: "a1",
          observedValue: 250,
          observedUnit: "ms",
          status: "pass",
          time: "2025-12-31T23:59:48Z",
        },
        { componentId: "b2", status: "warn", output: "slow", time: "never" },
      ],
      uptime: { observedValue: 1209600.245, observedUnit: "s" },
      odd: ["x", null, 4],
    },
  };
  const { state, cause, components, version } = read("health+json", answer(content));
  expect({ state, cause, version }).toEqual({
    state: "degraded",
    version: "1.2.2",
    cause: "cassandra:responseTime#b2: slow",
  });
  expect(components).toMatchObject([
    { id: "cassandra:responseTime#a1", state: "ok", observedAt: "2025-12-31T23:59:48.000Z" },
    { id: "cassandra:responseTime#b2", state: "degraded", cause: "slow", observedAt: null },
    { id: "uptime", state: "ok", details: { observedValue: 1209600.245, observedUnit: "s" } },
  ]);
});

const aspNet = (status: unknown, part: unknown) => ({
  status,
  totalDuration: "00:00:00.01",
  entries: { npgsql: { status: part, description: "pool is empty", duration: "00:00:00.01", data: {} } },
});
const pascal = (status: unknown, part: unknown) => ({
  Status: status,
  Entries: { npgsql: { Status: part, Exception: "pool is empty", Duration: "00:00:00.01", Data: {} } },
});
const terminus = (status: string, part: string) => {
  const db = { status: part, message: "pool is empty" };
  return {
    status,
    info: { redis: { status: "up" } },
    error: part === "down" ? { db } : {},
    details: { redis: { status: "up" }, db },
  };
};
describe.each(["json", "spring", "health+json"] as const)("format %s reads", (format) => {
  test.each<[string, number, unknown, string, string | null, string[]]>([
    ["ASP.NET", 200, aspNet("Healthy", "Healthy"), "ok", null, ["npgsql"]],
    ["ASP.NET", 200, aspNet("Degraded", "Degraded"), "degraded", "npgsql: pool is empty", ["npgsql"]],
    ["ASP.NET", 503, aspNet("Unhealthy", "Unhealthy"), "down", "npgsql: pool is empty", ["npgsql"]],
    ["ASP.NET with numbers", 503, aspNet(0, 0), "down", "npgsql: pool is empty", ["npgsql"]],
    ["ASP.NET with numbers", 200, pascal(2, 2), "ok", null, ["npgsql"]],
    [
      "ASP.NET with capitals",
      503,
      pascal("Unhealthy", "Unhealthy"),
      "down",
      "npgsql: pool is empty",
      ["npgsql"],
    ],
    ["ASP.NET's plain text", 200, "Healthy", "ok", null, []],
    ["ASP.NET's plain text", 200, "Degraded\n", "degraded", "Reports Degraded", []],
    ["terminus", 200, terminus("ok", "up"), "ok", null, ["redis", "db"]],
    ["terminus", 503, terminus("error", "down"), "down", "db: pool is empty", ["redis", "db"]],
    [
      "terminus without a list of all",
      200,
      { status: "ok", info: { db: { status: "up" } } },
      "ok",
      null,
      ["db"],
    ],
    ["terminus on its way out", 503, { status: "shutting_down" }, "down", "Reports shutting_down", []],
    [
      "MicroProfile",
      503,
      {
        status: "DOWN",
        checks: [
          { name: "live", status: "UP" },
          { name: "db", status: "DOWN", data: { error: "gone" } },
        ],
      },
      "down",
      "db: gone",
      ["live", "db"],
    ],
    [
      "MicroProfile 1",
      200,
      { outcome: "UP", checks: [{ name: "db", state: "UP", data: { pool: 3 } }] },
      "ok",
      null,
      ["db"],
    ],
    [
      "Spring Boot 1",
      503,
      {
        status: "DOWN",
        diskSpace: { status: "UP", free: 5 },
        db: { status: "DOWN", primary: { status: "DOWN", error: "refused" } },
      },
      "down",
      "db: Reports DOWN",
      ["diskSpace", "db", "db/primary"],
    ],
    ["health+json", 200, { status: "pass", checks: { a: [{ status: "pass" }] } }, "ok", null, ["a"]],
    ["Actuator", 200, { status: "UP", components: { a: { status: "UP" } } }, "ok", null, ["a"]],
    [
      "checks that are words",
      200,
      { status: "ok", checks: { db: "ok", mq: "fail" } },
      "degraded",
      "mq: Reports fail",
      ["db", "mq"],
    ],
  ])("%s, with status %i", (_name, statusCode, body, state, cause, ids) => {
    const found = read(format, answer(body, { statusCode }));
    expect([found.state, found.cause, found.components.map(({ id }) => id)]).toEqual([state, cause, ids]);
  });

  test.each([500, 502, 503, 404])(
    "no reported status makes HTTP status %i milder than down",
    (statusCode) => {
      for (const status of ["UP", "UNKNOWN", "starting", "Degraded", "warn", "so-so", ""])
        expect(read(format, answer({ status }, { statusCode })).state).toBe("down");
      expect(read(format, answer('{"status":"UP"', { statusCode, truncated: true })).state).toBe("down");
    },
  );

  test.each([401, 403])("status %i of a proxy in front of a service is not an outage", (statusCode) => {
    const refused = { status: "error", message: "Unauthorized" };
    expect(read(format, answer(refused, { statusCode })).state).toBe("unknown");
  });

  test("what a part reports besides its status is kept", () => {
    const micro = { status: "UP", checks: [{ name: "db", status: "UP", data: { pool: 3 } }] };
    expect(read(format, answer(micro)).components[0]?.details).toEqual({ pool: 3 });
    const first = { status: "UP", disk: { status: "UP", free: 5 } };
    expect(read(format, answer(first)).components[0]?.details).toEqual({ free: 5 });
  });
});

test.each([
  [200, "ok"],
  [204, "ok"],
  [302, "unknown"],
  [401, "unknown"],
  [403, "unknown"],
  [429, "unknown"],
  [404, "down"],
  [500, "down"],
  [503, "down"],
])("plain: status %i is %s", (statusCode, state) => {
  expect(read("status", answer("<html>", { statusCode })).state).toBe(state);
});

test.each([
  "",
  "null",
  "[]",
  "3",
  '"UP"',
  "{}",
  '{"status": 5}',
  '{"status": {"a": 1}}',
  '{"status":"UP"',
  "<html>",
])("a response in another format is unknown, and down when its status says so: %s", (body) => {
  for (const format of ["spring", "health+json"] as const) {
    expect(read(format, answer(body)).state).toBe("unknown");
    expect(read(format, answer(body, { statusCode: 502 })).state).toBe("down");
  }
});

test("a truncated response is unknown, even when the received part is valid", () => {
  expect(read("spring", answer({ status: "UP" }, { truncated: true })).state).toBe("unknown");
});

test("a failed condition counts: slowness and an old certificate degrade, anything else is an outage", () => {
  const heard = answer({ status: "UP" }, { certificateExpiresAt: "2026-01-11T00:00:00Z" });
  expect(read("spring", heard, ["[RESPONSE_TIME] < 10"])).toMatchObject({
    state: "degraded",
    cause: "[RESPONSE_TIME] < 10: got 12",
    conditions: [{ text: "[RESPONSE_TIME] < 10", actual: "12", passed: false }],
  });
  expect(read("spring", heard, ["[CERTIFICATE_EXPIRATION] > 14d"]).state).toBe("degraded");
  expect(read("spring", heard, ["[BODY].status == DOWN"]).state).toBe("down");
  expect(read("spring", answer({ status: "UP" }), ["[STATUS] == 200"]).state).toBe("ok");
  expect(read("status", answer("x", { statusCode: 404 }), ["[STATUS] == 404"]).state).toBe("ok");
});

test("a certificate warns two weeks before it expires, unless a condition sets another bound", () => {
  const soon = answer({ status: "UP" }, { certificateExpiresAt: "2026-01-11T00:00:00Z" });
  expect(read("spring", soon)).toMatchObject({
    state: "degraded",
    cause: "Its certificate expires in 10 days",
    certificateExpiresAt: "2026-01-11T00:00:00Z",
  });
  expect(read("spring", soon, ["[CERTIFICATE_EXPIRATION] > 48h"]).state).toBe("ok");
});

test("no response is down, unless a condition requires it", () => {
  const none: Heard = { kind: "none", cause: "It refuses connections" };
  expect(read("tcp", none)).toMatchObject({
    state: "down",
    cause: "It refuses connections",
    latencyMs: null,
  });
  expect(read("tcp", none, ["[CONNECTED] == false"]).state).toBe("ok");
  expect(
    read("tcp", { kind: "connected", latencyMs: 3, ip: "10.0.0.1" }, ["[CONNECTED] == false"]).state,
  ).toBe("down");
});

test("any response is parsed within bounds, and never ok by accident", () => {
  const json = fc.jsonValue({ maxDepth: 12 });
  fc.assert(
    fc.property(json, fc.constantFrom("spring", "health+json" as const), (value, format) => {
      const { state, components } = read(format, answer(JSON.stringify(value)));
      expect(components.length).toBeLessThanOrEqual(200);
      if (state === "ok") expect(value).toMatchObject({ status: expect.stringMatching(/^(up|ok|pass)$/i) });
    }),
  );
  const deep = `${'{"status":"UP","components":{"a":'.repeat(5_000)}{}${"}}".repeat(5_000)}`;
  expect(read("spring", answer(deep)).components.length).toBeLessThanOrEqual(8);
  const wide = {
    status: "UP",
    components: Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`c${i}`, { status: "UP" }])),
  };
  expect(read("spring", answer(wide)).components).toHaveLength(200);
});
