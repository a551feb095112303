import type { SourceRedaction } from "@wheelhouse/shared/webhooks/senders.ts";
import { maskFields, maskPatterns } from "./masking.ts";

const hidden = "[redacted]";
/** What is hidden of every event. */
const noRules: SourceRedaction = { fields: [], headers: [], patterns: [], emails: true, cards: true };
const secretHeader =
  /authorization|cookie|signature|secret|token|password|api-?key|credential|session|csrf|x-forwarded-client-cert/i;
const secretField =
  "password|passwd|secret|token|authorization|api[_-]?key|private[_-]?key|credential|cookie|session[_-]?id|card[_-]?number|cvc|cvv|iban";
// The cap can cut off a string value at the end of the text.
const jsonField = new RegExp(
  `("[^"\\\\]{0,80}(?:${secretField})[^"\\\\]{0,80}"\\s{0,5}:\\s{0,5})"(?:[^"\\\\]|\\\\.)*(?:"|\\\\?$)`,
  "gi",
);
const formField = new RegExp(`(^|[?&\\s])([\\w.-]{0,40}(?:${secretField})[\\w.-]{0,40}=)[^&\\s"]+`, "gi");
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;

const valueChars = 1_000;
const maxHeaders = 60;

/**
 * Headers for storage and display: secrets and those that a source names replaced, at most 60, each value at most 1,000
 * characters.
 */
export function redactHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  redaction: SourceRedaction = noRules,
): Record<string, string> {
  const named = new Set(redaction.headers);
  const kept = Object.entries(headers)
    .filter((entry): entry is [string, string | string[]] => entry[1] !== undefined)
    .slice(0, maxHeaders)
    .map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(", ") : value;
      return [
        name,
        secretHeader.test(name) || named.has(name)
          ? hidden
          : redactText(storable(text).slice(0, valueChars), redaction),
      ];
    });
  return Object.fromEntries(kept);
}

// Digits of payment cards, possibly in groups.
const cardDigits = /(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])/g;
const cardNumber =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|6\d{15,18})$/;
// Tried only where a word begins, so that a long text without an address takes time in proportion to it.
const email = /(?<![\w.+-])[\w.+-]{1,200}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/gi;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (const [at, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** What a rule hides, in the words of the page. */
type Hides =
  | "secret field"
  | "token"
  | "card number"
  | "e-mail address"
  | "field of the source"
  | "pattern of the source";
type Rule = { hides: Hides; apply(text: string, found: () => void): string };

/**
 * A rule whose replacement may use the parts of a match, as `String.replace` does. Every match holds `sign`, and most
 * texts do not.
 */
const byPattern = (hides: Hides, sign: string, pattern: RegExp, replacement: string): Rule => ({
  hides,
  apply(text, found) {
    if (!text.includes(sign)) return text;
    const replaced = text.replace(pattern, replacement);
    if (replaced !== text) found();
    return replaced;
  },
});

const rules: readonly Rule[] = [
  byPattern("secret field", '"', jsonField, `$1"${hidden}"`),
  byPattern("secret field", "=", formField, `$1$2${hidden}`),
  byPattern("token", "", bearer, `$1 ${hidden}`),
  {
    hides: "card number",
    apply: (text, found) =>
      text.replace(cardDigits, (match, at: number) => {
        const digits = match.replace(/[ -]/g, "");
        if (!cardNumber.test(digits) || !passesLuhn(digits)) return match;
        found();
        const shown = `[card ···· ${digits.slice(-4)}]`;
        // A number of a JSON document becomes a text, so that the document stays readable.
        return /[:[,]\s{0,5}$/.test(text.slice(Math.max(0, at - 6), at)) ? `"${shown}"` : shown;
      }),
  },
  // The domain says which customer's mail is meant, and the first letter tells two people of it apart.
  {
    hides: "e-mail address",
    apply: (text, found) =>
      text.includes("@")
        ? text.replace(email, (match) => {
            found();
            return `${match.slice(0, 1)}···${match.slice(match.lastIndexOf("@"))}`;
          })
        : text,
  },
];

/**
 * Text for display: values of sensitive fields, tokens, card numbers and e-mail addresses replaced, and what the source
 * names beside them; and what was. Fields are replaced first, while the document is as it was sent.
 */
export function redact(
  text: string,
  redaction: SourceRedaction = noRules,
): { text: string; redacted: string[] } {
  const found = new Set<Hides>();
  const noted = (hides: Hides, before: string, after: string) => {
    if (after !== before) found.add(hides);
    return after;
  };
  const fields = noted("field of the source", text, maskFields(text, redaction.fields));
  const shown = rules
    .filter(({ hides }) => redaction.emails || hides !== "e-mail address")
    .filter(({ hides }) => redaction.cards || hides !== "card number")
    .reduce((rest, { hides, apply }) => apply(rest, () => found.add(hides)), fields);
  const masked = noted("pattern of the source", shown, maskPatterns(shown, redaction.patterns));
  return { text: masked, redacted: [...found] };
}

/** The same without what was replaced. */
export const redactText = (text: string, redaction: SourceRedaction = noRules): string =>
  redact(text, redaction).text;

/** Whether the value of a field is replaced whatever it is. */
export function hidesField(path: string, redaction: SourceRedaction): boolean {
  const names = path.split(".").reverse();
  const sample = names.reduce<unknown>((value, name) => ({ [name]: value }), "x");
  return redact(JSON.stringify(sample), redaction).redacted.length > 0;
}

const notStorable = /\0|\p{Surrogate}/u;

/** Text that Postgres can store: no NUL, no lone surrogates. */
export function storable(text: string): string {
  if (!notStorable.test(text)) return text;
  return Buffer.from(text).toString("utf8").replaceAll("\0", "\uFFFD");
}
