import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWatchHttp } from "#lib/http/watch-http.ts";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import type { WatchedSources } from "#observe/sources/sources.ts";
import { makeSeen } from "#testing/tick.ts";
import { createBreakersBoard } from "../board.ts";
import { createBreakerHolders } from "../holders.ts";
import type { ScrapeState } from "./scrape-states.ts";
import { actuatorUrlOf, createScrapedBreakers } from "./scrapes.ts";

const metrics = (failed: number) =>
  [
    'resilience4j_circuitbreaker_state{name="stripe",state="open"} 1',
    'resilience4j_circuitbreaker_state{name="stripe",state="closed"} 0',
    `resilience4j_circuitbreaker_calls_seconds_count{name="stripe",kind="failed"} ${failed}`,
    "",
  ].join("\n");
const actuator = JSON.stringify({
  circuitBreakers: { stripe: { state: "OPEN", failureRate: "61.4%", failureRateThreshold: "50.0%" } },
});

let answer: (path: string, response: ServerResponse) => void;
let asked: string[];
const server = createServer((request, response) => {
  asked.push(request.url ?? "");
  answer(request.url ?? "", response);
});
let origin: string;
let ends: (() => unknown)[];
beforeEach(async () => {
  ends = [];
  asked = [];
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const end of ends) await end();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const rhythm = { intervalMs: 10_000, timeoutMs: 2_000 };
const sources = (): WatchedSources => ({
  redis: [],
  postgres: [],
  prometheus: [
    {
      id: "p1",
      service: "payments",
      instance: "payments-1",
      url: `${origin}/metrics`,
      organization: "acme",
      ...rhythm,
    },
  ],
  services: [
    {
      id: "payments",
      name: "payments",
      organization: "acme",
      group: null,
      owner: null,
      runbookUrl: null,
      dependsOn: [],
      format: "spring",
      conditions: [],
      ...rhythm,
      downAfter: 3,
      upAfter: 2,
      actuatorBreakers: true,
      instances: [{ id: "payments-1", url: `${origin}/actuator/health` }],
    },
  ],
});

function watching(allow: string[] = ["127.0.0.1"]) {
  let nowMs = 1_000_000;
  let current = sources();
  const listeners = new Set<(sources: WatchedSources) => void>();
  const heard: ({ id: string } & ScrapeState)[] = [];
  const scraped = createScrapedBreakers({
    catalogue: {
      current: () => current,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    onScraped: (states) => {
      for (const [id, state] of states) heard.push({ id, ...state });
    },
    http: createWatchHttp({ filter: createAddressFilter(allow) }),
    clock: { now: () => nowMs },
    random: () => 0,
  });
  ends.push(scraped.close);
  const board = createBreakersBoard(
    [scraped],
    createBreakerHolders({ newestCommands: async () => [], clock: systemClock }),
  );
  return {
    heard,
    rows: () => board.observe(makeSeen(nowMs)).rows,
    pass(ms: number) {
      nowMs += ms;
    },
    change(next: WatchedSources) {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}

test("metrics and Actuator of one instance are one row, each filling in missing fields", async () => {
  let failed = 0;
  answer = (path, response) => {
    if (path === "/metrics") failed += 10;
    response.end(path === "/metrics" ? metrics(failed) : actuator);
  };
  const { rows, pass } = watching();
  await expect.poll(() => rows()[0]?.threshold).toBe(0.5);
  await expect.poll(() => asked.length).toBe(2);
  pass(10_000);
  await expect
    .poll(() => rows())
    .toMatchObject([
      {
        id: "payments~stripe",
        organization: "acme",
        library: "resilience4j",
        state: "open",
        label: "1 of 1 open",
        failureRatio: 0.614,
        callsPerMinute: 60,
        failedPerMinute: 60,
      },
    ]);
});

test("a truncated scrape counts as none: the last values stay with their age, then are unknown", async () => {
  let whole = true;
  answer = (path, response) => {
    if (path !== "/metrics") response.writeHead(404).end();
    else response.end(whole ? metrics(10) : metrics(20).slice(0, -30));
  };
  const { rows, pass } = watching();
  await expect.poll(() => rows()[0]?.state).toBe("open");
  const observedAt = rows()[0]?.observedAt;
  whole = false;
  pass(20_000);
  rows();
  await expect.poll(() => asked.filter((path) => path === "/metrics").length).toBeGreaterThan(1);
  expect(rows()[0]).toMatchObject({ state: "open", observedAt });
  pass(40_000);
  expect(rows()[0]).toMatchObject({ state: "unknown", observedAt });
});

test("the result of each metrics scrape is reported once, with the time of the last success", async () => {
  let status = 200;
  answer = (path, response) => {
    response.writeHead(path === "/metrics" ? status : 404).end(metrics(1));
  };
  const { rows, pass, heard } = watching();
  const count = () => {
    rows();
    return heard.length;
  };
  await expect.poll(count).toBe(1);
  status = 503;
  pass(10_000);
  await expect.poll(count).toBe(2);
  const observedAt = new Date(1_000_000).toISOString();
  expect(heard).toEqual([
    { id: "p1", observedAt, failure: null, nothing: null },
    { id: "p1", observedAt, failure: "Responded with status 503", nothing: null },
  ]);
});

const states = (labels: string, open: number) =>
  [
    `resilience4j_circuitbreaker_state{${labels},name="pay",state="closed",} ${1 - open}.0`,
    `resilience4j_circuitbreaker_state{${labels},name="pay",state="open",} ${open}.0`,
  ].join("\n");

test("a breaker of two processes in one text has two instances, and the open one is shown", async () => {
  answer = (path, response) => {
    if (path === "/metrics") response.end(`${states('group="eu"', 1)}\n${states('group="us"', 0)}\n`);
    else response.writeHead(404).end();
  };
  const { rows } = watching();
  await expect.poll(() => rows()[0]?.label).toBe("1 of 2 open");
  expect(rows()).toMatchObject([
    {
      id: "payments~pay",
      state: "open",
      instances: [
        { instance: 'payments-1{group="eu"}', state: "open" },
        { instance: 'payments-1{group="us"}', state: "closed" },
      ],
    },
  ]);
});

test("a text without a last line feed is parsed when its length shows that it is complete", async () => {
  answer = (path, response) => {
    if (path === "/metrics") response.end(states('application="a"', 1));
    else response.writeHead(404).end();
  };
  const { rows } = watching();
  await expect.poll(() => rows()[0]?.state).toBe("open");
});

test("a text without a last line feed and of unknown length is rejected", async () => {
  answer = (path, response) => {
    if (path !== "/metrics") return void response.writeHead(404).end();
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: "close" });
    response.write(states('application="a"', 1));
    response.end();
  };
  const { rows, heard } = watching();
  const failure = () => {
    rows();
    return heard[0]?.failure;
  };
  await expect.poll(failure).toBe("The metrics response is incomplete");
  expect(rows()).toEqual([]);
});

test.each([
  ["metrics of other things", "up 1\n"],
  ["a page", "<!doctype html>\n<html></html>\n"],
  ["nothing", ""],
])("a target without breakers is reported as such: %s", async (_name, text) => {
  answer = (path, response) => {
    if (path === "/metrics") response.end(text);
    else response.writeHead(404).end();
  };
  const { rows, heard } = watching();
  const nothing = () => {
    rows();
    return heard[0]?.nothing;
  };
  await expect.poll(nothing).toBe("The response contains no circuit breakers");
  expect(heard[0]).toMatchObject({ failure: null, observedAt: new Date(1_000_000).toISOString() });
});

test("breakers of a target that is no longer watched are removed", async () => {
  answer = (path, response) => response.end(path === "/metrics" ? metrics(1) : actuator);
  const { rows, change } = watching();
  await expect.poll(() => rows().length).toBe(1);
  change({ ...sources(), prometheus: [], services: [] });
  expect(rows()).toEqual([]);
});

test("an address that is not allowed is not requested", async () => {
  answer = (_path, response) => response.end(metrics(1));
  const { rows } = watching([]);
  expect(rows()).toEqual([]);
  await expect.poll(rows).toEqual([]);
  expect(asked).toEqual([]);
});

test.each([
  ["http://a:8080/actuator/health", "http://a:8080/actuator/circuitbreakers"],
  ["http://a/manage/health/readiness?x=1", "http://a/manage/circuitbreakers"],
  ["http://a/ping", "http://a/actuator/circuitbreakers"],
])("Actuator of %s is %s", (health, expected) => expect(actuatorUrlOf(health)).toBe(expected));
