import type { FastifyReply, FastifyRequest } from "fastify";
import type { EncodedJson } from "#lib/http/route.ts";
import type { Encodings, OrganizationKey } from "#observe/aspect.ts";
import type { SnapshotStore } from "./snapshots.ts";

type Http = { request: FastifyRequest; reply: FastifyReply };

/** Answers with an aspect's list: from the current snapshot or, with `at`, from the stored frame of that moment. */
export type ListAnswers = (
  key: string,
  at: string | undefined,
  organization: OrganizationKey,
  http: Http,
) => EncodedJson | Promise<EncodedJson>;

export function createListAnswers(deps: {
  snapshots: SnapshotStore;
  readPast(organizationId: string, part: string, at: string): Promise<Buffer>;
}): ListAnswers {
  const { snapshots, readPast } = deps;
  return (key, at, organization, http) => {
    if (at === undefined) return sendEncoded(snapshots.viewsOf(organization).encoded(key), http);
    http.reply
      .header("cache-control", "no-store")
      .header("vary", "accept-encoding, x-wheelhouse-organization");
    return readPast(organization.id, key, at).then((encodedJson) => ({ encodedJson }));
  };
}

/** Answers with a view encoded for this tick, compressed if the client accepts gzip. */
export function sendEncoded({ plain, gzip }: Encodings, { request, reply }: Http): EncodedJson {
  reply.header("cache-control", "no-store").header("vary", "accept-encoding, x-wheelhouse-organization");
  if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return { encodedJson: plain() };
  reply.header("content-encoding", "gzip");
  return { encodedJson: gzip() };
}
