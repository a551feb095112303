import { isObject } from "./json.ts";
import { applyRows, applyWhole, MalformedMessage } from "./patch.ts";
import type { AnyTopic, LiveList, LiveRow, LiveTopic, Observed, RowsReader } from "./topic.ts";

/**
 * Header before the body of each message. `seq` increases by one with each tick; `sentAt` lets a client
 * correct its clock, while `observedAt` gives the age of the data.
 */
export type Head =
  | { kind: "snapshot"; seq: number; sentAt: string }
  | { kind: "changes"; seq: number; observedAt: string; intervalMs: number; sentAt: string }
  | { kind: "heads"; newCount: number; sentAt: string }
  | { kind: "personal"; sentAt: string };

/** An unpacked message. */
export type Message = { head: Head; body: unknown };

/**
 * Layout of a message: one byte for the compression, two for the length of the head, the head as JSON, then
 * the body.
 */
export type Packed = { head: Head; isGzip: boolean; body: Uint8Array };

/** JSON encoded once for all readers. */
type Encoded = { plain(): Uint8Array; gzip(): Uint8Array };

const prefixBytes = 3;
/** Compression does not make shorter text smaller. */
const shortestCompressed = 120;

/**
 * Encodes one message for a whole room, compressed when that makes it smaller.
 *
 * @param gzip zlib's, passed in because browsers load this file too. At its default level, 200 changed rows
 * take half a millisecond; raw deflate would save 18 bytes at the cost of another format.
 */
export function encodeMessage(
  head: Head,
  body: unknown,
  gzip: (plain: Uint8Array) => Uint8Array,
): Uint8Array {
  const plain = new TextEncoder().encode(JSON.stringify(body));
  return packSmaller(head, { plain: () => plain, gzip: () => gzip(plain) });
}

/** Encodes a topic's complete data from the bytes of the HTTP answer, so that both share one compression. */
export const encodeSnapshot = (head: Extract<Head, { kind: "snapshot" }>, whole: Encoded): Uint8Array =>
  packSmaller(head, whole);

function packSmaller(head: Head, { plain, gzip }: Encoded): Uint8Array {
  const body = plain();
  const isGzip = body.length >= shortestCompressed && gzip().length < body.length;
  return pack({ head, isGzip, body: isGzip ? gzip() : body });
}

/** Prepends a head to a body of encoded and possibly compressed JSON. */
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
 * @throws MalformedMessage when the bytes are not a message
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

/** Applies one topic's messages in order and returns the reader's data after each. */
export type Follower<Data> = {
  /**
   * @returns the data after the message, or `gap` when a number is missing and the reader needs a new
   * snapshot
   * @throws MalformedMessage when a message is malformed or does not fit the current data
   */
  take(message: Message): Data | "gap";
};

type Changes = { head: Extract<Head, { kind: "changes" }>; body: unknown };

/** Follows a list of rows, always in the topic's order; unchanged rows keep their identity. */
export const followRows = <Row extends LiveRow, List extends LiveList<Row>>(
  topic: RowsReader<Row, List>,
): Follower<List> =>
  follow(topic, (list, { head: { observedAt, intervalMs }, body }) => {
    const items = applyRows(list.items, body, observedAt);
    const next: unknown = { ...list, observedAt, intervalMs, items };
    if (!topic.accepts(next)) throw new MalformedMessage("the rows of a topic lost their form");
    return sortRows(topic, next);
  });

/** Follows one object; its unchanged parts keep their identity. */
export const followWhole = <Whole extends Observed>(topic: LiveTopic<Whole>): Follower<Whole> =>
  follow(topic, (whole, { head, body }) => {
    const next = applyWhole(whole, body, head.observedAt);
    if (!topic.accepts(next)) throw new MalformedMessage("the data of a topic lost their form");
    return next;
  });

function follow<Data extends Observed>(
  topic: LiveTopic<Data>,
  step: (data: Data, changes: Changes) => Data,
): Follower<Data> {
  let held: { seq: number; data: Data } | null = null;
  return {
    take({ head, body }) {
      if (head.kind === "snapshot") {
        if (!topic.accepts(body))
          throw new MalformedMessage("a snapshot does not have the form of its topic");
        held = { seq: head.seq, data: body };
        return body;
      }
      if (head.kind !== "changes") throw new MalformedMessage("the topic has no messages of this kind");
      if (held === null || head.seq !== held.seq + 1) {
        held = null;
        return "gap";
      }
      const before = held;
      // Clears the data before applying a message, because only a snapshot helps after one that does not
      // fit.
      held = null;
      held = { seq: head.seq, data: step(before.data, { head, body }) };
      return held.data;
    },
  };
}

/** Sorts a list's rows in the topic's order, as of the time they were observed. */
export function sortRows<Row extends LiveRow, List extends LiveList<Row>>(
  topic: RowsReader<Row, List>,
  list: List,
): List {
  const { items } = list;
  const atMs = Date.parse(list.observedAt ?? "");
  const isSorted = items.every((row, index) => {
    const before = items[index - 1];
    return before === undefined || topic.order(before, row, atMs) <= 0;
  });
  return isSorted ? list : { ...list, items: items.toSorted((a, b) => topic.order(a, b, atMs)) };
}

/** Follows a topic of any kind; heads and personal messages do not depend on earlier ones. */
export function followTopic(topic: AnyTopic): Follower<unknown> {
  if (topic.kind === "rows") return followRows(topic);
  if (topic.kind === "whole") return followWhole(topic);
  return {
    take({ head, body }) {
      if (head.kind !== topic.kind) throw new MalformedMessage("the topic has no messages of this kind");
      const data: unknown =
        head.kind === "heads" ? { newCount: head.newCount, heads: body, sentAt: head.sentAt } : body;
      if (!topic.accepts(data)) throw new MalformedMessage("a message does not have the form of its topic");
      return data;
    },
  };
}
