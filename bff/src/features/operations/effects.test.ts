import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
let admin: Awaited<ReturnType<typeof signInAs>>;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  admin = await signInAs(it, "admin");
  await it.startRoles();
});
afterAll(() => it.close());

test("an act whose process ended before it could say what happened is closed as unknown, and never repeated", async () => {
  const id = randomUUID();
  await sql`
    insert into operations (id, org_id, kind, target_id, target_name, source_id, service, act, instances, reason,
      actor_display, expires_at)
    values (${id}, ${admin.organizationId}, 'queues.jobs.retry', 'email', 'email', 'primary', '',
      ${JSON.stringify({ kind: "queue", command: "retry", isOnQueue: false })}::jsonb, ${["1", "2"]}::text[], '',
      'Priya Raman', now() - interval '1 second')`.execute(it.database.system);
  await vi.waitFor(
    async () => {
      const operation = await admin.call("GET", `/queues/email/operations/${id}`);
      expect(operation.json(), operation.body).toMatchObject({
        state: "unknown",
        outcomes: [
          { job: "1", outcome: "no answer" },
          { job: "2", outcome: "no answer" },
        ],
      });
    },
    { timeout: 8_000 },
  );
  const trail = await admin.call("GET", "/audit/events?class=queues&limit=1");
  expect(trail.json().items, trail.body).toMatchObject([
    {
      action: "queues.operation.outcome",
      outcome: "failure",
      after: { operation: id, state: "unknown", unanswered: ["1", "2"], done: [] },
    },
  ]);
  expect((await admin.call("GET", `/queues/other/operations/${id}`)).statusCode).toBe(404);
});
