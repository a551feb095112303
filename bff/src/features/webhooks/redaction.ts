const hidden = "[redacted]";
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

/** Headers for storage and display: secrets replaced, at most 60, each value at most 1,000 characters. */
export function redactHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const kept = Object.entries(headers)
    .filter((entry): entry is [string, string | string[]] => entry[1] !== undefined)
    .slice(0, maxHeaders)
    .map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(", ") : value;
      return [name, secretHeader.test(name) ? hidden : redactText(storable(text).slice(0, valueChars))];
    });
  return Object.fromEntries(kept);
}

/** Body text for storage and display: values of sensitive fields and bearer tokens replaced. */
export function redactText(text: string): string {
  return text
    .replace(jsonField, `$1"${hidden}"`)
    .replace(formField, `$1$2${hidden}`)
    .replace(bearer, `$1 ${hidden}`);
}

/** Text that Postgres can store: no NUL, no lone surrogates. */
export function storable(text: string): string {
  return Buffer.from(text).toString("utf8").replaceAll("\0", "\uFFFD");
}
