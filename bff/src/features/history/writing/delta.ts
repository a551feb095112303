import { promisify } from "node:util";
import { deflateRaw, inflateRaw, inflateRawSync } from "node:zlib";
import { z } from "zod";

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

const whole = 0;
const difference = 1;
/** A difference that saves less than this is not worth reading a second row. */
const worthwhile = 0.7;
const mostBytes = 64 * 1024 * 1024;

/**
 * A text that others are compared to. JSON of the same view differs in a few numbers, so it is split at
 * commas: most pieces recur in the same order.
 */
export type DeltaBase = { text: Buffer; pieces: string[]; places: Map<string, number[]> };

export function deltaBase(text: Buffer): DeltaBase {
  const pieces = piecesOf(text);
  const places = new Map<string, number[]>();
  pieces.forEach((piece, at) => {
    const known = places.get(piece);
    if (known) known.push(at);
    else places.set(piece, [at]);
  });
  return { text, pieces, places };
}

// One character per byte, so that every byte is restored exactly.
const piecesOf = (text: Buffer) => text.toString("latin1").split(",");

/** First place at or after `from`, else the first of all. */
function placeNear(places: readonly number[], from: number): number | undefined {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return places[low] ?? places[0];
}

type Parts = (string | [skip: number, count: number])[];

function compare(base: DeltaBase, text: Buffer): Parts {
  const pieces = piecesOf(text);
  const parts: Parts = [];
  let expected = 0;
  let at = 0;
  while (at < pieces.length) {
    const piece = pieces[at] ?? "";
    const found =
      base.pieces[expected] === piece ? expected : placeNear(base.places.get(piece) ?? [], expected);
    if (found === undefined) {
      parts.push(piece);
      at += 1;
      expected += 1;
      continue;
    }
    let count = 1;
    while (at + count < pieces.length && base.pieces[found + count] === pieces[at + count]) count += 1;
    parts.push([found - expected, count]);
    at += count;
    expected = found + count;
  }
  return parts;
}

const storedParts = z.array(z.union([z.string(), z.tuple([z.number(), z.number()])]));

function restore(base: DeltaBase, parts: Parts): Buffer {
  const pieces: string[] = [];
  let expected = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      pieces.push(part);
      expected += 1;
      continue;
    }
    const [skip, count] = part;
    const from = expected + skip;
    for (let at = from; at < from + count; at += 1) pieces.push(base.pieces[at] ?? "");
    expected = from + count;
  }
  return Buffer.from(pieces.join(","), "latin1");
}

const marked = (mark: number, content: Buffer) => Buffer.concat([Buffer.from([mark]), content]);

/** A text compressed on its own. */
export const packWhole = async (text: Buffer): Promise<Buffer> => marked(whole, await deflate(text));

/** A text as its difference from a base, or compressed on its own where that is hardly longer. */
export async function packDifference(text: Buffer, base: DeltaBase): Promise<Buffer> {
  // An unchanged text needs no comparison.
  const all: Parts = [[0, base.pieces.length]];
  const parts = Buffer.from(JSON.stringify(base.text === text ? all : compare(base, text)));
  if (parts.length > text.length * worthwhile) return packWhole(text);
  return marked(difference, await deflate(parts));
}

/** @throws Error when the format is unknown, or its base is required and absent. */
export async function unpack(packed: Buffer, base: Buffer | null): Promise<Buffer> {
  const content = packed.subarray(1);
  const inflated = await inflate(content, { maxOutputLength: mostBytes });
  if (packed[0] === whole) return inflated;
  if (packed[0] !== difference || base?.[0] !== whole) throw new Error("a frame cannot be read");
  const text = inflateRawSync(base.subarray(1), { maxOutputLength: mostBytes });
  return restore(deltaBase(text), storedParts.parse(JSON.parse(inflated.toString("utf8"))));
}
