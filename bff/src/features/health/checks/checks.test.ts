import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createWatchHttp } from "#lib/http/watch-http.ts";
import { createAddressFilter } from "#lib/security/address-filter.ts";
import { systemClock } from "#lib/time/clock.ts";
import type { Catalogue, WatchedService } from "#observe/sources/sources.ts";
import { certificate, certificateKey } from "../testing/certificate.fixture.ts";
import { checkKey, createHealthChecks } from "./checks.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  ends.push(() => server.close());
  const address = server.address() as AddressInfo | null;
  return `127.0.0.1:${address?.port}`;
}
const serve = async (handler: RequestListener) => `http://${await listen(createServer(handler))}/health`;

const service = (id: string, url: string, more: Partial<WatchedService> = {}): WatchedService => ({
  id,
  name: id,
  organization: "platform",
  group: null,
  owner: null,
  runbookUrl: null,
  dependsOn: [],
  instances: [{ id, url }],
  format: "status",
  conditions: [],
  intervalMs: 1_000,
  timeoutMs: 500,
  downAfter: 3,
  upAfter: 2,
  actuatorBreakers: false,
  ...more,
});
const catalogueOf = (...services: WatchedService[]): Catalogue => ({
  current: () => ({ redis: [], postgres: [], services, prometheus: [] }),
  onChange: () => () => {},
});

function watch(allowed: string[], ...services: WatchedService[]) {
  const rcodes: Record<string, string> = { localhost: "NOERROR", "gone.invalid": "NXDOMAIN" };
  const checks = createHealthChecks({
    catalogue: catalogueOf(...services),
    http: createWatchHttp({ filter: createAddressFilter(allowed), ca: certificate }),
    heartbeats: { read: async (keys) => keys.map(() => null) },
    clock: systemClock,
    rcodeOf: async (url) => rcodes[new URL(url).hostname] ?? null,
  });
  const timer = setInterval(() => checks.poke(Date.now()), 50);
  ends.push(() => {
    clearInterval(timer);
    checks.stop();
  });
  return (id: string) => checks.checks().get(checkKey(id, id));
}
const loopback = ["127.0.0.0/8"];

test("each instance is checked by HTTP or TCP, and its response is parsed by its format", async () => {
  const spring = await serve((_, reply) => {
    reply.writeHead(503, { "content-type": "application/json" });
    reply.end(
      JSON.stringify({ status: "DOWN", components: { db: { status: "DOWN", details: { error: "gone" } } } }),
    );
  });
  const plain = await serve((_, reply) => void reply.end("fine"));
  const tcp = await listen(createTcpServer((socket) => void socket.end()));
  const check = watch(
    loopback,
    service("spring", spring, { format: "spring" }),
    service("plain", plain, { conditions: ["[STATUS] == 200", "[BODY] == pat(f*e)", "[IP] == 127.0.0.1"] }),
    service("tcp", `tcp://${tcp}`, { format: "tcp", conditions: ["[CONNECTED] == true"] }),
  );
  await expect.poll(() => check("tcp"), { timeout: 5_000 }).toMatchObject({ state: "ok", connected: true });
  await expect.poll(() => check("spring")?.httpStatus, { timeout: 5_000 }).toBe(503);
  expect(check("spring")).toMatchObject({ state: "down", cause: "db: gone", components: [{ id: "db" }] });
  await expect.poll(() => check("plain")?.state, { timeout: 5_000 }).toBe("ok");
});

test("a killed target is down, and one that accepts and never responds does not delay others", async () => {
  const hanging = Array.from({ length: 80 }, () => serve(() => {}));
  const hangs = await hanging[0];
  await Promise.all(hanging);
  let answers = 0;
  const well = await serve((_, reply) => {
    answers += 1;
    reply.end("ok");
  });
  const check = watch(
    loopback,
    ...Array.from({ length: 80 }, (_, i) => service(`hangs${i}`, hangs ?? "")),
    service("well", well),
    service("gone", "http://127.0.0.1:1/"),
  );
  await expect
    .poll(() => check("gone"), { timeout: 5_000 })
    .toMatchObject({
      state: "down",
      cause: "Connection refused",
      connected: false,
      httpStatus: null,
    });
  await expect.poll(() => check("hangs7")?.cause, { timeout: 5_000 }).toBe("No answer within 500 ms");
  answers = 0;
  await expect.poll(() => answers, { timeout: 5_000 }).toBeGreaterThanOrEqual(2);
  expect(check("well")?.state).toBe("ok");
});

