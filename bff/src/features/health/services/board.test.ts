import type { ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { describe, expect, test } from "vitest";
import type { WatchedService } from "#observe/sources/sources.ts";
import { makeSeen, makeServer } from "#testing/tick.ts";
import type { Check } from "../checks/check.ts";
import { checkKey } from "../checks/check-key.ts";
import { createServicesBoard } from "./board.ts";
import { createKeptDetails } from "./kept-details.ts";

const startMs = Date.parse("2026-01-05T12:00:00.000Z");
const at = (second: number) => new Date(startMs + second * 1_000).toISOString();
const service = (id: string, part: Partial<WatchedService> = {}): WatchedService => ({
  id,
  name: id,
  organization: "acme",
  group: null,
  owner: null,
  runbookUrl: null,
  dependsOn: [],
  instances: [{ id: "1", url: `http://${id}.test:8080/health` }],
  format: "health+json",
  conditions: [],
  intervalMs: 10_000,
  timeoutMs: 2_000,
  downAfter: 3,
  upAfter: 2,
  actuatorBreakers: false,
  ...part,
});
const check = (part: Partial<Check> = {}): Check => ({
  serviceId: "",
  instanceId: "",
  atMs: 0,
  state: "ok",
  cause: null,
  certain: false,
  connected: true,
  timedOut: false,
  latencyMs: 12,
  httpStatus: 200,
  components: [],
  conditions: [],
  version: "1.0.0",
  certificateExpiresAt: null,
  ...part,
});
const refused = check({
  state: "down",
  cause: "It refuses connections",
  connected: false,
  latencyMs: null,
  httpStatus: null,
  version: null,
});

/** A board over checks made by the test. */
function setup(services: WatchedService[], maintenance: ServiceRow["maintenance"] = null) {
  const checks = new Map<string, Check>();
  const listed = { redis: [], postgres: [], services, prometheus: [] };
  const { board, detail } = createServicesBoard({
    catalogue: { current: () => listed, onChange: () => () => undefined },
    checks: { poke: () => undefined, rest: () => undefined, checks: () => checks },
    maintenance: {
      poke: () => undefined,
      activeOf: (_organization, id) => (id === services[0]?.id ? maintenance : null),
    },
    onDetails: () => undefined,
    kept: createKeptDetails(),
    own: () => null,
    uptimes: { poke() {}, of: () => undefined },
  });
  board.adopt([]);
  const heard = (second: number, id: string, value = check(), instance = "1") =>
    checks.set(checkKey(id, instance), { ...value, atMs: startMs + second * 1_000 });
  return {
    board,
    detail,
    heard,
    failed: (second: number, id: string, { instance = "1", timedOut = false } = {}) =>
      heard(second, id, { ...refused, timedOut }, instance),
    observe(second: number, servers = [makeServer("primary", { observedAt: at(second) })]) {
      const { rows, changes } = board.observe(makeSeen(startMs + second * 1_000, { servers }));
      const row = (id: string) => rows.find((each) => each.id === id);
      return { rows, changes, row, state: (id: string) => row(id)?.state };
    },
  };
}

describe("states over time", () => {
  test("a service is unknown before its first check, then takes its result", () => {
    const { heard, observe } = setup([service("api")]);
    expect(observe(0).row("api")).toMatchObject({ state: "unknown", observedAt: null, beats: "" });
    heard(1, "api");
    expect(observe(1).row("api")).toMatchObject({
      state: "ok",
      cause: null,
      since: at(1),
      observedAt: at(1),
      target: "api.test:8080",
      latencyMs: 12,
      latencyMsP95: 12,
      version: "1.0.0",
      beats: "o",
    });
  });

  test("down after three failures since the first of them, up after two, each recorded once", () => {
    const { heard, failed, observe } = setup([service("api")]);
    heard(1, "api");
    observe(1);
    const seen = [11, 14, 17].map((second) => {
      failed(second, "api");
      return observe(second);
    });
    expect(seen.map(({ state }) => state("api"))).toEqual(["ok", "ok", "down"]);
    expect(seen[2]?.row("api")).toMatchObject({ since: at(11), cause: "It refuses connections" });
    expect(seen.flatMap(({ changes }) => changes)).toMatchObject([
      { organization: "acme", subject: "api", change: { text: "api is down", state: "down" } },
    ]);
    heard(27, "api");
    expect(observe(27).state("api")).toBe("down");
    expect(observe(28).state("api")).toBe("down");
    heard(30, "api");
    const up = observe(30);
    expect(up.row("api")).toMatchObject({ state: "ok", since: at(27) });
    expect(up.changes).toMatchObject([{ change: { text: "api recovered", state: null } }]);
  });

  test("a hanging instance is down within two intervals and a timeout, never by one check", () => {
    const { heard, failed, observe } = setup([service("api", { timeoutMs: 8_000 })]);
    heard(0, "api");
    observe(0);
    failed(18, "api", { timedOut: true });
    expect(observe(18).state("api")).toBe("ok");
    failed(26, "api", { timedOut: true });
    expect(observe(26).state("api")).toBe("down");
  });

  test("a service with some instances down is degraded, and an instance that disappeared is unknown", () => {
    const instances = ["1", "2", "3"].map((id) => ({ id, url: `http://10.0.0.${id}:80/` }));
    const { heard, failed, observe } = setup([service("api", { instances, downAfter: 1 })]);
    for (const { id } of instances) heard(1, "api", check(), id);
    observe(1);
    failed(11, "api", { instance: "2" });
    expect(observe(11).row("api")).toMatchObject({
      state: "degraded",
      cause: "1 of 3 down: It refuses connections",
      target: "10.0.0.1, 10.0.0.2 and 1 more",
    });
  });

  test("a component that is no longer reported is unknown, until a version without it", () => {
    const db = {
      id: "db",
      state: "ok" as const,
      rawStatus: "UP",
      cause: null,
      details: {},
      observedAt: null,
    };
    const { heard, observe } = setup([service("api", { downAfter: 1, upAfter: 1 })]);
    heard(1, "api", check({ components: [db] }));
    observe(1);
    heard(11, "api");
    expect(observe(11).row("api")).toMatchObject({
      state: "unknown",
      cause: "db is no longer reported",
    });
    heard(21, "api", check({ version: "1.1.0" }));
    expect(observe(21).state("api")).toBe("ok");
  });

  test("the bar has one beat per interval, whatever was checked in between, and gaps without data", () => {
    const { heard, failed, observe } = setup([service("api")]);
    heard(0, "api");
    observe(0);
    for (const second of [3, 6]) {
      failed(second, "api");
      observe(second);
    }
    failed(10, "api");
    expect(observe(10).row("api")?.beats).toBe("ox");
    expect(observe(20).row("api")?.beats).toBe("ox");
    expect(observe(31).row("api")?.beats).toBe("ox-");
    heard(50, "api", check({ state: "degraded", cause: "slow" }));
    expect(observe(50).row("api")?.beats).toBe("ox---d");
    for (let second = 60; second <= 900; second += 10) {
      heard(second, "api");
      observe(second);
    }
    expect(observe(901).row("api")?.beats).toBe("o".repeat(60));
  });
});

describe("root causes and maintenance", () => {
  const failing = (services: WatchedService[], maintenance: ServiceRow["maintenance"] = null) => {
    const given = setup(
      services.map((each) => ({ ...each, downAfter: 1 })),
      maintenance,
    );
    for (const { id } of services) given.failed(1, id);
    return given;
  };

  test("a server that is down explains the services that call it", () => {
    const { observe } = failing([
      service("api", { dependsOn: ["primary"] }),
      service("web", { dependsOn: ["api"] }),
    ]);
    const { row } = observe(2, [makeServer("primary", { state: "down", cause: "gone", since: at(0) })]);
    expect(row("api")).toMatchObject({ state: "down", explainedBy: "primary", affects: 0 });
    expect(row("web")).toMatchObject({ explainedBy: "primary" });
    expect(row("primary")).toMatchObject({ kind: "redis", state: "down", affects: 2, explainedBy: null });
  });

  test("nothing of another organization explains a failure, so its name is not shown", () => {
    const { observe } = failing([
      service("api", { dependsOn: ["theirs"] }),
      service("theirs", { organization: "rival" }),
    ]);
    expect(observe(2).row("api")).toMatchObject({ state: "down", explainedBy: null });
  });

  test("maintenance is marked with its end and reason, in the bar as well", () => {
    const maintenance = { until: at(600), reason: "upgrade" };
    const { observe } = failing([service("db"), service("api", { dependsOn: ["db"] })], maintenance);
    expect(observe(2).row("db")).toMatchObject({ state: "down", maintenance, beats: "m", affects: 1 });
    expect(observe(2).row("api")).toMatchObject({ maintenance: null, explainedBy: "db" });
  });
});

describe("one collector after another", () => {
  test("a change of leader keeps states, their start, the bar and the latency until there is new data", () => {
    const first = setup([service("api", { downAfter: 1 })]);
    first.heard(1, "api");
    first.observe(1);
    first.failed(11, "api");
    const left = first.observe(11).rows;
    const second = setup([service("api")]);
    second.board.adopt(structuredClone(left));
    const { row, changes } = second.observe(15);
    expect(row("api")).toMatchObject({
      state: "down",
      since: at(11),
      observedAt: at(11),
      beats: "ox",
      latencyMsP95: 12,
    });
    expect(changes).toEqual([]);
    expect(second.detail("api")).toBeNull();
    second.heard(21, "api");
    expect(second.observe(21).state("api")).toBe("down");
    second.heard(24, "api");
    expect(second.observe(24).row("api")).toMatchObject({ state: "ok", since: at(21), beats: "oxo" });
  });

  test("details of a process that is no longer the collector are not current", () => {
    const { board, detail, heard, observe } = setup([service("api")]);
    heard(1, "api");
    observe(1);
    expect(detail("api")).toHaveLength(1);
    board.rest();
    expect(detail("api")).toBeNull();
    observe(20);
    expect(detail("api")).toHaveLength(1);
  });

  test("an unchanged row keeps its identity", () => {
    const { heard, observe } = setup([service("api"), service("web")]);
    heard(1, "api");
    heard(1, "web");
    const before = observe(1);
    heard(2, "web");
    const after = observe(2);
    expect(after.row("api")).toBe(before.row("api"));
    expect(after.row("web")).not.toBe(before.row("web"));
  });
});
