import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { expect, test } from "vitest";
import { assertSecret, assertSigningSecret, makeSecret, signStandard } from "./signature.ts";

test.each([
  ["standardwebhooks", "webhook", (secret: string) => new Webhook(secret)],
  ["svix", "webhook", (secret: string) => new SvixWebhook(secret)],
  ["svix", "svix", (secret: string) => new SvixWebhook(secret)],
] as const)("the library %s verifies what we sign, with headers of %s", (_, names, library) => {
  const secret = makeSecret();
  const body = '{"type":"a.b","ü":"☃"}';
  const nowSeconds = Math.floor(Date.now() / 1000);
  const headers = {
    [`${names}-id`]: "msg_1",
    [`${names}-timestamp`]: String(nowSeconds),
    [`${names}-signature`]: signStandard(secret, "msg_1", nowSeconds, Buffer.from(body)),
  };
  expect(() => library(secret).verify(body, headers)).not.toThrow();
  expect(() => library(secret).verify(`${body} `, headers)).toThrow();
});

test.each([
  ["standard", "whsec_dG9vIHNob3J0"],
  ["standard", "dG9vIHNob3J0dG9vIHNob3J0dG9vIHNob3J0"],
  ["standard", `whsec_${"!".repeat(40)}`],
  ["standard", "whpk_dG9vIHNob3J0"],
  ["github", "short"],
  ["bearer", "only15character"],
  ["slack", " spaces around "],
] as const)("a %s secret such as %s is refused", (scheme, secret) => {
  expect(() => assertSecret(scheme, secret, "body.secret")).toThrow(/body\.secret/);
});

test("deliveries are never signed with a public key", () => {
  const key = `whpk_${Buffer.alloc(32, 1).toString("base64")}`;
  expect(() => assertSecret("standard", key, "body.secret")).not.toThrow();
  expect(() => assertSigningSecret(key, "body.secret")).toThrow(/body\.secret/);
});
