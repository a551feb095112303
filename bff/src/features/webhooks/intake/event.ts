import { z } from "zod";
import { invalidField } from "#lib/http/errors.ts";
import type { SignatureScheme, SignedRequest } from "../directory/directory.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const maxChars = 200;
const printable = /^[\x20-\x7e]+$/;
const untyped = "unknown";

const standardBody = z.object({ type: z.unknown() });
const githubBody = z.object({ action: z.string().max(100).regex(printable) });

/**
 * Reads a verified event.
 * @returns its type: `type` of the body (Standard Webhooks; `unknown` when it has none), or GitHub's event with
 * the body's action, e.g. `pull_request.opened`.
 * @throws AppError `validation_failed` naming the field.
 */
export function readEventType(scheme: SignatureScheme, { headers, body }: SignedRequest): string {
  const parsed = parseBody(body);
  if (scheme === "github") {
    const event = headers["x-github-event"];
    if (typeof event !== "string" || !fits(event))
      throw invalidField("header.x-github-event", "must name the event");
    const acted = githubBody.safeParse(parsed);
    return acted.success ? `${event}.${acted.data.action}` : event;
  }
  const typed = standardBody.safeParse(parsed);
  if (!typed.success || typed.data.type === undefined) return untyped;
  if (typeof typed.data.type !== "string" || !fits(typed.data.type))
    throw invalidField("body.type", `must be text of 1 to ${maxChars} printable ASCII characters`);
  return typed.data.type;
}

/** Ids become header values and keys, so they are restricted to printable ASCII. */
export function assertEventId(eventId: string, scheme: SignatureScheme) {
  if (!fits(eventId))
    throw invalidField(
      scheme === "github" ? "header.x-github-delivery" : "header.webhook-id",
      `must have 1 to ${maxChars} printable ASCII characters`,
    );
}

const fits = (text: string) => text.length > 0 && text.length <= maxChars && printable.test(text);

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    throw invalidField("body", "is not valid JSON in UTF-8");
  }
}

/** True when a pattern matches the type; no patterns match every type. A trailing `*` matches any suffix. */
export function matchesEventType(patterns: readonly string[], eventType: string): boolean {
  return (
    patterns.length === 0 ||
    patterns.some((pattern) =>
      pattern.endsWith("*") ? eventType.startsWith(pattern.slice(0, -1)) : pattern === eventType,
    )
  );
}
