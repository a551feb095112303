import { generateKeyPairSync, sign } from "node:crypto";
import { type SourceScheme, sourceRules } from "@wheelhouse/shared/webhooks/senders.ts";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import { Refusal } from "../refusal.ts";
import { readRequest, verifyRequest } from "./senders.ts";
import { makeSecret } from "./signature.ts";

const toleranceMs = 300_000;

type Sent = {
  scheme: SourceScheme;
  secret: string | readonly string[];
  headers: Record<string, string | undefined>;
  body: string | Buffer;
  atMs?: number;
  rules?: Parameters<typeof sourceRules.parse>[0];
};

function arrive({ scheme, secret, headers, body, atMs = Date.now(), rules = {} }: Sent) {
  const request = { headers, body: Buffer.from(body) };
  const secrets = typeof secret === "string" ? [secret] : secret;
  const proof = { secrets, rules: sourceRules.parse(rules), nowMs: atMs, toleranceMs };
  verifyRequest(scheme, request, proof);
  return readRequest(scheme, request, proof);
}

function refusalOf(sent: Sent) {
  try {
    arrive(sent);
  } catch (error) {
    if (error instanceof Refusal) return { reason: error.reason, field: error.details?.[0]?.field };
    throw error;
  }
  return "accepted";
}

// From the tests of Svix's server and the documentation of Standard Webhooks.
const svixHeaders = (names: string, signature: string) => ({
  [`${names}-id`]: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  [`${names}-timestamp`]: "1614265330",
  [`${names}-signature`]: signature,
});
const svixBody = '{"test": 2432232314}';
const svixSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const svixSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const svixKeyPair = Buffer.from(
  "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
  "base64",
);
const svixPublic = `whpk_${svixKeyPair.subarray(32).toString("base64")}`;
const svixAsymmetric =
  "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
// From https://docs.slack.dev/authentication/verifying-requests-from-slack
const slackBody =
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const form = "application/x-www-form-urlencoded";

