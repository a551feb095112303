const hidden = "[redacted]";
const closers: Record<string, string> = { "{": "}", "[": "]" };

/** The place after a text in quotes that begins at `at`; the end where it is cut off. */
function endOfText(text: string, at: number): number {
  let next = at + 1;
  while (next < text.length && text[next] !== '"') next += text[next] === "\\" ? 2 : 1;
  return Math.min(text.length, next + 1);
}

/** The place after the value that begins at `at`, however deeply it is nested. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  let next = at;
  while (next < text.length) {
    const sign = text[next] ?? "";
    if (depth === 0 && (sign === "," || sign === "}" || sign === "]")) return next;
    if (sign === '"') next = endOfText(text, next);
    else {
      if (sign in closers) depth += 1;
      if (sign === "}" || sign === "]") depth -= 1;
      next += 1;
    }
    if (depth === 0 && (sign === '"' || sign === "}" || sign === "]")) return next;
  }
  return next;
}

function keyOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}

/** `*` stands for one name; a leading `**` for any number of them. */
function matchesPath(rule: readonly string[], path: readonly string[]): boolean {
  const isDeep = rule[0] === "**";
  const names = isDeep ? rule.slice(1) : rule;
  if (isDeep ? path.length < names.length : path.length !== names.length) return false;
  const offset = path.length - names.length;
  return names.every((name, n) => name === "*" || name === path[offset + n]);
}

/** Values of JSON at paths; elements of a list stand at the path of the list. Reads the text once. */
function maskJson(text: string, rules: readonly (readonly string[])[]): string {
  const pieces: string[] = [];
  const path: string[] = [];
  const isObject: boolean[] = [];
  let copied = 0;
  let at = 0;
  let expectsKey = false;
  while (at < text.length) {
    const sign = text[at] ?? "";
    if (sign === '"' && expectsKey) {
      const keyEnd = endOfText(text, at);
      path[path.length - 1] = keyOf(text.slice(at, keyEnd));
      expectsKey = false;
      const colon = /^\s*:\s*/.exec(text.slice(keyEnd, keyEnd + 40));
      at = keyEnd + (colon?.[0].length ?? 0);
      if (!colon || !rules.some((rule) => matchesPath(rule, path))) continue;
      pieces.push(text.slice(copied, at), `"${hidden}"`);
      at = endOfValue(text, at);
      copied = at;
      continue;
    }
    if (sign === '"') {
      at = endOfText(text, at);
      continue;
    }
    if (sign in closers) {
      isObject.push(sign === "{");
      if (sign === "{") path.push("");
      expectsKey = sign === "{";
    } else if (sign === "}" || sign === "]") {
      if (isObject.pop() === true) path.pop();
      expectsKey = false;
    } else if (sign === ",") expectsKey = isObject.at(-1) === true;
    at += 1;
  }
  return pieces.join("") + text.slice(copied);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}

/** Replaces the values at paths such as `data.customer.name` in JSON, complete or cut off, or in a form. */
export function maskFields(text: string, paths: readonly string[]): string {
  if (paths.length === 0) return text;
  const rules = paths.map((path) => path.split("."));
  if (/^\s*[{[]/.test(text)) return maskJson(text, rules);
  return text.replace(/(^|&)([^=&]{1,200})=([^&]*)/g, (whole, before: string, name: string) =>
    rules.some((rule) => matchesPath(rule, [decoded(name)])) ? `${before}${name}=${hidden}` : whole,
  );
}

const signs: Record<string, string> = { "#": "\\d", "?": "[A-Za-z0-9]", "*": "[\\w.-]{0,40}" };

/** A pattern of a rule as an expression without repetition but for one bounded star, so that it cannot run away. */
function expressionOf(pattern: string): RegExp {
  const source = [...pattern].map((sign) => signs[sign] ?? sign.replace(/[\\^$.+()|{}[\]/-]/g, "\\$&"));
  return new RegExp(source.join(""), "gi");
}

/** Replaces what matches a pattern: `#` is a digit, `?` a letter or digit, `*` any further ones. */
export function maskPatterns(text: string, patterns: readonly string[]): string {
  return patterns.reduce(
    (rest, pattern) =>
      rest.replace(expressionOf(pattern), (_match, at: number) =>
        // A number of a JSON document becomes a text, so that the document stays readable.
        /[:[,]\s{0,5}$/.test(rest.slice(Math.max(0, at - 6), at)) ? `"${hidden}"` : hidden,
      ),
    text,
  );
}
