import type { FastifyReply, FastifyRequest } from "fastify";
import type { EncodedJson } from "#lib/route.ts";
import { sendEncoded } from "#observe/send-encoded.ts";
import type { SnapshotStore } from "#observe/snapshot-store.ts";
import type { OrganizationKey } from "#observe/watched.ts";

export type StatusTopic = "overview" | "health" | "breakers" | "caches" | "queues";
type Http = { request: FastifyRequest; reply: FastifyReply };

/** Answers a status endpoint: from the snapshot of now, or, asked for a moment, with what was stored of then. */
export type BoardAnswers = (
  topic: StatusTopic,
  at: string | undefined,
  organization: OrganizationKey,
  http: Http,
) => EncodedJson | Promise<EncodedJson>;

export function createBoardAnswers(deps: {
  snapshots: SnapshotStore;
  readPast(organizationId: string, topic: StatusTopic, at: string): Promise<Buffer>;
}): BoardAnswers {
  const { snapshots, readPast } = deps;
  return (topic, at, organization, http) => {
    if (at === undefined) return sendEncoded(snapshots.viewsOf(organization)[`${topic}Json`], http);
    http.reply
      .header("cache-control", "no-store")
      .header("vary", "accept-encoding, x-wheelhouse-organization");
    return readPast(organization.id, topic, at).then((encodedJson) => ({ encodedJson }));
  };
}
