import { runProgram } from "../program.ts";
import { createRhythm } from "../rhythm.ts";
import { readSettings } from "../settings.ts";
import { createLine, createShopRedis } from "./queues.ts";

/** Logical database of the second organization on the same Redis. */
const database = 1;

/** The second organization's help desk: one queue, with reminders that wait for their time. */
await runProgram("support", async (log) => {
  const url = new URL(readSettings(process.env).redisUrl);
  url.pathname = `/${database}`;
  const redis = createShopRedis(url.href, log);
  const rhythm = createRhythm();
  const tickets = createLine(
    { name: "tickets", prefix: "bull", redis, redisUrl: url.href, log },
    {
      concurrency: 1,
      minMs: 400,
      maxMs: 2500,
      failureRatio: 0.03,
      failures: ["language of the message not recognised"],
    },
  );
  rhythm.atRandom(0.4, () => {
    const ticket = `tic_${Math.floor(1000 + Math.random() * 9000)}`;
    tickets.add("classify", { ticket });
    if (Math.random() < 0.2) tickets.add("remind", { ticket }, { delay: 90_000 });
  });
  log("1 queue");
  return async () => {
    rhythm.stop();
    await tickets.close();
    redis.disconnect();
  };
});
