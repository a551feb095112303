import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

const run = promisify(execFile);
const page = readFileSync(new URL("../../../docs/webhooks-outage.md", import.meta.url), "utf8");
const script = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join("\n");

let it: TestApp;
/** What the receiver got, by webhook-id; the first time of each event it is down. */
const received = new Map<string, number[]>();
const receiver = createServer((request, response) => {
  const id = String(request.headers["webhook-id"]);
  let body = "";
  request.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on("end", () => {
    const isEvent = body.includes("order.paid");
    const status = isEvent && !received.has(id) ? 503 : 204;
    if (isEvent) received.set(id, [...(received.get(id) ?? []), status]);
    response.writeHead(status).end();
  });
});

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: { WHEELHOUSE_ALLOW_ADDRESSES: "127.0.0.0/8" },
  });
  await it.startRoles();
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
}, 60_000);
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await it.close();
});

test("the walk through an outage in docs/webhooks-outage.md does what it says", {
  timeout: 60_000,
}, async () => {
  const origin = await it.app.listen({ port: 0, host: "127.0.0.1" });
  const address = z.object({ port: z.number() }).parse(receiver.address());
  const admin = await signInAs(it, "admin");
  const answer = await admin.call("POST", "/tokens", {
    payload: {
      name: "walk",
      capabilities: ["webhooks:read", "webhooks:replay", "webhooks:configure", "webhooks:payload"],
      expiresAt: null,
    },
  });
  const { token } = z.object({ token: z.string() }).parse(answer.json());
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], {
    env: {
      PATH: process.env.PATH ?? "",
      WHEELHOUSE: origin,
      TOKEN: token,
      RECEIVER: `http://127.0.0.1:${address.port}/in`,
    },
  });
  expect(stdout.trim().split("\n").at(-1)).toBe("2");
  expect(stdout).toContain("http_5xx");
  expect([...received.values()]).toEqual([
    [503, 204],
    [503, 204],
  ]);
});
