import { randomUUID } from "node:crypto";
import type { SourceRules, SourceScheme } from "@wheelhouse/shared/webhooks/senders.ts";
import { refusedField } from "../refusal.ts";
import { type JsonField, jsonField } from "./json-field.ts";
import { isPublicKey, signStandard, verifyPublic } from "./signature.ts";
import {
  anyEqual,
  assertFresh,
  hashOf,
  hmac,
  optional,
  readTimestamp,
  rejected,
  type SignedRequest,
  single,
} from "./signed-request.ts";

/** What a source accepts: its secret, and during an overlap the former one. */
export type Proof = {
  secrets: readonly string[];
  rules: SourceRules;
  nowMs: number;
  toleranceMs: number;
};

/** `bodyHash` is empty unless the sender leaves the id unsigned, so that the id is valid only with the body. */
export type SentEvent = { eventId: string; bodyHash: string; eventType: string };
/** `challenge`: what Slack wants to read back when the address is entered there; it is no event. */
export type Arrival = SentEvent | { challenge: string };

type Sender = {
  /** @throws Refusal `unauthenticated` naming the header. */
  verify(request: SignedRequest, proof: Proof): void;
  /** Reads what was verified. @throws Refusal naming what cannot be read. */
  read(request: SignedRequest, proof: Proof): Arrival;
};

const maxChars = 200;
const printable = /^[\x20-\x7e]+$/;
const untyped = "unknown";
const fits = (text: string) => text.length > 0 && text.length <= maxChars && printable.test(text);

/** Ids end up in headers and keys, so only printable ASCII is allowed. */
function checkedId(id: string, field: string): string {
  if (!fits(id))
    throw refusedField(
      "id_malformed",
      "validation_failed",
      field,
      `must have 1 to ${maxChars} printable ASCII characters`,
    );
  return id;
}

function checkedType(field: JsonField, name: string): string {
  if (field === undefined) return untyped;
  if (field.kind !== "text" || !fits(field.text))
    throw refusedField(
      "event_type_malformed",
      "validation_failed",
      name,
      `must be text of 1 to ${maxChars} printable ASCII characters`,
    );
  return field.text;
}

const headerType = (request: SignedRequest, name: string) => {
  const text = optional(request, name);
  return checkedType(text === undefined ? undefined : { kind: "text", text }, `header.${name}`);
};

const bodyType = (body: Buffer) => checkedType(jsonField(body, ["type"]), "body.type");

function bodyId(body: Buffer, name: string): string {
  const field = jsonField(body, [name]);
  if (field?.kind === "text") return checkedId(field.text, `body.${name}`);
  throw field === undefined
    ? refusedField("body_malformed", "validation_failed", "body", `is no JSON with the field ${name}`)
    : refusedField("id_malformed", "validation_failed", `body.${name}`, "must be text");
}

const formType = "application/x-www-form-urlencoded";
const isForm = (request: SignedRequest) =>
  optional(request, "content-type")?.toLowerCase().startsWith(formType) === true;

/** The fields of a form; undefined for another media type. */
const formOf = (request: SignedRequest) =>
  isForm(request) ? new URLSearchParams(request.body.toString("utf8")) : undefined;

/** The JSON of a request, also when a form carries it in its field `payload`. */
function jsonOf(request: SignedRequest): Buffer {
  const payload = formOf(request)?.get("payload");
  return payload == null ? request.body : Buffer.from(payload);
}

function assertSigned(header: string, sent: readonly string[], expected: readonly string[]) {
  if (!anyEqual(sent, expected))
    throw rejected("signature_mismatch", `header.${header}`, "does not match the secret of this source");
}

/** Svix sends the same signature under names of its own. */
const standardNames = (request: SignedRequest) =>
  ["id", "timestamp", "signature"].some((part) => optional(request, `webhook-${part}`) !== undefined) ||
  optional(request, "svix-signature") === undefined
    ? "webhook"
    : "svix";

const standard: Sender = {
  verify(request, { secrets, nowMs, toleranceMs }) {
    const names = standardNames(request);
    const id = single(request, `${names}-id`);
    const timestamp = single(request, `${names}-timestamp`);
    const sent = single(request, `${names}-signature`).split(" ");
    const field = `header.${names}-timestamp`;
    const atMs = readTimestamp(timestamp, field);
    const symmetric = secrets.filter((secret) => !isPublicKey(secret));
    const isSigned = anyEqual(
      sent,
      symmetric.map((secret) => signStandard(secret, id, timestamp, request.body)),
    );
    const keys = secrets.filter(isPublicKey);
    const signed =
      keys.length === 0 ? request.body : Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]);
    if (!isSigned && !keys.some((key) => sent.slice(0, 10).some((one) => verifyPublic(key, one, signed))))
      throw rejected(
        "signature_mismatch",
        `header.${names}-signature`,
        "no signature matches the secret of this source",
      );
    assertFresh(atMs, nowMs, toleranceMs, field);
  },
  read(request) {
    const header = `${standardNames(request)}-id`;
    return {
      eventId: checkedId(single(request, header), `header.${header}`),
      bodyHash: "",
      eventType: bodyType(request.body),
    };
  },
};

const github: Sender = {
  verify(request, { secrets }) {
    const header = "x-hub-signature-256";
    assertSigned(
      header,
      [single(request, header)],
      secrets.map((secret) => `sha256=${hmac(secret, request.body).digest("hex")}`),
    );
    single(request, "x-github-delivery");
  },
  read(request) {
    const event = optional(request, "x-github-event");
    if (event === undefined || !fits(event))
      throw refusedField(
        event === undefined ? "header_missing" : "event_type_malformed",
        "validation_failed",
        "header.x-github-event",
        "must name the event",
      );
    const action = jsonField(jsonOf(request), ["action"]);
    const isActed = action?.kind === "text" && action.text.length <= 100 && printable.test(action.text);
    return {
      eventId: checkedId(single(request, "x-github-delivery"), "header.x-github-delivery"),
      bodyHash: hashOf(request.body),
      eventType: isActed ? `${event}.${action.text}` : event,
    };
  },
};

