import type { Refusal, RefusalReason } from "@wheelhouse/shared/webhooks/refusals.ts";
import { type StandardNames, sampleRequest } from "@wheelhouse/shared/webhooks/sample.ts";
import { bodyLimit, type SourceRules } from "@wheelhouse/shared/webhooks/senders.ts";
import { formatCount, formatSpan } from "#lib/format.ts";

export const reasonWords: Record<RefusalReason, string> = {
  signature_mismatch: "Signature does not match",
  token_mismatch: "Token does not match",
  address_not_allowed: "Address not allowed",
  header_missing: "Header missing",
  timestamp_outside: "Timestamp too far off",
  timestamp_malformed: "Timestamp not readable",
  id_malformed: "Event id not readable",
  event_type_malformed: "Event type not readable",
  body_malformed: "Body not readable",
  body_too_large: "Body over the limit",
  media_type: "Media type not accepted",
  rate_limited: "Too many refused requests",
  unknown_source: "No such source",
  other: "Other",
};

/** The end of the headline's sentence "168 …", for the reason that explains most. */
export const causeWords: Record<RefusalReason, string> = {
  signature_mismatch: "because of a wrong secret",
  token_mismatch: "because of a wrong token",
  address_not_allowed: "because their address is not allowed",
  header_missing: "because a header is missing",
  timestamp_outside: "because of a wrong clock",
  timestamp_malformed: "because of an unreadable timestamp",
  id_malformed: "because of an unreadable event id",
  event_type_malformed: "because of an unreadable event type",
  body_malformed: "because the body cannot be read",
  body_too_large: "because the body is too large",
  media_type: "because of the media type",
  rate_limited: "because their address is over its limit",
  unknown_source: "because the path names no source",
  other: "for other reasons",
};

/** `header.webhook-id` as people know it: `webhook-id`. */
export const fieldName = (field: string): string => field.replace(/^header\./, "");

/** "17 m 20 s behind" or "… ahead". */
const offBy = (behindMs: number): string =>
  `${formatSpan(Math.abs(behindMs))} ${behindMs < 0 ? "ahead" : "behind"}`;

/** A timestamp this close needs no mention. */
const fineMs = 5_000;

const limitPart = (source: Refusal["source"]): string =>
  source?.maxBodyBytes == null ? "" : `, limit ${formatCount(source.maxBodyBytes)} B`;

/** Svix sends what Standard Webhooks asks for under names of its own. */
const namesOf = ({ headers }: Refusal["newest"]): StandardNames =>
  headers.some(({ name }) => name.startsWith("svix-")) &&
  !headers.some(({ name }) => name.startsWith("webhook-"))
    ? "svix"
    : "webhook";

/** What was wrong with the field, in a few words. */
export const fieldWords = ({ source, reason, newest, message }: Refusal): string => {
  switch (reason) {
    case "signature_mismatch":
      return newest.behindMs === null
        ? "differs"
        : Math.abs(newest.behindMs) < fineMs
          ? "differs, timestamp is fine"
          : `differs, timestamp ${offBy(newest.behindMs)}`;
    case "header_missing":
      return "missing";
    case "timestamp_outside":
      return newest.behindMs === null ? message : offBy(newest.behindMs);
    case "body_too_large":
      return newest.sizeBytes === null ? message : `${formatCount(newest.sizeBytes)} B${limitPart(source)}`;
    case "media_type":
      return newest.contentType ?? "missing";
    case "body_malformed":
      return newest.body === "form" ? "a form" : newest.body === "empty" ? "empty" : message;
    case "unknown_source":
      return "";
    default:
      return message;
  }
};

const restampedMs = 3_600_000;

const clockRemedy = ({ newest, addresses: [address = "the sender"] }: Refusal): string => {
  const { behindMs } = newest;
  if (behindMs === null) return "Set the sender's clock.";
  if (behindMs > restampedMs)
    return "Sign each retry with a new timestamp, or set the sender's clock: the timestamp is more than an hour old.";
  return `The clock of ${address} is ${formatSpan(Math.abs(behindMs))} ${behindMs < 0 ? "fast" : "slow"}. Set its clock.`;
};

const bodyRemedy = (refusal: Refusal): string => {
  if (refusal.newest.body === "form")
    return "The sender posts a form. Select application/json as its content type.";
  if (refusal.newest.body === "empty") return "Send the event as JSON; the body is empty.";
  return "Send JSON in UTF-8.";
};

