import { pipeline, Readable } from "node:stream";
import zlib from "node:zlib";

const maxTextBytes = 16 * 1024;
/** What is read of a body, as it comes; a compressed one needs less for the same text. */
const maxWireBytes = 32 * 1024;
/** Time for the body, once the status line is there and has decided the outcome. */
const bodyMs = 1_000;
const maxEncodings = 3;

export type ReadBody = {
  /** At most 16 KiB. */
  text: string;
  /** As sent, compressed or not; a lower bound when truncated. */
  sizeBytes: number;
  truncated: boolean;
};

/** Reads up to `maxBytes` of a stream that may be cut off. Never throws. */
async function collect(stream: Readable, maxBytes: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // Leaving the loop early destroys the stream, so an endless one costs only the bound.
    for await (const chunk of stream) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) break;
    }
    return { bytes: Buffer.concat(chunks), isWhole: sizeBytes <= maxBytes };
  } catch {
    return { bytes: Buffer.concat(chunks), isWhole: false };
  }
}

/** A decoder that keeps what it could decode of a body that was cut off; undefined for an unknown encoding. */
function decoderOf(encoding: string, first: number | undefined) {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  if (encoding === "gzip" || encoding === "x-gzip") return zlib.createGunzip({ finishFlush });
  if (encoding === "deflate") {
    // Some servers leave out the header of the format (RFC 9110 §8.4.1.2).
    const hasHeader = first === undefined || (first & 0x0f) === 8;
    return hasHeader ? zlib.createInflate({ finishFlush }) : zlib.createInflateRaw({ finishFlush });
  }
  if (encoding === "br")
    return zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
  return undefined;
}

/** The decoded bytes; null if an encoding is unknown or nothing could be decoded. */
async function decode(bytes: Buffer, encodings: readonly string[]) {
  if (encodings.length > maxEncodings) return null;
  let decoded = { bytes, isWhole: true };
  for (const encoding of [...encodings].reverse()) {
    const decoder = decoderOf(encoding, decoded.bytes[0]);
    if (!decoder) return null;
    // Errors of the decoder end the reading, which catches them.
    pipeline(Readable.from([decoded.bytes]), decoder, () => {});
    const { isWhole } = decoded;
    decoded = await collect(decoder, maxTextBytes);
    decoded.isWhole &&= isWhole;
  }
  return decoded.bytes.length === 0 && bytes.length > 0 ? null : decoded;
}

const encodingsOf = (header: string | string[] | undefined) =>
  (Array.isArray(header) ? header.join(",") : (header ?? ""))
    .toLowerCase()
    .split(",")
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== "" && encoding !== "identity");

/**
 * Reads a response's body within a bound and for up to a second, decoded. The status line has decided the outcome, so
 * a body that is slow, endless or broken changes nothing; one that cannot be decoded is named. Never throws.
 */
export async function readBody(
  body: Readable,
  headers: Record<string, string | string[] | undefined>,
): Promise<ReadBody> {
  const timer = setTimeout(() => body.destroy(), bodyMs);
  const encodings = encodingsOf(headers["content-encoding"]);
  const wire = await collect(body, encodings.length > 0 ? maxWireBytes : maxTextBytes);
  clearTimeout(timer);
  const announced = Number(headers["content-length"]);
  const sizeBytes = Number.isSafeInteger(announced)
    ? Math.max(announced, wire.bytes.length)
    : wire.bytes.length;
  if (wire.bytes.length === 0 && encodings.length > 0)
    return { text: "", sizeBytes, truncated: !wire.isWhole };
  const decoded = await decode(wire.bytes, encodings);
  if (decoded === null) {
    const size = `${wire.isWhole ? "" : "more than "}${sizeBytes.toLocaleString("en")} bytes`;
    const text = `[compressed with ${encodings.join(", ").slice(0, 50)}, ${size}]`;
    return { text, sizeBytes, truncated: !wire.isWhole };
  }
  return {
    text: decoded.bytes.subarray(0, maxTextBytes).toString("utf8"),
    sizeBytes,
    truncated: !(wire.isWhole && decoded.isWhole),
  };
}
