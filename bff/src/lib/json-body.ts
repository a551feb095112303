import type { FastifyInstance } from "fastify";
import { invalidField } from "#lib/http/errors.ts";

/** The most fields of one body; the API's largest body has a tenth of them. */
export const mostFields = 10_000;

const quote = 34;
const backslash = 92;
const colon = 58;

/** Whether a JSON text has more than `most` fields, without parsing it: counts colons outside strings. */
export function hasMoreFields(text: string, most: number): boolean {
  // A field takes four characters.
  if (text.length < 4 * most) return false;
  let found = 0;
  let isInside = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) isInside = !isInside;
    else if (isInside && code === backslash) at += 1;
    else if (!isInside && code === colon && ++found > most) return true;
  }
  return false;
}

/** Refuses a body with very many fields before it is parsed: validating 60,000 of them would take a second. */
export function registerJsonBody(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    const text = body.toString();
    if (hasMoreFields(text, mostFields)) done(invalidField("body", `has more than ${mostFields} fields`));
    else parse(request, text, done);
  });
}
