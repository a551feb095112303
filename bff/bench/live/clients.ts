/**
 * Dashboards for `live.ts`, all in this process: they connect, watch for a while, and print their results as a line of
 * JSON.
 */
import { setTimeout as wait } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { z } from "zod";
import { cpuUsedMs } from "../bench-stack.ts";

const { ADDRESS, CLIENTS, SECONDS, SERVER_PID } = z
  .object({
    ADDRESS: z.string(),
    CLIENTS: z.coerce.number(),
    SECONDS: z.coerce.number(),
    SERVER_PID: z.coerce.number(),
  })
  .parse(process.env);
const topics = ["overview", "queues"];
const atOnce = 25;
const settleMs = 3_000;

let isMeasuring = false;
const delaysMs: number[] = [];
const sizes = new Map<string, number[]>();

/** When the tick of a message was taken; null for a snapshot, which belongs to none. */
function takenAtMs(message: Buffer): number | null {
  const at = /^...\{"kind":"changes","seq":\d+,"observedAt":"([^"]+)"/s.exec(
    message.toString("latin1", 0, 100),
  )?.[1];
  return at === undefined ? null : Date.parse(at);
}

async function connect(): Promise<Socket> {
  const socket = io(ADDRESS, { path: "/live", transports: ["websocket"], forceNew: true });
  socket.onAny((topic: string, message: unknown) => {
    if (!isMeasuring || !Buffer.isBuffer(message)) return;
    const nowMs = Date.now();
    const atMs = takenAtMs(message);
    if (atMs === null) return;
    delaysMs.push(nowMs - atMs);
    const seen = sizes.get(topic) ?? [];
    seen.push(message.length);
    sizes.set(topic, seen);
  });
  for (const topic of topics) await socket.timeout(30_000).emitWithAck("subscribe", topic);
  return socket;
}

const bytesWritten = async () =>
  z.object({ bytes: z.number() }).parse(await (await fetch(ADDRESS)).json()).bytes;

const sockets: Socket[] = [];
while (sockets.length < CLIENTS) {
  const count = Math.min(atOnce, CLIENTS - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: count }, connect))));
}
await wait(settleMs);
const startedMs = performance.now();
const [cpuBefore, bytesBefore] = [cpuUsedMs(SERVER_PID), await bytesWritten()];
isMeasuring = true;
await wait(SECONDS * 1_000);
isMeasuring = false;
const tookMs = performance.now() - startedMs;
const bytes = (await bytesWritten()) - bytesBefore;
delaysMs.sort((a, b) => a - b);
const share = (part: number) =>
  delaysMs[Math.min(delaysMs.length - 1, Math.floor(delaysMs.length * part))] ?? 0;
process.stdout.write(
  `${JSON.stringify({
    heard: delaysMs.length,
    p50Ms: share(0.5),
    p99Ms: share(0.99),
    cpuShare: (cpuUsedMs(SERVER_PID) - cpuBefore) / tookMs,
    bytesPerTick: bytes / CLIENTS / (delaysMs.length / CLIENTS / topics.length),
    connected: sockets.filter(({ connected }) => connected).length,
    sizes: topics.map((topic) => {
      const seen = sizes.get(topic) ?? [];
      return Math.round(seen.reduce((sum, size) => sum + size, 0) / Math.max(1, seen.length));
    }),
  })}\n`,
);
process.exit(0);
