import { createHash } from "node:crypto";
import { storable, termOf } from "./fields.ts";

const longestMessage = 300;
const mostWords = 24;

/** What differs between failures of one cause; the order matters. */
const varying: readonly RegExp[] = [
  // Times, with or without a zone.
  /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?/g,
  // Ids in hexadecimal, with or without hyphens.
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\b(?:0x)?(?=[a-z]*\d)[0-9a-f]{8,}\b/gi,
  // Addresses.
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /[^\s@<>"'()]+@[^\s@<>"'()]+\.[a-z]+/gi,
  // Any other word that has a digit and begins or ends with one, except HTTP-like codes of three digits at the start.
  /\b[a-z]*[_-]?\d+(?:[\w.:,/-]*\w)?\b/gi,
];

/** Some patterns take long for very long lines. */
const firstLineOf = (error: string) => error.slice(0, 2 * longestMessage).split(/\r?\n/, 1)[0] ?? "";

/** Codes such as 429 or ERR_503 say what happened, so they stay. */
const isCode = (word: string) => /^(?:[45]\d\d|[A-Z]+_[A-Z0-9_]+|[A-Z]{3,}\d{1,3}|[a-z]{1,4}\d)$/.test(word);

/** An error in the form that is the same for all failures of one cause, and the words that differ. */
export function normalise(error: string): { message: string; words: string[] } {
  const words = new Set<string>();
  let message = firstLineOf(error);
  for (const pattern of varying)
    message = message.replace(pattern, (word) => {
      if (isCode(word)) return word;
      if (words.size < mostWords) words.add(word);
      return "#";
    });
  message = message
    .replace(/#(?:[\s,;/:.-]*#)+/g, "#")
    .replace(/\s+/g, " ")
    .trim();
  return { message: storable(message.slice(0, longestMessage)) || "No message", words: [...words] };
}

/** A number that stands for a text. */
export const numberOf = (...parts: string[]) =>
  createHash("sha256").update(JSON.stringify(parts)).digest().readBigInt64BE(0).toString();

/** What the index keeps of a job's error. */
export function causeOf(
  error: string,
  { key, organizationId, name }: { key: string; organizationId: string; name: string },
): { cause: string; message: string; terms: string[]; hash: string } {
  const { message, words } = normalise(error);
  return {
    cause: numberOf(organizationId, name, message),
    message,
    terms: words.map((word) => errorTermOf(key, organizationId, word)),
    hash: numberOf(error),
  };
}

/** The term of a word of an error that differs from failure to failure. */
export const errorTermOf = (key: string, organizationId: string, word: string): string =>
  termOf(key, organizationId, "!", word);
