import type { SourceRules, SourceScheme } from "./senders.ts";

type Sampled = {
  scheme: SourceScheme;
  /** Null if they are not known. */
  rules: SourceRules | null;
  /** `standard`: the public key by which the sender is known; null if it shares a secret. */
  publicKey: string | null;
  /** Written into the script; a placeholder without one. */
  secret?: string;
};
/** Beginning of the names of the headers; Svix has names of its own. */
export type StandardNames = "webhook" | "svix";

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const secretLine = (example: string, secret: string | undefined, word = "secret") =>
  secret === undefined
    ? `SECRET='${example}'  # the ${word} of this source, shown once when it was created\n`
    : `SECRET=${quoted(secret)}\n`;

/** `text` is a shell expression within double quotes. */
const signed = (text: string, encoding: "hex" | "base64" = "hex") =>
  encoding === "hex"
    ? `sig=$(printf %s "${text}" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')\n`
    : `sig=$(printf %s "${text}" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64)\n`;

const post = (url: string, headers: readonly string[]) =>
  [
    `curl -i '${url}' -H 'content-type: application/json'`,
    ...headers.map((header) => `  -H "${header}"`),
    '  --data-raw "$body"\n',
  ].join(" \\\n");

const typed = `body='{"type":"example.sent"}'\n`;
const id = "$(date +%s)";

function hmacSample(rules: SourceRules, url: string, secret: string | undefined): string {
  const { signatureHeader, encoding, prefix, timestampHeader, idHeader, typeHeader } = rules;
  return [
    secretLine("...", secret),
    typed,
    ...(timestampHeader === null ? [] : ["at=$(date +%s)\n"]),
    signed(timestampHeader === null ? "$body" : "$at.$body", encoding),
    post(url, [
      `${signatureHeader ?? "x-signature"}: ${prefix.replace(/["\\$`]/g, "\\$&")}$sig`,
      ...(timestampHeader === null ? [] : [`${timestampHeader}: $at`]),
      ...(idHeader === null ? [] : [`${idHeader}: ${id}`]),
      ...(typeHeader === null ? [] : [`${typeHeader}: example.sent`]),
    ]),
  ].join("");
}

const standardHeaders = (names: StandardNames, signature: string) => [
  `${names}-id: $id`,
  `${names}-timestamp: $at`,
  `${names}-signature: ${signature}`,
];

/** openssl signs with ed25519 from a file only. */
const publicKeySample = (url: string, names: StandardNames) =>
  [
    `KEY='private.pem'  # the sender's private key (ed25519, PEM), of which this source has the public one\n`,
    typed,
    `id="msg_$(date +%s)"; at=$(date +%s)\n`,
    `signed=$(mktemp); printf %s "$id.$at.$body" > "$signed"\n`,
    `sig=$(openssl pkeyutl -sign -rawin -inkey "$KEY" -in "$signed" | base64 | tr -d '\\n')\n`,
    post(url, standardHeaders(names, "v1a,$sig")),
  ].join("");

const unsigned = (rules: SourceRules | null) => [
  ...(rules?.idHeader == null ? [] : [`${rules.idHeader}: ${id}`]),
  ...(rules?.typeHeader == null ? [] : [`${rules.typeHeader}: example.sent`]),
];

/**
 * A shell script that posts a correctly signed event with curl and openssl.
 * @returns undefined if the rules of an `hmac` source are not known.
 */
export function sampleRequest(
  { scheme, rules, publicKey, secret }: Sampled,
  url: string,
  names: StandardNames = "webhook",
): string | undefined {
  switch (scheme) {
    case "standard":
      if (publicKey !== null) return publicKeySample(url, names);
      return [
        secretLine("whsec_...", secret),
        typed,
        `id="msg_$(date +%s)"; at=$(date +%s)\n`,
        `key=$(printf %s "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\n`,
        `sig=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)\n`,
        post(url, standardHeaders(names, "v1,$sig")),
      ].join("");
    case "github":
      return [
        secretLine("...", secret),
        `body='{"zen":"example"}'\n`,
        signed("$body"),
        post(url, ["x-github-event: ping", `x-github-delivery: ${id}`, "x-hub-signature-256: sha256=$sig"]),
      ].join("");
    case "stripe":
      return [
        secretLine("whsec_...", secret),
        `at=$(date +%s); body='{"id":"evt_'$at'","type":"example.sent"}'\n`,
        signed("$at.$body"),
        post(url, ["stripe-signature: t=$at,v1=$sig"]),
      ].join("");
    case "shopify":
      return [
        secretLine("...", secret),
        `body='{"id":1}'\n`,
        signed("$body", "base64"),
        post(url, [
          "x-shopify-topic: orders/create",
          `x-shopify-webhook-id: ${id}`,
          "x-shopify-hmac-sha256: $sig",
        ]),
      ].join("");
    case "slack":
      return [
        secretLine("...", secret),
        `at=$(date +%s); body='{"type":"event_callback","event_id":"Ev'$at'","event":{"type":"app_mention"}}'\n`,
        signed("v0:$at:$body"),
        post(url, ["x-slack-request-timestamp: $at", "x-slack-signature: v0=$sig"]),
      ].join("");
    case "hmac":
      return rules === null ? undefined : hmacSample(rules, url, secret);
    case "bearer":
      return [
        secretLine("...", secret, "token"),
        typed,
        post(url, ["authorization: Bearer $SECRET", ...unsigned(rules)]),
      ].join("");
    case "addresses":
      return [typed, post(url, unsigned(rules))].join("");
  }
}
