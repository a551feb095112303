import { randomBytes, randomUUID } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { planReplay, readReplay, startReplay } from "@wheelhouse/shared/webhooks/replays.ts";
import { sql } from "kysely";
import { pino } from "pino";
import { createChanges } from "#features/audit/writing/changes.ts";
import { webhooksDefaults } from "#features/webhooks/config.ts";
import { createWebhooks } from "#features/webhooks/webhooks.ts";
import { createChannels } from "#lib/channel.ts";
import { createEvents } from "#lib/events.ts";
import { createServer } from "#lib/http/server.ts";
import { createDatabase } from "#lib/postgres/postgres.ts";
import { createRedis } from "#lib/redis/redis.ts";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { createSharedReads } from "#lib/shared-reads.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createRuns } from "#runs/runs.ts";
import { testContext } from "#testing/contexts.ts";
import { startBenchStack } from "./bench-stack.ts";

const bar = 5_000;
const [, , , size = "100000"] = process.argv;

/**
 * A replay of 100,000 dead letters (or the number in the second argument) without a rate limit: how long its plan
 * takes, and how many per second get their new generation and their job once the canary has been answered. Workers
 * deliver in other processes, so this one starts the run and does not deliver.
 * @returns whether 5,000/s are reached.
 */
export async function run(): Promise<boolean> {
  const log = pino({ level: "silent" });
  const stack = await startBenchStack();
  const { environment, redisUrl } = stack;
  const database = createDatabase({
    appUrl: environment.DATABASE_URL,
    systemUrl: environment.DATABASE_SYSTEM_URL,
    poolSize: 6,
    log,
  });
  const redis = createRedis({ url: redisUrl, name: "bench", log });
  const secretKey = randomBytes(32).toString("base64");
  const receiver = createHttpServer((_request, response) => void response.writeHead(204).end());
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const channels = createChannels({ redis, redisUrl, log });
  const { subscribe } = channels;
  const { events } = createEvents({ subscribe, log });
  const changes = createChanges({ database, box: createSecretBox(secretKey), log });
  const settings = {
    ...webhooksDefaults,
    secretKey,
    allowAddresses: ["127.0.0.0/8"],
    retryScheduleMs: [1_000],
    drainMs: 200,
    replay: { ...webhooksDefaults.replay, holdMs: 0 },
  };
  const webhooks = createWebhooks(
    {
      database,
      redis,
      subscribe,
      events,
      sharedReads: createSharedReads({ clock: systemClock, events }),
      changes,
      clock: systemClock,
      log,
    },
    { redisUrl, settings, runs: createRuns({ database, changes, clock: systemClock, log }) },
  );
  await webhooks.ready;
  const organization = await database.system
    .insertInto("organizations")
    .values({ slug: "bench", name: "Bench", depth: 1 })
    .returning(["id", "slug", "name"])
    .executeTakeFirstOrThrow();
  const app = await createServer({ log, trustProxy: false });
  app.addHook("onRequest", async (request) => {
    request.context = testContext(organization, { confirmed: true });
  });
  webhooks.routes(app);

  const address = receiver.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await sql`
    with source as (
      insert into webhook_sources (org_id, slug, name, scheme, secret_hint)
      values (${organization.id}, 'shop', 'Shop', 'standard', '') returning id
    ), endpoint as (
      insert into webhook_endpoints (org_id, slug, name, url, secret_hint)
      values (${organization.id}, 'in', 'In', ${`http://127.0.0.1:${port}/in`}, '') returning id
    ), moment as (
      select date_trunc('milliseconds', now()) as at
    ), event as (
      insert into webhook_events (event_id, org_id, source_id, source_event_id, event_type, content_type, headers,
        payload, received_at, created_at)
      select 'msg_bench', ${organization.id}, id, 'bench', 'order.paid', 'application/json', '{}', '{}'::bytea, at, at
      from source, moment
    )
    insert into webhook_delivery_log (id, org_id, source_id, endpoint_id, event_type, event_id, received_at, status,
      attempts, max_attempts, generation_started_at, last_status_code, error_class, created_at)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
        || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
      ${organization.id}, source.id, endpoint.id, 'order.paid', 'msg_bench', at, 'dead_letter', 8, 8, at, 503,
      'http_5xx', at
    from source, endpoint, moment, generate_series(1, ${Number(size)}::int)
  `.execute(database.system);
  await sql`analyze webhook_delivery_log`.execute(database.system);

  const read = async (id: string) => {
    const url = readReplay.path.replace(":id", id);
    return readReplay.response.parse((await app.inject({ method: "GET", url })).json());
  };
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  try {
    const planAtMs = performance.now();
    const planned = await app.inject({ method: "POST", url: planReplay.path, payload: {} });
    const plan = planReplay.response.parse(planned.json());
    const planMs = performance.now() - planAtMs;
    const worker = await webhooks.start.worker();
    const runner = await webhooks.start.replays();
    const payload = { planId: plan.id, reason: `bench ${randomUUID()}`, ratePerSecond: null };
    await app.inject({ method: "POST", url: startReplay.path, payload });
    const { canary } = webhooksDefaults.replay;
    while ((await read(plan.id)).sent <= canary) await wait(5);
    const before = await read(plan.id);
    const beganAtMs = performance.now();
    await worker.drain();
    await worker.stop();
    let last = before;
    while (last.sent < plan.total) {
      await wait(50);
      last = await read(plan.id);
    }
    const seconds = (performance.now() - beganAtMs) / 1000;
    const perSecond = (last.sent - before.sent) / seconds;
    await runner.drain();
    const { rows } = await sql<{ once: number }>`
      select count(*)::int as once from webhook_delivery_log where generation = 2
    `.execute(database.system);
    const isOnce = rows[0]?.once === plan.total;
    const isReached = perSecond >= bar && isOnce;
    process.stdout.write(
      `${plan.total} dead letters planned in ${(planMs / 1000).toFixed(1)} s; enqueued at ${perSecond.toFixed(0)}/s ` +
        `without a rate (${seconds.toFixed(1)} s), ${isOnce ? "each once" : "NOT each once"}\n` +
        `Bar: ${bar}/s, ${isReached ? "reached" : "MISSED"}\n`,
    );
    return isReached;
  } finally {
    await app.close();
    channels.disconnect();
    redis.disconnect();
    receiver.close();
    await database.close();
    await stack.end();
  }
}
