import { listBreakers, readBreaker } from "@wheelhouse/shared/breakers.ts";
import type { FastifyInstance } from "fastify";
import { notFound } from "#lib/errors.ts";
import { route } from "#lib/route.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";

export function breakersRoutes(app: FastifyInstance, { snapshots }: { snapshots: SnapshotStore }) {
  route(app, listBreakers, (_input, { organization }, http) =>
    sendEncoded(snapshots.viewsOf(organization).breakersJson, http),
  );
  route(app, readBreaker, ({ params }, { organization }) => {
    const breaker = snapshots.viewsOf(organization).breaker(params.id);
    if (!breaker) throw notFound("breaker");
    return breaker;
  });
}
