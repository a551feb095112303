import { durationMs } from "#lib/time/duration.ts";

/** The facts of one answer. */
export type Facts = {
  connected: boolean;
  statusCode: number | null;
  latencyMs: number | null;
  ip: string | null;
  certificateExpiresInMs: number | null;
  /** What name servers answer for the host, such as `NOERROR` or `NXDOMAIN`; null if they were not asked. */
  dnsRcode: string | null;
  body: string | null;
};
export type Judgement = { text: string; actual: string; passed: boolean };
export type Condition = {
  text: string;
  /** Concerns slowness or a certificate's age: a service that fails it still serves. */
  isOfQuality: boolean;
  /** Takes the name servers' answer for the host. */
  asksDns: boolean;
  judge(facts: Facts): Judgement;
};

/** The text is not a condition; the message says why. */
export class ConditionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConditionError";
  }
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
/** `undefined` for a missing part. */
type Value = Json | undefined;
type Subject =
  | "STATUS"
  | "RESPONSE_TIME"
  | "CONNECTED"
  | "IP"
  | "CERTIFICATE_EXPIRATION"
  | "DNS_RCODE"
  | "BODY";
/** Compared with `==` and `!=` only. */
const unordered: readonly Subject[] = ["IP", "CONNECTED", "DNS_RCODE"];
type Side =
  | { kind: "fact"; of: Subject; path: readonly (string | number)[]; call: "len" | "has" | null }
  | { kind: "literal"; value: string }
  | { kind: "any"; values: readonly string[] }
  | { kind: "pattern"; pattern: string };

const operators = ["==", "!=", "<=", ">=", "<", ">"] as const;
type Operator = (typeof operators)[number];

const maxShown = 200;
const maxDepth = 50;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/**
 * Parses one condition in the language of Gatus: `[STATUS] == 200`, `[BODY].items[0].name == pat(sho*)`,
 * `len([BODY].items) > 3`, `has([BODY].error) == false`, `[STATUS] == any(200, 204)`, `[RESPONSE_TIME] < 300`
 * (milliseconds, or a duration), `[CERTIFICATE_EXPIRATION] > 14d`, `[DNS_RCODE] == NOERROR`. A part missing from the answer fulfils no condition
 * but `has(…) == false`, so that nothing passes because it could not be read.
 * @throws ConditionError
 */
export function parseCondition(text: string): Condition {
  const { left, operator, right } = split(text);
  const sides = [parseSide(left), parseSide(right)] as const;
  const fact = sides.find((side) => side.kind === "fact");
  if (fact?.kind !== "fact") throw new ConditionError("names nothing of the answer, such as [STATUS]");
  const isEquality = operator === "==" || operator === "!=";
  for (const side of sides) {
    if (isEquality || side.kind === "fact" || side.kind === "literal") continue;
    throw new ConditionError(`${side.kind === "any" ? "any()" : "pat()"} goes with == and != only`);
  }
  for (const [i, side] of sides.entries()) {
    if (isEquality || side.kind !== "literal") continue;
    const other = sides[1 - i];
    if (Number.isNaN(numberOf(side.value)))
      throw new ConditionError(`${operator} compares numbers and durations, not ${shown(side.value)}`);
    if (other?.kind === "fact" && (unordered.includes(other.of) || other.call === "has"))
      throw new ConditionError(`${operator} does not go with [${other.of}]`);
  }
  return {
    text,
    asksDns: sides.some((side) => side.kind === "fact" && side.of === "DNS_RCODE"),
    isOfQuality: fact.of === "RESPONSE_TIME" || fact.of === "CERTIFICATE_EXPIRATION",
    judge(facts) {
      const body = once(() => parseBody(facts.body));
      const find = (side: Side) => (side.kind === "fact" ? read(side, facts, body) : undefined);
      const [a, b] = sides;
      const actual = sides
        .filter((side) => side.kind === "fact")
        .map((side) => shown(find(side)))
        .join(", ");
      return { text, actual, passed: compare(a, operator, b, find) };
    },
  };
}

/** All operators, in matching order. */
export const judgeAll = (conditions: readonly Condition[], facts: Facts): Judgement[] =>
  conditions.map((condition) => condition.judge(facts));

/** The operator stands outside parentheses, brackets and quotes. */
function split(text: string): { left: string; operator: Operator; right: string } {
  let depth = 0;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote) {
      if (character === quote) quote = "";
      continue;
    }
    if (character === '"' || character === "'") quote = character;
    else if (character === "(" || character === "[") depth += 1;
    else if (character === ")" || character === "]") depth -= 1;
    const operator = depth === 0 ? operators.find((each) => text.startsWith(each, at)) : undefined;
    if (!operator) continue;
    const left = text.slice(0, at).trim();
    const right = text.slice(at + operator.length).trim();
    if (left === "" || right === "") throw new ConditionError(`a side of ${operator} is empty`);
    if (/^[=<>!]/.test(right)) throw new ConditionError(`${operator}${right[0]} is not an operator`);
    return { left, operator, right };
  }
  throw new ConditionError(`has no operator; one of ${operators.join(" ")} is needed`);
}

