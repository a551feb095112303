/**
 * Serves live updates for `live.ts`: the product's plugin over snapshots that all change each second, or (`BARE`, the
 * bytes of each message) one bare socket.io room. `GET /` returns the bytes written to all connections.
 */
import { topics } from "@wheelhouse/shared/live.ts";
import { pino } from "pino";
import { Server } from "socket.io";
import { z } from "zod";
import type { RequestContext } from "#lib/http/request-context.ts";
import { createServer } from "#lib/http/server.ts";
import { systemClock } from "#lib/time/clock.ts";
import { createSnapshotStore } from "#observe/spread/spread.ts";
import { createLiveList } from "#plugins/live/heads.ts";
import { registerLive } from "#plugins/live/live.ts";
import { makeAspects } from "#testing/aspects.ts";
import { createBusyTicks } from "#testing/busy-tick.ts";

const intervalMs = 1_000;
const organization = { id: "0198a000-0000-7000-8000-00000000000a", slug: "acme", name: "Acme" };
const log = pino({ level: "silent" });
const app = await createServer({ log, trustProxy: false });

const connections = new Set<{ bytesWritten: number }>();
let closedBytes = 0;
app.server.on("connection", (socket) => {
  connections.add(socket);
  socket.on("close", () => {
    connections.delete(socket);
    closedBytes += socket.bytesWritten;
  });
});
app.get("/", () => ({
  bytes: [...connections].reduce((sum, { bytesWritten }) => sum + bytesWritten, closedBytes),
}));

const bare = z.array(z.number()).parse(JSON.parse(process.env.BARE ?? "[]"));
if (bare.length > 0) serveBare(bare);
else serveProduct();
const address = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ address })}\n`);
process.once("SIGTERM", () => process.exit(0));

function serveProduct() {
  const snapshots = createSnapshotStore({ aspects: makeAspects().aspects, clock: systemClock, intervalMs });
  const context: RequestContext = {
    actor: {
      type: "user",
      id: "u",
      display: "U",
      authMethod: "password",
      sessionId: "s",
      can: () => ({ in: () => ({ check: () => true }) }),
    },
    organization,
    subtreeIds: [organization.id],
    requestId: "r",
    address: null,
    userAgent: null,
    idempotencyKey: null,
  };
  const nothing = createLiveList(async () => []);
  registerLive(app, {
    topics,
    snapshots,
    lists: {
      webhooks: nothing,
      events: nothing,
      replays: nothing,
      jobRuns: nothing,
      alerts: nothing,
      audit: nothing,
    },
    authenticate: async () => context,
    sessionEnds: { onEnded: () => () => {} },
    intervalMs,
    basePath: "",
    clock: systemClock,
    log,
  });
  const nextTick = createBusyTicks({ organization });
  setInterval(() => {
    const tick = nextTick();
    // The measurement starts here: creating a tick is not part of it.
    const observedAt = new Date().toISOString();
    snapshots.ingest({
      ...tick,
      head: { ...tick.head, observedAt },
      extra: { ...tick.extra, queues: { observedAt: { primary: observedAt }, hosts: {} } },
    });
  }, intervalMs);
}

function serveBare(sizes: readonly number[]) {
  const io = new Server(app.server, { path: "/live", transports: ["websocket"], serveClient: false });
  io.on("connection", (socket) => {
    socket.on("subscribe", (_topic, reply) => {
      void socket.join("room");
      if (typeof reply === "function") reply({ ok: true });
    });
  });
  const messages = sizes.map((bytes) => Buffer.alloc(bytes, "x"));
  setInterval(() => {
    // A message starts like the product's head, so that both are read the same way.
    const head = Buffer.from(`xxx{"kind":"changes","seq":1,"observedAt":"${new Date().toISOString()}"}`);
    messages.forEach((message, n) => {
      head.copy(message);
      io.to("room").emit(n === 0 ? "overview" : "queues", Buffer.from(message));
    });
  }, intervalMs);
}