const vectors: readonly (readonly [string, Sent, object])[] = [
  [
    "Standard Webhooks",
    {
      scheme: "standard",
      secret: svixSecret,
      headers: svixHeaders("webhook", svixSignature),
      body: svixBody,
    },
    { eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek", bodyHash: "", eventType: "unknown" },
  ],
  [
    "Standard Webhooks with headers of Svix",
    { scheme: "standard", secret: svixSecret, headers: svixHeaders("svix", svixSignature), body: svixBody },
    { eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek" },
  ],
  [
    "Standard Webhooks with several signatures",
    {
      scheme: "standard",
      secret: svixSecret,
      headers: svixHeaders("webhook", `v1,bm9wZQ== ${svixAsymmetric} v2,AAAA ${svixSignature}`),
      body: svixBody,
    },
    { eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek" },
  ],
  [
    "Standard Webhooks with ed25519",
    {
      scheme: "standard",
      secret: svixPublic,
      headers: svixHeaders("webhook", `${svixSignature} ${svixAsymmetric}`),
      body: svixBody,
    },
    { eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek" },
  ],
  [
    // From https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    "GitHub",
    {
      scheme: "github",
      secret: "It's a Secret to Everybody",
      headers: {
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-github-event": "push",
      },
      body: "Hello, World!",
    },
    {
      eventId: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      eventType: "push",
      bodyHash: expect.stringMatching(/^[\w-]{43}$/),
    },
  ],
  [
    // Shopify publishes no secret with its example; this one is from the documentation of SQLPage.
    "Shopify",
    {
      scheme: "shopify",
      secret: "test-webhook-secret",
      headers: {
        "x-shopify-hmac-sha256": "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw=",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-topic": "orders/create",
      },
      body: '{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}',
    },
    { eventId: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", eventType: "orders/create" },
  ],
  [
    "Slack",
    {
      scheme: "slack",
      secret: "8f742231b10e8888abcd99yyyzzz85a5",
      headers: {
        "content-type": form,
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      },
      body: slackBody,
      atMs: 1_531_420_618_000,
    },
    { eventType: "slash_command", eventId: expect.stringMatching(/^[\w-]{43}$/) },
  ],
  [
    // RFC 4231, test case 2.
    "HMAC of a named header in hex",
    {
      scheme: "hmac",
      secret: "Jefe",
      rules: { signatureHeader: "X-Signature", prefix: "sha256=", idHeader: "x-id", typeHeader: "x-type" },
      headers: {
        "x-signature": "sha256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
        "x-id": "7",
        "x-type": "order.paid",
      },
      body: "what do ya want for nothing?",
    },
    { eventId: "7", eventType: "order.paid" },
  ],
  [
    "HMAC of a named header in base64",
    {
      scheme: "hmac",
      secret: "Jefe",
      rules: { signatureHeader: "x-signature", encoding: "base64" },
      headers: { "x-signature": "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=" },
      body: "what do ya want for nothing?",
    },
    { eventType: "unknown", bodyHash: "" },
  ],
];

test.each(vectors)("a published vector is accepted: %s", (_, sent, expected) => {
  expect(arrive({ atMs: 1_614_265_330_000, ...sent })).toMatchObject(expected);
});

test.each(vectors)("one changed byte of the body is refused: %s", (_, sent) => {
  const body = Buffer.from(sent.body);
  body[3] = (body[3] ?? 0) ^ 1;
  expect(refusalOf({ atMs: 1_614_265_330_000, ...sent, body })).toMatchObject({
    reason: "signature_mismatch",
  });
});

test.each(vectors)("a vector is accepted with the former secret beside the new one: %s", (_, sent) => {
  const secret = ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", String(sent.secret)];
  expect(refusalOf({ atMs: 1_614_265_330_000, ...sent, secret })).toBe("accepted");
});

describe("libraries of the senders", () => {
  const body = '{"id":"evt_1","object":"event","type":"invoice.paid"}';

  test("Stripe's own library signs what is accepted, also with two secrets of its own", () => {
    const secret = "whsec_test_secret";
    const header = Stripe.webhooks.generateTestHeaderString({ payload: body, secret });
    const sent: Sent = { scheme: "stripe", secret, headers: { "stripe-signature": header }, body };
    expect(arrive(sent)).toEqual({ eventId: "evt_1", bodyHash: "", eventType: "invoice.paid" });
    const two = `${header.replace(/v1=/, `v1=${"0".repeat(64)},v1=`)},v0=${"1".repeat(64)}`;
    expect(refusalOf({ ...sent, headers: { "stripe-signature": two } })).toBe("accepted");
    const old = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: 1_492_774_577 });
    expect(refusalOf({ ...sent, headers: { "stripe-signature": old } })).toEqual({
      reason: "timestamp_outside",
      field: "header.stripe-signature",
    });
  });

  test.each([
    ["standardwebhooks", (secret: string, at: Date) => new Webhook(secret).sign("msg_1", at, body)],
    ["svix", (secret: string, at: Date) => new SvixWebhook(secret).sign("msg_1", at, body)],
  ])("what %s signs is accepted", (_, signature) => {
    const secret = makeSecret();
    const at = new Date();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": signature(secret, at),
    };
    expect(arrive({ scheme: "standard", secret, headers, body })).toMatchObject({
      eventType: "invoice.paid",
    });
  });

  test("a key pair of Node's signs v1a, and another key's signature is refused", () => {
    const at = String(Math.floor(Date.now() / 1000));
    const [own, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
    const raw = own.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    const sent = (key: typeof own.privateKey): Sent => ({
      scheme: "standard",
      secret: `whpk_${raw.toString("base64")}`,
      headers: {
        "svix-id": "msg_1",
        "svix-timestamp": at,
        "svix-signature": `v1a,${sign(null, Buffer.from(`msg_1.${at}.${body}`), key).toString("base64")}`,
      },
      body,
    });
    expect(refusalOf(sent(own.privateKey))).toBe("accepted");
    expect(refusalOf(sent(other.privateKey))).toEqual({
      reason: "signature_mismatch",
      field: "header.svix-signature",
    });
  });
});

describe("a refusal names the reason and the header that was wrong", () => {
  const of = (name: string): Sent => {
    const [, sent] = vectors.find(([title]) => title === name) ?? [];
    if (!sent) throw new Error(`no vector ${name}`);
    return { atMs: 1_614_265_330_000, ...sent };
  };
  test.each([
    ["Standard Webhooks", { "webhook-id": undefined }, 0, "header_missing", "header.webhook-id"],
    ["Standard Webhooks", { "webhook-id": "msg_2" }, 0, "signature_mismatch", "header.webhook-signature"],
    [
      "Standard Webhooks",
      { "webhook-timestamp": "now" },
      0,
      "timestamp_malformed",
      "header.webhook-timestamp",
    ],
    ["Standard Webhooks", {}, 360_000, "timestamp_outside", "header.webhook-timestamp"],
    ["Standard Webhooks", {}, -360_000, "timestamp_outside", "header.webhook-timestamp"],
    [
      "Standard Webhooks with headers of Svix",
      { "svix-id": undefined },
      0,
      "header_missing",
      "header.svix-id",
    ],
    [
      "Standard Webhooks with ed25519",
      { "webhook-signature": svixSignature },
      0,
      "signature_mismatch",
      "header.webhook-signature",
    ],
    ["GitHub", { "x-hub-signature-256": undefined }, 0, "header_missing", "header.x-hub-signature-256"],
    ["GitHub", { "x-github-delivery": undefined }, 0, "header_missing", "header.x-github-delivery"],
    ["GitHub", { "x-github-event": undefined }, 0, "header_missing", "header.x-github-event"],
    ["GitHub", { "x-github-event": "a\nb" }, 0, "event_type_malformed", "header.x-github-event"],
    ["Shopify", { "x-shopify-hmac-sha256": "AAAA" }, 0, "signature_mismatch", "header.x-shopify-hmac-sha256"],
    ["Shopify", { "x-shopify-webhook-id": undefined }, 0, "header_missing", "header.x-shopify-webhook-id"],
    ["Slack", { "x-slack-signature": undefined }, 0, "header_missing", "header.x-slack-signature"],
    ["Slack", {}, 360_000, "timestamp_outside", "header.x-slack-request-timestamp"],
    ["HMAC of a named header in hex", { "x-id": undefined }, 0, "header_missing", "header.x-id"],
    [
      "HMAC of a named header in base64",
      { "x-signature": undefined },
      0,
      "header_missing",
      "header.x-signature",
    ],
  ])("%s with %o, %d ms later: %s", (name, changed, laterMs, reason, field) => {
    const sent = of(name);
    const headers = { ...sent.headers, ...changed };
    expect(refusalOf({ ...sent, headers, atMs: (sent.atMs ?? 0) + laterMs })).toEqual({ reason, field });
  });

  test.each([
    ["Bearer wrong-token-0123456789", "token_mismatch"],
    ["Basic right-token-0123456789", "token_mismatch"],
    [undefined, "header_missing"],
    ["Bearer right-token-0123456789", "accepted"],
  ])("a bearer token: %s", (authorization, reason) => {
    const refusal = refusalOf({
      scheme: "bearer",
      secret: "right-token-0123456789",
      headers: { authorization },
      body: "{}",
    });
    expect(refusal).toEqual(reason === "accepted" ? reason : { reason, field: "header.authorization" });
  });
});
