import { gzipSync } from "node:zlib";
import { type Head, pack } from "@wheelhouse/shared/live/message.ts";

/** JSON that was encoded before, for all its readers. */
export type Encoded = { plain(): Buffer; gzip(): Buffer };

/**
 * At this level 200 changed rows take half a millisecond; raw deflate would save 18 bytes at the price of another
 * format.
 */
const level = 6;
/** A shorter text does not get smaller. */
const shortestCompressed = 120;

/** One message for a whole room, compressed if that makes it smaller. */
export function encodeMessage(head: Head, body: unknown): Buffer {
  const plain = Buffer.from(JSON.stringify(body));
  return packed(head, { plain: () => plain, gzip: () => gzipSync(plain, { level }) });
}

/** A topic's snapshot in the same bytes as the HTTP answer, so that they are compressed once for both. */
export const encodeSnapshot = (head: Extract<Head, { kind: "snapshot" }>, whole: Encoded): Buffer =>
  packed(head, whole);

function packed(head: Head, { plain, gzip }: Encoded): Buffer {
  const body = plain();
  const isGzip = body.length >= shortestCompressed && gzip().length < body.length;
  const bytes = pack({ head, isGzip, body: isGzip ? gzip() : body });
  return Buffer.from(bytes.buffer);
}
