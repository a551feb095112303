import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { assertSecret, makeSecret, signStandard, verifySignature } from "./signature.ts";

const toleranceMs = 300_000;
const body = Buffer.from('{"type":"a.b","ü":"☃"}');

function standardHeaders(secret: string, atMs: number) {
  const at = new Date(atMs);
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(atMs / 1000)),
    "webhook-signature": new Webhook(secret).sign("msg_1", at, body.toString()),
  };
}

describe("Standard Webhooks", () => {
  const secret = makeSecret();

  test("the reference library verifies what we sign", () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(nowSeconds),
      "webhook-signature": signStandard(secret, "msg_1", nowSeconds, body),
    };
    expect(() => new Webhook(secret).verify(body.toString(), headers)).not.toThrow();
  });

  test("we verify what the reference library signs, also as one of several signatures", () => {
    const nowMs = Date.now();
    const headers = standardHeaders(secret, nowMs);
    const several = { ...headers, "webhook-signature": `v1,AAAA v1a,BBBB ${headers["webhook-signature"]}` };
    for (const sent of [headers, several])
      expect(verifySignature("standard", secret, { headers: sent, body }, nowMs, toleranceMs)).toEqual({
        eventId: "msg_1",
        bodyHash: "",
      });
  });

  test.each([
    ["another secret", {}, makeSecret(), 0, /header\.webhook-signature/],
    ["a changed id", { "webhook-id": "msg_2" }, undefined, 0, /header\.webhook-signature/],
    ["a missing id", { "webhook-id": undefined }, undefined, 0, /header\.webhook-id/],
    ["a time that is no number", { "webhook-timestamp": "now" }, undefined, 0, /header\.webhook-timestamp/],
    ["a time 6 minutes old", {}, undefined, 360_000, /header\.webhook-timestamp/],
    ["a time 6 minutes ahead", {}, undefined, -360_000, /header\.webhook-timestamp/],
    ["an empty signature", { "webhook-signature": "" }, undefined, 0, /header\.webhook-signature/],
  ])("rejects %s and names the header", (_, changed, otherSecret, laterMs, message) => {
    const nowMs = Date.now();
    const headers = { ...standardHeaders(secret, nowMs), ...changed };
    expect(() =>
      verifySignature("standard", otherSecret ?? secret, { headers, body }, nowMs + laterMs, toleranceMs),
    ).toThrow(message);
  });
});

describe("GitHub", () => {
  const secret = "a shared secret";
  const sign = (bytes: Buffer) => `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`;
  const verify = (headers: Record<string, string>) =>
    verifySignature("github", secret, { headers, body }, Date.now(), toleranceMs);

  test("verifies its signature, and its unsigned id is valid only with the body's hash", () => {
    const verified = verify({ "x-hub-signature-256": sign(body), "x-github-delivery": "guid" });
    expect(verified).toMatchObject({ eventId: "guid", bodyHash: expect.stringMatching(/^[\w-]{43}$/) });
  });

  test("rejects a signature of another body, and a missing one", () => {
    expect(() =>
      verify({ "x-hub-signature-256": sign(Buffer.from("{}")), "x-github-delivery": "g" }),
    ).toThrow(/x-hub-signature-256/);
    expect(() => verify({ "x-github-delivery": "g" })).toThrow(/x-hub-signature-256: is missing/);
  });
});

test.each([
  ["standard", "whsec_dG9vIHNob3J0"],
  ["standard", "dG9vIHNob3J0dG9vIHNob3J0dG9vIHNob3J0"],
  ["standard", `whsec_${"!".repeat(40)}`],
  ["github", "short"],
] as const)("a %s secret such as %s is refused", (scheme, secret) => {
  expect(() => assertSecret(scheme, secret, "body.secret")).toThrow(/body\.secret/);
});
