import { isObject } from "./json.ts";
import { MalformedMessage } from "./patch.ts";

/**
 * Header before the body of each message. `seq` rises by one with each tick; `sentAt` lets a client correct
 * its clock, while `observedAt` is the age of the data.
 */
export type Head =
  | { kind: "snapshot"; seq: number; sentAt: string }
  | { kind: "changes"; seq: number; observedAt: string; intervalMs: number; sentAt: string }
  | { kind: "heads"; newCount: number; sentAt: string }
  | { kind: "personal"; sentAt: string };

/** An unpacked message. */
export type Message = { head: Head; body: unknown };

/**
 * Layout of a message: one byte for the compression, two for the length of the head, the head as JSON, the
 * body.
 */
export type Packed = { head: Head; isGzip: boolean; body: Uint8Array };

const prefixBytes = 3;

/** Prepends a head to a body of encoded, and possibly compressed, JSON. */
export function pack({ head, isGzip, body }: Packed): Uint8Array {
  const headBytes = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(prefixBytes + headBytes.length + body.length);
  bytes[0] = isGzip ? 1 : 0;
  new DataView(bytes.buffer).setUint16(1, headBytes.length);
  bytes.set(headBytes, prefixBytes);
  bytes.set(body, prefixBytes + headBytes.length);
  return bytes;
}

/**
 * Reads a message and decompresses its body.
 * @throws MalformedMessage when it is not a message
 */
export async function unpack(bytes: unknown): Promise<Message> {
  const all = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (!(all instanceof Uint8Array) || all.length < prefixBytes) throw new MalformedMessage("not a message");
  const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  const bodyAt = prefixBytes + view.getUint16(1);
  const compression = view.getUint8(0);
  if (bodyAt > all.length || compression > 1) throw new MalformedMessage("not a message");
  const head = parse(all.subarray(prefixBytes, bodyAt));
  if (!isHead(head)) throw new MalformedMessage("the head of a message is malformed");
  const body = all.slice(bodyAt);
  return { head, body: parse(compression === 1 ? await gunzip(body) : body) };
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new MalformedMessage("the body cannot be decompressed");
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new MalformedMessage("the message is not JSON");
  }
}

const isTime = (value: unknown): boolean => typeof value === "string" && !Number.isNaN(Date.parse(value));

function isHead(head: unknown): head is Head {
  if (!isObject(head)) return false;
  const { kind, seq, sentAt, observedAt, intervalMs, newCount } = head;
  if (!isTime(sentAt)) return false;
  if (kind === "changes")
    return Number.isSafeInteger(seq) && isTime(observedAt) && typeof intervalMs === "number";
  if (kind === "snapshot") return Number.isSafeInteger(seq);
  return kind === "personal" || (kind === "heads" && Number.isSafeInteger(newCount));
}
