import type { BodyCondition } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { jsonScalar } from "./json-field.ts";

export type Filter = { eventTypes: readonly string[]; bodyFilter: readonly BodyCondition[] };

/** Whether a pattern, in which `*` stands for any text, matches; linear in the text for each part. */
function matchesPattern(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

/** A leading `!` excludes; without a pattern that includes, every other type matches. */
function matchesType(patterns: readonly string[], eventType: string): boolean {
  const excluded = patterns.filter((pattern) => pattern.startsWith("!"));
  if (excluded.some((pattern) => matchesPattern(pattern.slice(1), eventType))) return false;
  const included = patterns.filter((pattern) => !pattern.startsWith("!"));
  return included.length === 0 || included.some((pattern) => matchesPattern(pattern, eventType));
}

/** Whether an endpoint wants an event. */
export function matches({ eventTypes, bodyFilter }: Filter, eventType: string, body: Buffer): boolean {
  return (
    matchesType(eventTypes, eventType) &&
    bodyFilter.every(({ path, values }) => {
      const value = jsonScalar(body, path.split("."));
      return value !== undefined && values.includes(value);
    })
  );
}
