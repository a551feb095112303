const code = { space: 0x20, quote: 0x22, comma: 0x2c, colon: 0x3a, backslash: 0x5c, open: 0x7b, close: 0x7d };
const openers = new Set([0x5b, code.open]);
const closers = new Set([0x5d, code.close]);
const maxTextBytes = 4_096;

/** `other`: there, but no text, or an endless one. */
export type JsonField = { kind: "text"; text: string } | { kind: "other" } | undefined;

function skipSpace(bytes: Buffer, at: number): number {
  let next = at;
  while (next < bytes.length && (bytes[next] ?? 0) <= code.space) next += 1;
  return next;
}

/** The place after a text that begins at `at`. */
function endOfText(bytes: Buffer, at: number): number {
  let quote = at;
  for (;;) {
    quote = bytes.indexOf(code.quote, quote + 1);
    if (quote < 0) return bytes.length;
    let before = quote - 1;
    while (bytes[before] === code.backslash) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
}

/** The place after the value that begins at `at`, however deeply it is nested. */
function endOfValue(bytes: Buffer, at: number): number {
  let depth = 0;
  let next = at;
  while (next < bytes.length) {
    const byte = bytes[next] ?? 0;
    if (byte === code.quote) next = endOfText(bytes, next);
    else {
      if (closers.has(byte)) depth -= 1;
      if (depth < 0 || (depth === 0 && byte === code.comma)) return next;
      if (openers.has(byte)) depth += 1;
      next += 1;
    }
    if (depth === 0 && (byte === code.quote || closers.has(byte))) return next;
  }
  return next;
}

function textBetween(bytes: Buffer, from: number, to: number): string | undefined {
  if (to - from > maxTextBytes) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8", from, to));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of the value at a path in a JSON object. */
function valueAt(bytes: Buffer, path: readonly string[]): Buffer | undefined {
  const [name, ...rest] = path;
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== code.open) return undefined;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] === code.quote) {
    const keyEnd = endOfText(bytes, at);
    const isWanted = textBetween(bytes, at, keyEnd) === name;
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== code.colon) return undefined;
    const start = skipSpace(bytes, at + 1);
    const end = endOfValue(bytes, start);
    if (isWanted)
      return rest.length > 0 ? valueAt(bytes.subarray(start, end), rest) : bytes.subarray(start, end);
    at = skipSpace(bytes, end);
    if (bytes[at] !== code.comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
  return undefined;
}

/**
 * Finds a text by its path in a JSON object without building the rest: a body of 25 MB costs no memory, and one that is
 * no JSON has no fields.
 */
export function jsonField(bytes: Buffer, path: readonly string[]): JsonField {
  const value = valueAt(bytes, path);
  if (value === undefined) return undefined;
  const text = value[0] === code.quote ? textBetween(value, 0, value.length) : undefined;
  return text === undefined ? { kind: "other" } : { kind: "text", text };
}

/** A text, number or boolean at a path, as text; undefined for anything else. */
export function jsonScalar(bytes: Buffer, path: readonly string[]): string | undefined {
  const value = valueAt(bytes, path);
  if (value === undefined || value.length > maxTextBytes) return undefined;
  if (value[0] === code.quote) return textBetween(value, 0, value.length);
  const text = value.toString("latin1").trim();
  return /^(true|false|-?\d[\d.eE+-]*)$/.test(text) ? text : undefined;
}
