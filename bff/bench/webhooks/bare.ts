/**
 * The bare pipeline that `webhooks.ts` compares with: Fastify, one insert, BullMQ, undici, one update. Nothing is
 * verified, deduplicated, signed, claimed or logged.
 */
import { Queue, Worker } from "bullmq";
import Fastify from "fastify";
import { Redis } from "ioredis";
import pg from "pg";
import { Agent, request } from "undici";
import { z } from "zod";

const roles = (process.env.ROLES ?? "web,worker").split(",");
const endpoints = z.array(z.string()).parse(JSON.parse(process.env.ENDPOINTS ?? "[]"));
const event = z.object({ id: z.string(), type: z.string() });
const job = z.object({ id: z.string(), endpoint: z.number(), body: z.string() });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_ADMIN_URL, max: 20 });
const connection = new Redis(process.env.REDIS_URL ?? "", { maxRetriesPerRequest: null });
await pool.query(`create table if not exists public.bare_events (
  id text primary key, endpoint int not null, status text not null default 'pending', body text not null,
  created_at timestamptz not null default now(), completed_at timestamptz)`);

const queue = new Queue("bare", { connection });
const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) =>
  done(null, body),
);
app.post("/hooks", async ({ body }, reply) => {
  const text = String(body);
  const { id, type } = event.parse(JSON.parse(text));
  const endpoint = Number(type.split(".")[1]);
  await pool.query("insert into public.bare_events (id, endpoint, body) values ($1, $2, $3)", [
    id,
    endpoint,
    text,
  ]);
  await queue.add("deliver", { id, endpoint, body: text }, { removeOnComplete: true, removeOnFail: true });
  return reply.status(202).send({ id });
});

if (roles.includes("worker")) {
  const dispatcher = new Agent({ connections: 50 });
  new Worker(
    "bare",
    async ({ data }) => {
      const { id, endpoint, body } = job.parse(data);
      const url = endpoints[endpoint] ?? "";
      const headers = { "content-type": "application/json" };
      const response = await request(url, { method: "POST", headers, body, dispatcher });
      await response.body.dump();
      await pool.query(
        "update public.bare_events set status = 'completed', completed_at = now() where id = $1",
        [id],
      );
    },
    { connection: connection.duplicate(), concurrency: 100 },
  );
}
const address = await app.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.once("SIGTERM", () => process.exit(0));
