import { readHealth, readOverview } from "@wheelhouse/shared/health.ts";
import type { FastifyInstance } from "fastify";
import { route } from "#lib/route.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export function healthRoutes(app: FastifyInstance, { snapshots }: { snapshots: SnapshotStore }) {
  route(app, readOverview, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).overviewJson, http),
  );
  route(app, readHealth, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).healthJson, http),
  );
}