test("addresses that are not allowed are not connected to, by name, number or redirect", async () => {
  let calls = 0;
  const inner = await serve((_, reply) => {
    calls += 1;
    reply.end("secret");
  });
  const byName = inner.replace("127.0.0.1", "localhost");
  const tcp = inner.replace("http:", "tcp:").replace("/health", "");
  const check = watch(
    [],
    service("number", inner),
    service("name", byName),
    service("tcp", tcp, { format: "tcp" }),
  );
  for (const id of ["number", "name", "tcp"])
    await expect.poll(() => check(id)?.cause, { timeout: 5_000 }).toMatch(/may not be reached/);
  expect(calls).toBe(0);
  const outer = await serve((_, reply) => void reply.writeHead(302, { location: inner }).end());
  const redirected = watch(loopback, service("outer", outer));
  await expect.poll(() => redirected("outer")?.state, { timeout: 5_000 }).toBe("unknown");
  expect(calls).toBe(0);
});

test("an endless or endlessly slow response is cut off", async () => {
  const endless = await serve((_, reply) => {
    reply.writeHead(200);
    const flood = () => {
      while (reply.write("x".repeat(64 * 1024)));
    };
    reply.on("drain", flood);
    flood();
  });
  const slow = await serve((_, reply) => {
    reply.writeHead(200);
    const drip = setInterval(() => reply.write("{"), 50);
    reply.on("close", () => clearInterval(drip));
  });
  const check = watch(
    loopback,
    service("endless", endless, { format: "health+json" }),
    service("slow", slow, { format: "health+json" }),
  );
  await expect
    .poll(() => check("endless"), { timeout: 5_000 })
    .toMatchObject({ state: "unknown", cause: "The response is too long" });
  await expect.poll(() => check("slow")?.cause, { timeout: 5_000 }).toBe("No answer within 500 ms");
});

test("the expiry of a certificate is read with each check, and an untrusted one is down", async () => {
  const listener: RequestListener = (_, reply) => void reply.end("ok");
  const server = createTlsServer({ cert: certificate, key: certificateKey }, listener);
  const url = `https://${await listen(server)}/`;
  const check = watch(
    loopback,
    service("tls", url, { conditions: ["[CERTIFICATE_EXPIRATION] > 48h"] }),
    service("old", url, { conditions: ["[CERTIFICATE_EXPIRATION] > 900000d"] }),
  );
  await expect.poll(() => check("tls")?.state, { timeout: 5_000 }).toBe("ok");
  expect(Date.parse(check("tls")?.certificateExpiresAt ?? "")).toBeGreaterThan(Date.parse("2100-01-01"));
  await expect.poll(() => check("old")?.state, { timeout: 5_000 }).toBe("degraded");
  const http = createWatchHttp({ filter: createAddressFilter(loopback) });
  const options = { signal: AbortSignal.timeout(5_000), maxBytes: 100, accept: "*/*" };
  await expect(http.get(url, options)).rejects.toThrow(/self.signed/i);
});

test("a condition can require what name servers answer, also that a name does not exist", async () => {
  const url = (await serve((_, reply) => void reply.end("ok"))).replace("127.0.0.1", "localhost");
  const check = watch(
    ["127.0.0.0/8", "::1"],
    service("found", url, { conditions: ["[DNS_RCODE] == NOERROR", "[STATUS] == 200"] }),
    service("missing", url, { conditions: ["[DNS_RCODE] == NXDOMAIN"] }),
    service("retired", "http://gone.invalid/", { conditions: ["[DNS_RCODE] == NXDOMAIN"] }),
    service("lost", "http://gone.invalid/", { conditions: ["[DNS_RCODE] == NOERROR"] }),
  );
  const seen = (id: string) => {
    const found = check(id);
    return found && [found.state, found.conditions[0]?.actual, found.connected];
  };
  await expect.poll(() => seen("found"), { timeout: 5_000 }).toEqual(["ok", "NOERROR", true]);
  await expect.poll(() => seen("missing"), { timeout: 5_000 }).toEqual(["down", "NOERROR", true]);
  await expect.poll(() => seen("retired"), { timeout: 10_000 }).toEqual(["ok", "NXDOMAIN", false]);
  await expect.poll(() => seen("lost"), { timeout: 10_000 }).toEqual(["down", "NXDOMAIN", false]);
});

test("a service that checks its parts rarely has its own limit for the age of their results", async () => {
  const time = new Date(Date.now() - 9 * 60_000).toISOString();
  const body = JSON.stringify({ status: "pass", checks: { "db:time": [{ status: "pass", time }] } });
  const url = await serve((_, reply) => void reply.end(body));
  const check = watch(
    loopback,
    service("usual", url, { format: "json" }),
    service("rarely", url, { format: "json", checkAgeMs: 600_000 }),
    service("often", url, { format: "json", checkAgeMs: 60_000 }),
  );
  const state = (id: string) => check(id)?.state;
  await expect.poll(() => state("usual"), { timeout: 5_000 }).toBe("unknown");
  await expect.poll(() => state("rarely"), { timeout: 5_000 }).toBe("ok");
  await expect.poll(() => state("often"), { timeout: 5_000 }).toBe("unknown");
});
