import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createRedis } from "./redis.ts";

/** A server that accepts every connection and never answers. */
async function startSilentServer() {
  const open = new Set<Socket>();
  const counts = { accepted: 0, most: 0 };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    counts.accepted += 1;
    counts.most = Math.max(counts.most, open.size);
    // The client is done with it, though this side says nothing.
    socket.on("end", () => open.delete(socket));
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { url: `redis://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, counts };
}

test("a server that hangs costs two sockets at most, opened ever more rarely, and no command waits", async () => {
  const { url, counts } = await startSilentServer();
  const redis = createRedis({ url, name: "test", log: pino({ level: "silent" }), timeoutMs: 100 });
  onTestFinished(() => redis.disconnect());
  const waits: number[] = [];
  redis.on("reconnecting", (waitMs: number) => waits.push(waitMs));
  await expect.poll(() => waits.length, { timeout: 15_000 }).toBe(4);
  expect(waits).toEqual([1_000, 2_000, 4_000, 5_000]);
  expect(counts.accepted).toBeLessThanOrEqual(5);
  expect(counts.most).toBeLessThanOrEqual(2);
  const startedMs = Date.now();
  await expect(redis.get("a")).rejects.toThrow();
  expect(Date.now() - startedMs).toBeLessThan(1_000);
}, 20_000);