const stripe: Sender = {
  verify(request, { secrets, nowMs, toleranceMs }) {
    const header = "stripe-signature";
    const parts = single(request, header)
      .split(",")
      .map((part) => part.trim().split("=", 2));
    const timestamp = parts.find(([name]) => name === "t")?.[1] ?? "";
    const atMs = readTimestamp(timestamp, `header.${header}`);
    assertSigned(
      header,
      parts.flatMap(([name, value]) => (name === "v1" && value !== undefined ? [value] : [])),
      secrets.map((secret) => hmac(secret, `${timestamp}.`, request.body).digest("hex")),
    );
    assertFresh(atMs, nowMs, toleranceMs, `header.${header}`);
  },
  read: ({ body }) => ({ eventId: bodyId(body, "id"), bodyHash: "", eventType: bodyType(body) }),
};

const shopify: Sender = {
  verify(request, { secrets }) {
    const header = "x-shopify-hmac-sha256";
    assertSigned(
      header,
      [single(request, header)],
      secrets.map((secret) => hmac(secret, request.body).digest("base64")),
    );
    single(request, "x-shopify-webhook-id");
  },
  read: (request) => ({
    eventId: checkedId(single(request, "x-shopify-webhook-id"), "header.x-shopify-webhook-id"),
    bodyHash: hashOf(request.body),
    eventType: headerType(request, "x-shopify-topic"),
  }),
};

const slack: Sender = {
  verify(request, { secrets, nowMs, toleranceMs }) {
    const timestamp = single(request, "x-slack-request-timestamp");
    const header = "x-slack-signature";
    const sent = single(request, header);
    const field = "header.x-slack-request-timestamp";
    const atMs = readTimestamp(timestamp, field);
    assertSigned(
      header,
      [sent],
      secrets.map((secret) => `v0=${hmac(secret, `v0:${timestamp}:`, request.body).digest("hex")}`),
    );
    assertFresh(atMs, nowMs, toleranceMs, field);
  },
  read(request) {
    const form = formOf(request);
    // Commands and clicks have no id, and Slack does not repeat them.
    if (form)
      return {
        eventId: hashOf(request.body),
        bodyHash: "",
        eventType: form.has("payload")
          ? bodyType(jsonOf(request))
          : form.has("command")
            ? "slash_command"
            : untyped,
      };
    const { body } = request;
    const type = bodyType(body);
    if (type === "url_verification") {
      const challenge = jsonField(body, ["challenge"]);
      if (challenge?.kind !== "text")
        throw refusedField("body_malformed", "validation_failed", "body.challenge", "must be text");
      return { challenge: challenge.text };
    }
    return {
      eventId: bodyId(body, "event_id"),
      bodyHash: "",
      eventType:
        type === "event_callback" ? checkedType(jsonField(body, ["event", "type"]), "body.event.type") : type,
    };
  },
};

/** A sender known only by the rules of its source. */
const readByRules: Sender["read"] = (request, { rules: { idHeader, typeHeader } }) => ({
  // Equal bodies may well be two events, so without an id each request is one.
  eventId: idHeader === null ? randomUUID() : checkedId(single(request, idHeader), `header.${idHeader}`),
  bodyHash: idHeader === null ? "" : hashOf(request.body),
  eventType: typeHeader === null ? bodyType(request.body) : headerType(request, typeHeader),
});

const named: Sender = {
  verify(request, { secrets, rules, nowMs, toleranceMs }) {
    const { signatureHeader, encoding, prefix, timestampHeader } = rules;
    const header = signatureHeader ?? "x-signature";
    const sent = single(request, header);
    const timestamp = timestampHeader === null ? undefined : single(request, timestampHeader);
    const atMs = timestamp === undefined ? nowMs : readTimestamp(timestamp, `header.${timestampHeader}`);
    const signed = timestamp === undefined ? [request.body] : [`${timestamp}.`, request.body];
    const plain =
      encoding === "hex" && sent.startsWith(prefix) ? prefix + sent.slice(prefix.length).toLowerCase() : sent;
    assertSigned(
      header,
      [plain],
      secrets.map((secret) => prefix + hmac(secret, ...signed).digest(encoding)),
    );
    assertFresh(atMs, nowMs, toleranceMs, `header.${timestampHeader}`);
  },
  read: readByRules,
};

const bearer: Sender = {
  verify(request, { secrets }) {
    const sent = single(request, "authorization");
    const token = /^bearer +(.+)$/i.exec(sent)?.[1] ?? "";
    if (!anyEqual([token], secrets))
      throw rejected("token_mismatch", "header.authorization", "is not the bearer token of this source");
  },
  read: readByRules,
};

const senders: Record<SourceScheme, Sender> = {
  standard,
  github,
  stripe,
  shopify,
  slack,
  hmac: named,
  bearer,
  // The address has been checked before.
  addresses: { verify: () => {}, read: readByRules },
};

/**
 * Verifies a request as its sender signs it, in constant time.
 * @throws Refusal `unauthenticated` naming the header.
 */
export const verifyRequest = (scheme: SourceScheme, request: SignedRequest, proof: Proof): void =>
  senders[scheme].verify(request, proof);

/**
 * Reads a verified request: the sender's id, and its type, `unknown` if it has none.
 * @throws Refusal naming what cannot be read.
 */
export const readRequest = (scheme: SourceScheme, request: SignedRequest, proof: Proof): Arrival =>
  senders[scheme].read(request, proof);
