// Bull Board over the same queues, for `queues.ts`, set up for Fastify as its guide describes. JavaScript, because its
// types fail under exactOptionalPropertyTypes.
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { Queue } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";
import { z } from "zod";

const { REDIS_URL, QUEUES } = z.object({ REDIS_URL: z.string(), QUEUES: z.string() }).parse(process.env);
const connection = new Redis(REDIS_URL, { maxRetriesPerRequest: null });
const queues = QUEUES.split(",").map((name) => new Queue(name, { connection }));
const serverAdapter = new FastifyAdapter();
createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter });
serverAdapter.setBasePath("/ui");
const app = Fastify();
await app.register(serverAdapter.registerPlugin(), { prefix: "/ui" });
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.once("SIGTERM", async () => {
  await app.close();
  process.exit(0);
});
