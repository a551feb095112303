/** One value of a metric. */
export type Sample = { name: string; labels: ReadonlyMap<string, string>; value: number };

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
const lastOfAll = "\n# EOF";

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

/**
 * Parses the Prometheus text format (0.0.4, plus what OpenMetrics adds to a line) in one pass. Metrics that
 * are not wanted are skipped by name. A last line without a line feed is parsed only if the response is known
 * to be complete. https://prometheus.io/docs/instrumenting/exposition_formats/
 * @throws MetricsError when the text is truncated or a wanted line is malformed: half a scrape would make
 * counters jump and breakers disappear.
 */
export function readMetrics(
  text: string,
  isWanted: (name: string) => boolean,
  { isWhole = false }: { isWhole?: boolean } = {},
): Sample[] {
  const isEnded = text === "" || text.charCodeAt(text.length - 1) === newLine || text.endsWith(lastOfAll);
  if (!isEnded && !isWhole) throw new MetricsError("The metrics response is incomplete");
  const wanted = new Map<string, boolean>();
  const samples: Sample[] = [];
  let at = 0;
  for (let line = 1; at < text.length; line += 1) {
    const newLineAt = text.indexOf("\n", at);
    const end = newLineAt < 0 ? text.length : newLineAt;
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

function readLine(
  text: string,
  from: number,
  end: number,
  isWanted: (name: string) => boolean,
): Sample | "malformed" | null {
  let at = from;
  const skipBlanks = () => {
    while (at < end && isBlank(text.charCodeAt(at))) at += 1;
  };
  skipBlanks();
  if (at === end || text.charCodeAt(at) === hash || text.charCodeAt(at) === braceOpen) return null;
  const nameFrom = at;
  while (at < end && isNameCode(text.charCodeAt(at))) at += 1;
  const name = text.slice(nameFrom, at);
  if (!isWanted(name)) return null;
  skipBlanks();
  const labels = new Map<string, string>();
  if (text.charCodeAt(at) === braceOpen) {
    const after = readLabels(text, at + 1, end, labels);
    if (after === null) return "malformed";
    at = after;
  }
  const [written = ""] = text.slice(at, end).trim().split(/\s/, 1);
  const value = numberOf(written);
  return value === null ? "malformed" : { name, labels, value };
}

/** @returns the position after the closing brace; null when there is none. */
function readLabels(text: string, from: number, end: number, labels: Map<string, string>): number | null {
  let at = from;
  const skip = (alsoComma: boolean) => {
    while (at < end && (isBlank(text.charCodeAt(at)) || (alsoComma && text.charCodeAt(at) === comma)))
      at += 1;
  };
  for (;;) {
    skip(true);
    if (at >= end || labels.size > mostLabels) return null;
    if (text.charCodeAt(at) === braceClose) return at + 1;
    const nameFrom = at;
    while (at < end && isNameCode(text.charCodeAt(at))) at += 1;
    const name = text.slice(nameFrom, at);
    skip(false);
    if (name === "" || text.charCodeAt(at) !== equals) return null;
    at += 1;
    skip(false);
    if (text.charCodeAt(at) !== quote) return null;
    at += 1;
    const valueFrom = at;
    let isEscaped = false;
    while (at < end && text.charCodeAt(at) !== quote) {
      if (text.charCodeAt(at) === backslash) {
        isEscaped = true;
        at += 1;
      }
      at += 1;
    }
    if (at >= end) return null;
    const raw = text.slice(valueFrom, at);
    labels.set(name, isEscaped ? raw.replace(/\\(.)/g, (all, code: string) => escapes[code] ?? all) : raw);
    at += 1;
  }
}
