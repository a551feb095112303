import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createServer } from "#lib/server.ts";

const log = pino({ level: "silent" });
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
