import { gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { hasMoreFields, mostFields } from "#lib/json-body.ts";
import { authPlugin } from "#plugins/auth.ts";
import { testContext } from "#testing/contexts.ts";
import { AppError } from "./errors.ts";
import { createServer } from "./server.ts";

const log = pino({ level: "silent" });
const start = async (more: { isDescriptionPublic?: boolean } = {}) => {
  app = await createServer({ log, trustProxy: false, ...more });
  return app;
};
let app: FastifyInstance | undefined;
afterEach(() => app?.close());

describe("the address of a client behind proxies", () => {
  const forged = "1.1.1.1, 2.2.2.2, 198.51.100.7";
  test.each<[false | number | string, string]>([
    [false, "127.0.0.1"],
    [1, "198.51.100.7"],
    [2, "2.2.2.2"],
    ["10.0.0.0/8", "127.0.0.1"],
    ["127.0.0.0/8", "198.51.100.7"],
    ["127.0.0.0/8,198.51.100.0/24", "2.2.2.2"],
  ])("with %s is what the proxies say, and never what the client says", async (trustProxy, expected) => {
    app = await createServer({ log, trustProxy });
    app.get("/who", (request) => ({ address: request.ip }));
    const answer = await app.inject({
      url: "/who",
      headers: { "x-forwarded-for": forged },
      remoteAddress: "127.0.0.1",
    });
    expect(answer.json()).toEqual({ address: expected });
  });
});

describe("answers in JSON", () => {
  const long = { text: "words ".repeat(1_000) };

  test("are cached by nobody, whatever their content", async () => {
    const it = await start();
    it.get("/good", () => ({ a: 1 }));
    it.get("/kept", (_request, reply) => reply.header("cache-control", "private").send({ a: 1 }));
    for (const url of ["/good", "/nowhere", "/openapi.json"])
      expect((await it.inject({ url })).headers["cache-control"], url).toBe("no-store");
    expect((await it.inject({ url: "/kept" })).headers["cache-control"]).toBe("private");
  });

  test.each([
    ["gzip", true],
    ["br, gzip;q=0.5", true],
    ["gzip;q=0", false],
    ["identity", false],
    ["", false],
  ])("are compressed if the client accepts it: %s", async (accepted, isCompressed) => {
    const it = await start();
    it.get("/long", () => long);
    it.get("/bytes", (_request, reply) =>
      reply.type("application/json").send(Buffer.from(JSON.stringify(long))),
    );
    it.get("/short", () => ({ a: 1 }));
    const headers = { "accept-encoding": accepted };
    for (const url of ["/long", "/bytes"]) {
      const answer = await it.inject({ url, headers });
      expect(answer.headers["content-encoding"]).toBe(isCompressed ? "gzip" : undefined);
      expect(answer.headers.vary).toContain("accept-encoding");
      const bytes = isCompressed ? gunzipSync(answer.rawPayload) : answer.rawPayload;
      expect(JSON.parse(bytes.toString())).toEqual(long);
      expect(answer.headers["content-length"]).toBe(String(answer.rawPayload.length));
    }
    expect((await it.inject({ url: "/short", headers })).headers["content-encoding"]).toBeUndefined();
  });
});

describe("the description of the API", () => {
  test("is built once and compressed", async () => {
    const it = await start();
    await it.ready();
    const made = vi.spyOn(it, "swagger");
    const plain = await it.inject({ url: "/openapi.json" });
    const packed = await it.inject({ url: "/openapi.json", headers: { "accept-encoding": "gzip" } });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
    expect(plain.json().info.title).toBe("Wheelhouse");
    expect(made).toHaveBeenCalledTimes(1);
  });

  test("requires a session if it is not public", async () => {
    const it = await start({ isDescriptionPublic: false });
    let isKnown = false;
    await it.register(authPlugin, {
      admit: async () =>
        isKnown
          ? { ok: true, context: testContext() }
          : { ok: false, error: new AppError("unauthenticated", "Sign in.") },
      anonymous: () => testContext(),
      denials: { record: async () => {}, close: async () => {} },
    });
    expect((await it.inject({ url: "/openapi.json" })).statusCode).toBe(401);
    isKnown = true;
    expect((await it.inject({ url: "/openapi.json" })).statusCode).toBe(200);
  });
});

describe("a body with very many fields", () => {
  const fields = (count: number) => Array.from({ length: count }, (_, at) => `"${at}":1`).join(",");

  test("is refused before it is parsed, wherever its fields are", async () => {
    const it = await start();
    let parsed = 0;
    it.post("/body", () => {
      parsed += 1;
      return {};
    });
    const post = (payload: string) =>
      it.inject({ method: "POST", url: "/body", payload, headers: { "content-type": "application/json" } });
    for (const payload of [`{${fields(60_000)}}`, `[{${fields(6_000)}},{${fields(6_000)}}]`]) {
      const answer = await post(payload);
      expect(answer.statusCode).toBe(400);
      expect(answer.json().error.details).toEqual([
        { field: "body", message: `has more than ${mostFields} fields` },
      ]);
    }
    expect(parsed).toBe(0);
    expect((await post(`{${fields(mostFields)}}`)).statusCode).toBe(200);
    expect((await post(JSON.stringify({ text: ':"\\'.repeat(60_000) }))).statusCode).toBe(200);
    expect((await post('{"__proto__":{}}')).statusCode).toBe(400);
    expect((await post("{")).statusCode).toBe(400);
    expect(parsed).toBe(2);
  });

  test("is recognised by the colons outside its strings", () => {
    expect(hasMoreFields(`{${fields(3)}}`, 2)).toBe(true);
    expect(hasMoreFields(`{${fields(2)}}`, 2)).toBe(false);
    expect(hasMoreFields('{"a\\":b:":"\\\\","c":":::"}', 2)).toBe(false);
  });
});
