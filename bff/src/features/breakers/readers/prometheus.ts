import type { Sample } from "#lib/metric-sample.ts";

/** The response is not a complete metrics text, so none of it is used. */
export class MetricsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MetricsError";
  }
}

const mostSamples = 50_000;
const mostLabels = 64;
/** End marker of an OpenMetrics text. */
const endMark = "# EOF";

const newLine = 10;
const hash = 35;
const quote = 34;
const comma = 44;
const equals = 61;
const braceOpen = 123;
const braceClose = 125;
const backslash = 92;
const isBlank = (code: number) => code === 32 || code === 9 || code === 13;
const isNameCode = (code: number) =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 58) || code === 95;

/** As Prometheus writes names of OpenTelemetry for readers that know no quotes. */
const escaped = (name: string) => name.replace(/[^a-zA-Z0-9_:]/gu, "_");

const escapes: Record<string, string> = { n: "\n", "\\": "\\", '"': '"' };

const infinities: Record<string, number> = {
  "+Inf": Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  "-Inf": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

function numberOf(text: string): number | null {
  const special = infinities[text];
  if (special !== undefined) return special;
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isNaN(value) ? null : value;
}

/** The end is certain: a line feed, or the mark of OpenMetrics. */
const isEnded = (text: string) =>
  text === "" ||
  text === endMark ||
  text.charCodeAt(text.length - 1) === newLine ||
  text.endsWith(`\n${endMark}`);

/**
 * Parses the Prometheus text format (0.0.4, plus what OpenMetrics adds) in one pass. Metrics that are not
 * wanted are skipped by name. Quoted names are written as Prometheus escapes them: every character but letters,
 * digits, `_` and `:` is an underscore. A last line without a line feed is parsed only if the response is known
 * to be complete. https://prometheus.io/docs/instrumenting/exposition_formats/
 * @throws MetricsError when the text is truncated or a wanted line is malformed: half a scrape would make
 * counters jump and breakers disappear.
 */
export function readMetrics(
  text: string,
  isWanted: (name: string) => boolean,
  { isWhole = false }: { isWhole?: boolean } = {},
): Sample[] {
  if (!isEnded(text) && !isWhole) throw new MetricsError("The metrics response is incomplete");
  const wanted = new Map<string, boolean>();
  const samples: Sample[] = [];
  let at = 0;
  for (let line = 1; at < text.length; line += 1) {
    const newLineAt = text.indexOf("\n", at);
    const end = newLineAt < 0 ? text.length : newLineAt;
    if (text.charCodeAt(at) === hash && text.slice(at, end).trimEnd() === endMark) {
      if (text.slice(end).trim() !== "")
        throw new MetricsError(`The metrics continue after their end in line ${line}`);
      break;
    }
    const sample = readLine(text, at, end, (name) => {
      const known = wanted.get(name) ?? isWanted(name);
      wanted.set(name, known);
      return known;
    });
    if (sample === "malformed") throw new MetricsError(`Line ${line} of the metrics is malformed`);
    if (sample !== null) samples.push(sample);
    if (samples.length > mostSamples)
      throw new MetricsError(`More than ${mostSamples} breaker samples in one scrape`);
    at = end + 1;
  }
  return samples;
}

/** What a line begins with: its name, and the labels' position if it stands among them; null for a malformed one. */
function readName(text: string, from: number, end: number): { name: string; at: number } | null {
  let at = from;
  if (text.charCodeAt(at) !== braceOpen) {
    while (at < end && isNameCode(text.charCodeAt(at))) at += 1;
    return { name: text.slice(from, at), at };
  }
  at = skipBlanks(text, at + 1, end);
  const quoted = readQuoted(text, at, end);
  if (quoted === null) return null;
  at = skipBlanks(text, quoted.at, end);
  const next = text.charCodeAt(at);
  return next === comma || next === braceClose ? { name: escaped(quoted.value), at } : null;
}

function readLine(
  text: string,
  from: number,
  end: number,
  isWanted: (name: string) => boolean,
): Sample | "malformed" | null {
  const first = skipBlanks(text, from, end);
  if (first === end || text.charCodeAt(first) === hash) return null;
  const isQuoted = text.charCodeAt(first) === braceOpen;
  const named = readName(text, first, end);
  if (named === null) return "malformed";
  if (!isWanted(named.name)) return null;
  let at = isQuoted ? named.at : skipBlanks(text, named.at, end);
  const labels = new Map<string, string>();
  if (isQuoted || text.charCodeAt(at) === braceOpen) {
    const after = readLabels(text, isQuoted ? at : at + 1, end, labels);
    if (after === null) return "malformed";
    at = after;
  }
  const [written = ""] = text.slice(at, end).trim().split(/\s/, 1);
  const value = numberOf(written);
  return value === null ? "malformed" : { name: named.name, labels, value };
}

function skipBlanks(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Reads a text in quotes that begins at `from`; null without one. */
function readQuoted(text: string, from: number, end: number): { value: string; at: number } | null {
  if (text.charCodeAt(from) !== quote) return null;
  let at = from + 1;
  let isEscaped = false;
  while (at < end && text.charCodeAt(at) !== quote) {
    if (text.charCodeAt(at) === backslash) {
      isEscaped = true;
      at += 1;
    }
    at += 1;
  }
  if (at >= end) return null;
  const raw = text.slice(from + 1, at);
  return {
    value: isEscaped ? raw.replace(/\\(.)/g, (all, code: string) => escapes[code] ?? all) : raw,
    at: at + 1,
  };
}

/** The name of a label, plain or in quotes; null for neither. */
function readLabelName(text: string, from: number, end: number): { value: string; at: number } | null {
  if (text.charCodeAt(from) === quote) {
    const quoted = readQuoted(text, from, end);
    return quoted && { value: escaped(quoted.value), at: quoted.at };
  }
  let at = from;
  while (at < end && isNameCode(text.charCodeAt(at))) at += 1;
  return at === from ? null : { value: text.slice(from, at), at };
}

/** @returns the position after the closing brace; null when there is none. */
function readLabels(text: string, from: number, end: number, labels: Map<string, string>): number | null {
  let at = from;
  for (;;) {
    while (at < end && (isBlank(text.charCodeAt(at)) || text.charCodeAt(at) === comma)) at += 1;
    if (at >= end || labels.size > mostLabels) return null;
    if (text.charCodeAt(at) === braceClose) return at + 1;
    const name = readLabelName(text, at, end);
    if (name === null) return null;
    at = skipBlanks(text, name.at, end);
    if (text.charCodeAt(at) !== equals) return null;
    const value = readQuoted(text, skipBlanks(text, at + 1, end), end);
    if (value === null) return null;
    labels.set(name.value, value.value);
    at = value.at;
  }
}