/** What the sender, or who configures it, has to do. `slugs`: short names of the sources there are. */
export const remedyOf = (refusal: Refusal, slugs: readonly string[] | undefined): string => {
  const { source, reason, field } = refusal;
  const named = field === null ? "the header" : fieldName(field);
  switch (reason) {
    case "signature_mismatch":
      return source?.secretHint == null
        ? "The source has been deleted. Stop the sender."
        : source.publicKey !== null
          ? "The sender's private key does not belong to the public key of this source, or a proxy changes the body. Rotate to the sender's key."
          : `The sender's secret is not ···· ${source.secretHint}, or a proxy changes the body. Set the right secret there.`;
    case "token_mismatch":
      return source?.secretHint == null
        ? "The source has been deleted. Stop the sender."
        : `The sender's token is not ···· ${source.secretHint}. Set the right token there.`;
    case "address_not_allowed":
      return `Add ${refusal.addresses[0] ?? "the address"} to the addresses of this source, if you know it.`;
    case "header_missing":
      return named === "x-hub-signature-256"
        ? "Set this source's secret in the webhook at GitHub; without one it does not sign."
        : `Send ${named}. The sample shows a signed request.`;
    case "timestamp_outside":
      return clockRemedy(refusal);
    case "timestamp_malformed":
      return "Send Unix time in whole seconds, not milliseconds.";
    case "id_malformed":
      return `Send ${named} of 1 to 200 printable ASCII characters.`;
    case "event_type_malformed":
      return `Send ${named} as text of 1 to 200 printable ASCII characters.`;
    case "body_malformed":
      return bodyRemedy(refusal);
    case "body_too_large":
      return source?.maxBodyBytes === bodyLimit.maxBytes
        ? "25 MiB is the most a source can take. Leave large fields out, or send them by reference."
        : "Raise the limit of this source, up to 25 MiB, or leave large fields out.";
    case "media_type":
      return "Send content-type: application/json.";
    case "rate_limited":
      return "Resolve the other reasons of this source first. The address is accepted again 15 minutes after its first refused request.";
    case "unknown_source":
      return slugs === undefined
        ? "Check the path."
        : slugs.length === 0
          ? "There is no source yet. Create one, and use its intake URL."
          : `Check the path. Sources here: ${slugs.slice(0, 5).join(", ")}${slugs.length > 5 ? ` and ${slugs.length - 5} more` : ""}.`;
    default:
      return "See what was answered.";
  }
};

/** The share of the headline's total from which one row explains it. */
const explains = 0.5;

/** The row that explains most of all refused requests, if one does. */
export const mainCause = (items: readonly Refusal[], total: number): Refusal | undefined => {
  const [first] = items;
  return first !== undefined && items.length > 1 && first.count >= total * explains ? first : undefined;
};

export const refusalKey = ({ source, reason }: Refusal): string => `${source?.slug ?? "-"}:${reason}`;

const sampled: readonly RefusalReason[] = [
  "signature_mismatch",
  "token_mismatch",
  "header_missing",
  "timestamp_outside",
  "timestamp_malformed",
  "id_malformed",
  "event_type_malformed",
  "body_malformed",
  "media_type",
];

/** A shell script that posts a correctly signed event, where that shows what to do. */
export const sampleOf = (
  { source, reason, newest }: Refusal,
  addressOf: (path: string) => string,
): string | undefined => {
  if (source?.scheme == null || newest.path === null || !sampled.includes(reason)) return undefined;
  const { scheme, rules, publicKey } = source;
  return sampleRequest({ scheme, rules, publicKey }, addressOf(newest.path), namesOf(newest));
};

type Line = { name: string; text: string };

/** Lines of the newest request, as far as they are kept. */
export const arrivedLines = ({ newest }: Refusal): Line[] => {
  const kept = ["content-type", "content-length"];
  const size = newest.sizeBytes === null ? "size unknown" : `${formatCount(newest.sizeBytes)} B`;
  const body = newest.body === "unread" ? `${size}, not read` : `${size}, ${newest.body}`;
  const telling = newest.headers.filter(({ name }) => tellingHeader.test(name));
  const others = newest.headers.filter(({ name }) => !tellingHeader.test(name) && !kept.includes(name));
  return [
    ...telling.map(({ name, length }) => ({ name, text: lengthWords(name, length, newest.signature) })),
    { name: "content-type", text: newest.contentType ?? "missing" },
    { name: "body", text: body },
    ...(others.length > 0 ? [{ name: "also sent", text: others.map(({ name }) => name).join(", ") }] : []),
  ];
};

