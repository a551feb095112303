import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import type { WebhooksConfig } from "../config.ts";
import { end, startGateway, testConfig } from "./gateway.fixture.ts";

/** A gateway with its worker and sweeper, on dedicated servers. */
export async function startWorking(config: WebhooksConfig = testConfig) {
  const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const gateway = await startGateway({ ...database, redisUrl: redis.url }, config);
  const worker = await gateway.webhooks.start.worker();
  const sweeper = await gateway.webhooks.start.sweeper();
  return {
    gateway,
    worker,
    stop: async () => {
      await end(worker);
      await end(sweeper);
      await gateway.close();
    },
  };
}
