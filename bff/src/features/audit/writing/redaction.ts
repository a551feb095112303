const redacted = "[redacted]";

/** Field names whose value is always a secret: `password`, `clientSecret`, `x-api-key`, `session_cookie`. */
const secretName =
  /(?:^|[^a-z])(?:pass(?:word|phrase|wd|code)|secret|token|authorization|cookie|(?:api|private|access|signing)key|credentials?)s?$/;

/** Text that is a secret wherever it occurs. */
const secretTexts: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${redacted}`],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, redacted],
  [/\bwhsec_[A-Za-z0-9+/=_-]{8,}/g, redacted],
  [/(\/\/[^\s/:@]*):[^\s/@]+@/g, `$1:${redacted}@`],
];

/** `[redacted]` if a field with this name holds a secret, else undefined. */
export const redactNamed = (name: string): string | undefined =>
  secretName.test(
    name
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .replace(/(api|private|access|signing)[^a-z]+(key)/g, "$1$2"),
  )
    ? redacted
    : undefined;

/** Removes recognizable secrets, because the trail is kept for years and has many readers. */
export const redactSecrets = (text: string): string =>
  secretTexts.reduce((rest, [secret, replacement]) => rest.replace(secret, replacement), text);
