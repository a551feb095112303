import type { SourceRules, SourceScheme } from "./senders.ts";

type Sampled = { scheme: SourceScheme; rules: SourceRules | null };

const secretLine = (example: string) =>
  `SECRET='${example}'  # the secret of this source, shown once when it was created\n`;

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

function hmacSample(rules: SourceRules, url: string): string {
  const { signatureHeader, encoding, prefix, timestampHeader, idHeader, typeHeader } = rules;
  return [
    secretLine("..."),
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

const unsigned = (rules: SourceRules | null) => [
  ...(rules?.idHeader == null ? [] : [`${rules.idHeader}: ${id}`]),
  ...(rules?.typeHeader == null ? [] : [`${rules.typeHeader}: example.sent`]),
];

/**
 * A shell script that posts a correctly signed event with curl and openssl.
 * @returns undefined if the rules of an `hmac` source are not known.
 */
export function sampleRequest({ scheme, rules }: Sampled, url: string): string | undefined {
  switch (scheme) {
    case "standard":
      return [
        secretLine("whsec_..."),
        typed,
        `id="msg_$(date +%s)"; at=$(date +%s)\n`,
        `key=$(printf %s "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\n`,
        `sig=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)\n`,
        post(url, ["webhook-id: $id", "webhook-timestamp: $at", "webhook-signature: v1,$sig"]),
      ].join("");
    case "github":
      return [
        secretLine("..."),
        `body='{"zen":"example"}'\n`,
        signed("$body"),
        post(url, ["x-github-event: ping", `x-github-delivery: ${id}`, "x-hub-signature-256: sha256=$sig"]),
      ].join("");
    case "stripe":
      return [
        secretLine("whsec_..."),
        `at=$(date +%s); body='{"id":"evt_'$at'","type":"example.sent"}'\n`,
        signed("$at.$body"),
        post(url, ["stripe-signature: t=$at,v1=$sig"]),
      ].join("");
    case "shopify":
      return [
        secretLine("..."),
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
        secretLine("..."),
        `at=$(date +%s); body='{"type":"event_callback","event_id":"Ev'$at'","event":{"type":"app_mention"}}'\n`,
        signed("v0:$at:$body"),
        post(url, ["x-slack-request-timestamp: $at", "x-slack-signature: v0=$sig"]),
      ].join("");
    case "hmac":
      return rules === null ? undefined : hmacSample(rules, url);
    case "bearer":
      return [
        `SECRET='...'  # the token of this source, shown once when it was created\n`,
        typed,
        post(url, ["authorization: Bearer $SECRET", ...unsigned(rules)]),
      ].join("");
    case "addresses":
      return [typed, post(url, unsigned(rules))].join("");
  }
}