/** Headers of signatures and events, of any scheme. */
const tellingHeader = /^(webhook|svix)-|^x-(hub|github)-|signature|timestamp/;

const lengthWords = (name: string, length: number, signature: string | null): string =>
  signature !== null && /signature/.test(name)
    ? signature
    : `${formatCount(length)} ${length === 1 ? "character" : "characters"}`;

const timeLine = (name: string, toleranceMs: number): Line => ({
  name,
  text: `Unix time in seconds, ${formatSpan(toleranceMs)} allowed`,
});
const idText = "1 to 200 printable characters";

/** What a source expects, by its scheme. */
export const expectedLines = (refusal: Refusal, toleranceMs: number): Line[] => {
  const { source, reason } = refusal;
  if (source?.scheme == null)
    return [{ name: "path", text: "/hooks/ organization / short name of a source of this organization" }];
  const limit =
    reason === "body_too_large" && source.maxBodyBytes !== null
      ? [{ name: "body", text: `at most ${formatCount(source.maxBodyBytes)} B` }]
      : [];
  return [...limit, ...proofLines(refusal, source, toleranceMs)];
};

const hmacLines = (rules: SourceRules, secret: string, toleranceMs: number): Line[] => {
  const { signatureHeader, encoding, prefix, timestampHeader, idHeader, typeHeader } = rules;
  const signed = timestampHeader === null ? "the body" : `"time.body"`;
  const length = encoding === "hex" ? "64 characters" : "44 characters of base64";
  const start = prefix === "" ? "" : `${prefix} and `;
  return [
    { name: signatureHeader ?? "x-signature", text: `${start}HMAC-SHA256 of ${signed} ${secret}, ${length}` },
    ...(timestampHeader === null ? [] : [timeLine(timestampHeader, toleranceMs)]),
    ...(idHeader === null ? [] : [{ name: idHeader, text: idText }]),
    ...(typeHeader === null ? [] : [{ name: typeHeader, text: "name of the event" }]),
  ];
};

const standardLines = (refusal: Refusal, secret: string, toleranceMs: number): Line[] => {
  const names = namesOf(refusal.newest);
  const signature =
    refusal.source?.publicKey == null
      ? `v1, and HMAC-SHA256 of "id.timestamp.body" ${secret}, 44 characters`
      : `v1a, and the ed25519 signature of "id.timestamp.body" by the key of ${refusal.source.publicKey}`;
  return [
    { name: `${names}-id`, text: idText },
    timeLine(`${names}-timestamp`, toleranceMs),
    { name: `${names}-signature`, text: signature },
  ];
};

const proofLines = (
  refusal: Refusal,
  source: NonNullable<Refusal["source"]>,
  toleranceMs: number,
): Line[] => {
  const secret = `with ···· ${source.secretHint ?? ""}`;
  const mac = `HMAC-SHA256 of`;
  switch (source.scheme) {
    case null:
      return [];
    case "standard":
      return standardLines(refusal, secret, toleranceMs);
    case "github":
      return [
        { name: "x-hub-signature-256", text: `sha256= and ${mac} the body ${secret}, 64 characters` },
        { name: "x-github-delivery", text: idText },
        { name: "x-github-event", text: "name of the event" },
      ];
    case "stripe":
      return [
        { name: "stripe-signature", text: `t= Unix time, v1= ${mac} "time.body" ${secret}, 64 characters` },
        { name: "body", text: "JSON with id and type" },
      ];
    case "shopify":
      return [
        { name: "x-shopify-hmac-sha256", text: `${mac} the body ${secret}, 44 characters of base64` },
        { name: "x-shopify-webhook-id", text: idText },
        { name: "x-shopify-topic", text: "name of the event" },
      ];
    case "slack":
      return [
        timeLine("x-slack-request-timestamp", toleranceMs),
        { name: "x-slack-signature", text: `v0= and ${mac} "v0:time:body" ${secret}, 64 characters` },
      ];
    case "hmac":
      return source.rules === null ? [] : hmacLines(source.rules, secret, toleranceMs);
    case "bearer":
      return [{ name: "authorization", text: `Bearer and the token ···· ${source.secretHint ?? ""}` }];
    case "addresses":
      return [{ name: "address", text: "one of the addresses of this source" }];
  }
};
