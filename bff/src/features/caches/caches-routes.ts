import { listCaches, listRedisServers } from "@wheelhouse/shared/caches.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export function cachesRoutes(app: FastifyInstance, { snapshots }: { snapshots: SnapshotStore }) {
  route(app, listCaches, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).cachesJson, http),
  );
  route(app, listRedisServers, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).redisServersJson, http),
  );
}