function parseSide(text: string): Side {
  const call = /^(len|has|pat|any)\((.*)\)$/s.exec(text);
  const [, name, inner = ""] = call ?? [];
  if (name === "pat") return { kind: "pattern", pattern: unquoted(inner.trim()) };
  if (name === "any") {
    const values = inner.split(",").map((each) => unquoted(each.trim()));
    if (values.some((value) => value === "")) throw new ConditionError("any() has an empty value");
    return { kind: "any", values };
  }
  if (name === "len" || name === "has") {
    const side = parseFact(inner.trim());
    if (!side) throw new ConditionError(`${name}() takes a part of the answer, such as [BODY].items`);
    return { ...side, call: name };
  }
  const fact = parseFact(text);
  if (fact) return fact;
  if (/^\w+\(/.test(text)) throw new ConditionError(`${text.slice(0, text.indexOf("("))}() is not known`);
  return { kind: "literal", value: unquoted(text) };
}

const subjects: readonly string[] = [
  "STATUS",
  "RESPONSE_TIME",
  "CONNECTED",
  "IP",
  "CERTIFICATE_EXPIRATION",
  "DNS_RCODE",
  "BODY",
];
const isSubject = (name: string): name is Subject => subjects.includes(name);

function parseFact(text: string): Extract<Side, { kind: "fact" }> | null {
  const found = /^\[([A-Z_]+)\](.*)$/s.exec(text);
  if (!found) return null;
  const [, name = "", rest = ""] = found;
  if (!isSubject(name)) throw new ConditionError(`[${name}] is not known; there are ${subjects.join(", ")}`);
  if (rest !== "" && name !== "BODY") throw new ConditionError(`[${name}] has no parts`);
  const path: (string | number)[] = [];
  const steps = /(?:\.([^.[\]()\s]+))|(?:\[(\d{1,9})\])/gy;
  let end = 0;
  for (const step of rest.matchAll(steps)) {
    path.push(step[1] ?? Number(step[2]));
    end = step.index + step[0].length;
  }
  if (end !== rest.length) throw new ConditionError(`${shown(rest)} is not a path such as .items[0].name`);
  if (path.length > maxDepth) throw new ConditionError("its path is too long");
  return { kind: "fact", of: name, path, call: null };
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) && text.length >= 2 ? text.slice(1, -1) : text;
}

function parseBody(body: string | null): Value {
  if (body === null) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function read({ of, path, call }: Extract<Side, { kind: "fact" }>, facts: Facts, body: () => Value): Value {
  const value = (): Value => {
    if (of === "STATUS") return facts.statusCode ?? undefined;
    if (of === "RESPONSE_TIME") return facts.latencyMs ?? undefined;
    if (of === "CONNECTED") return facts.connected;
    if (of === "IP") return facts.ip ?? undefined;
    if (of === "DNS_RCODE") return facts.dnsRcode ?? undefined;
    if (of === "CERTIFICATE_EXPIRATION") return facts.certificateExpiresInMs ?? undefined;
    // A body that is not JSON has only its text.
    if (path.length === 0) return body() ?? facts.body ?? undefined;
    return path.reduce<Value>(stepInto, body());
  };
  const found = value();
  if (call === "has") return found !== undefined && found !== null;
  if (call !== "len") return found;
  if (typeof found === "string" || Array.isArray(found)) return found.length;
  return typeof found === "object" && found !== null ? Object.keys(found).length : undefined;
}

function stepInto(value: Value, step: string | number): Value {
  if (Array.isArray(value)) return typeof step === "number" ? value[step] : undefined;
  if (typeof value !== "object" || value === null || typeof step === "number") return undefined;
  return Object.hasOwn(value, step) ? value[step] : undefined;
}

const textOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
const shown = (value: Value): string => {
  if (value === undefined) return "not there";
  const text = textOf(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
};

/** Numbers, and durations in milliseconds; NaN for anything else. */
function numberOf(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return Number.NaN;
  return number.test(value) ? Number(value) : durationMs(value);
}

function compare(left: Side, operator: Operator, right: Side, find: (side: Side) => Value): boolean {
  // any() and pat() may stand on either side.
  if (left.kind === "any" || left.kind === "pattern") return compare(right, operator, left, find);
  const sideValue = (side: Side) => (side.kind === "literal" ? side.value : find(side));
  const a = sideValue(left);
  if (a === undefined) return false;
  if (right.kind === "any") return (operator === "==") === right.values.some((value) => equals(a, value));
  if (right.kind === "pattern") return (operator === "==") === matches(textOf(a), right.pattern);
  const b = sideValue(right);
  if (b === undefined) return false;
  if (operator === "==") return equals(a, b);
  if (operator === "!=") return !equals(a, b);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (operator === "<") return x < y;
  if (operator === "<=") return x <= y;
  return operator === ">" ? x > y : x >= y;
}

function equals(a: Json, b: Json): boolean {
  if (textOf(a) === textOf(b)) return true;
  // Quoted texts compare as texts: an id 007 is not an id 7.
  if (typeof a === "string" && typeof b === "string" && !(number.test(a) && number.test(b))) return false;
  return numberOf(a) === numberOf(b);
}

/** `*` matches any text, `?` one character; in linear time for any pattern and text. */
function matches(text: string, pattern: string): boolean {
  let at = 0;
  let wanted = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    if (pattern[wanted] === "*") {
      star = wanted++;
      retry = at;
    } else if (pattern[wanted] === "?" || pattern[wanted] === text[at]) {
      wanted += 1;
      at += 1;
    } else if (star >= 0) {
      wanted = star + 1;
      at = ++retry;
    } else return false;
  }
  while (pattern[wanted] === "*") wanted += 1;
  return wanted === pattern.length;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
