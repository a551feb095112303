import type { FastifyReply, FastifyRequest } from "fastify";
import type { EncodedJson } from "#lib/route.ts";
import type { Encodings } from "#observe/organization-views.ts";

/** Answers with a view as it was encoded for this tick, compressed where the reader takes gzip. */
export function sendEncoded(
  { plain, gzip }: Encodings,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): EncodedJson {
  reply.header("cache-control", "no-store").header("vary", "accept-encoding, x-wheelhouse-organization");
  if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return { encodedJson: plain() };
  reply.header("content-encoding", "gzip");
  return { encodedJson: gzip() };
}
