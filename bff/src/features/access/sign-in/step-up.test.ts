import { defineEndpoint } from "@wheelhouse/shared/endpoint.ts";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { route } from "#lib/http/route.ts";
import { createServer } from "#lib/http/server.ts";
import { authPlugin } from "#plugins/auth.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

const guarded = defineEndpoint({
  method: "POST",
  path: "/guarded",
  summary: "A sensitive action",
  access: "session",
  action: "access.session.delete",
  stepUp: true,
  response: z.object({ done: z.boolean() }),
});

test("an action that requires it runs for a confirmed user and never for a token; the request to confirm is not a denied attempt", async () => {
  const app = await createServer({ log: pino({ level: "silent" }), trustProxy: false });
  let context = testContext();
  const recorded: unknown[] = [];
  await app.register(authPlugin, {
    admit: async () => ({ ok: true, context }),
    anonymous: () => context,
    denials: { record: async (_origin, attempt) => void recorded.push(attempt), close: async () => {} },
  });
  route(app, guarded, () => ({ done: true }));
  const act = async () => (await app.inject({ method: "POST", url: "/guarded" })).json();
  expect(await act()).toMatchObject({ error: { code: "step_up_required" } });
  expect(recorded).toEqual([]);
  context = testContext(undefined, { confirmed: true });
  expect(await act()).toEqual({ done: true });
  context = testContext(undefined, { confirmed: true, actor: { ...context.actor, type: "token" } });
  expect(await act()).toMatchObject({ error: { code: "forbidden" } });
  expect(recorded).toHaveLength(1);
});

describe("confirming the password", () => {
  let it: TestApp;
  beforeAll(async () => {
    const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    it = await startTestApp({ urls, redisUrl: redis.url });
  });
  afterAll(() => it.close());

  test("returns a new token, and is in the trail as a success or a failure", async () => {
    const admin = await signInAs(it, "admin");
    const wrong = await admin.call("POST", "/session/step-up", { payload: { password: "not mine" } });
    expect(wrong.statusCode).toBe(400);
    expect(wrong.json().error).toMatchObject({
      code: "validation_failed",
      details: [{ field: "body.password", message: "is wrong" }],
    });
    const right = await admin.call("POST", "/session/step-up", {
      payload: { password: admin.person.password },
    });
    expect(right.statusCode).toBe(200);
    const validMs = Date.parse(right.json().confirmedUntil) - Date.now();
    expect(validMs).toBeGreaterThan(4.9 * 60_000);
    expect(right.cookies[0]?.value).not.toBe(admin.cookie);
    expect((await admin.call("DELETE", "/session")).statusCode).toBe(401);
    const headers = { cookie: `wheelhouse=${right.cookies[0]?.value}` };
    const events = await admin.call("GET", "/audit/events?action=access.session.step-up", { headers });
    expect(events.json().items.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      "success",
      "failure",
    ]);
  });

  test("is delayed like signing in after repeated failures", async () => {
    const viewer = await signInAs(it, "viewer");
    const codes = [];
    for (let n = 0; n < 6; n += 1)
      codes.push(
        (await viewer.call("POST", "/session/step-up", { payload: { password: "guess" } })).statusCode,
      );
    expect(codes).toEqual([400, 400, 400, 400, 400, 429]);
  });
});
