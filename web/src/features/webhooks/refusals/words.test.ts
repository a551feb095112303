import type { Refusal } from "@wheelhouse/shared/webhooks/refusals.ts";
import { sourceRules } from "@wheelhouse/shared/webhooks/senders.ts";
import { describe, expect, it } from "vitest";
import { expectedLines, fieldWords, remedyOf, sampleOf } from "./words.ts";

type Source = NonNullable<Refusal["source"]>;

const refused = (source: Partial<Source>, rest: Partial<Refusal> = {}, headers: string[] = []): Refusal => ({
  source: {
    slug: "shop",
    name: "Shop",
    scheme: "standard",
    secretHint: "aB3d",
    rules: sourceRules.parse({}),
    publicKey: null,
    maxBodyBytes: 1_048_576,
    ...source,
  },
  reason: "signature_mismatch",
  status: 401,
  count: 1,
  firstAt: "2026-11-19T05:39:58.772Z",
  lastAt: "2026-11-19T05:39:58.772Z",
  addresses: ["10.20.7.31"],
  lastRequestId: "req_1",
  field: null,
  message: "differs",
  newest: {
    path: "/hooks/northwind/shop",
    contentType: "application/json",
    sizeBytes: 1_944,
    body: "json",
    headers: headers.map((name) => ({ name, length: 10 })),
    signature: null,
    behindMs: null,
  },
  ...rest,
});
const names = (row: Refusal) => expectedLines(row, 300_000).map(({ name }) => name);
const at = (path: string) => `https://console.example/base${path}`;

describe("a refused request", () => {
  it("of a sender with svix headers is explained under their names", () => {
    const row = refused({}, {}, ["svix-id", "svix-timestamp", "svix-signature"]);
    expect(names(row)).toEqual(["svix-id", "svix-timestamp", "svix-signature"]);
    expect(sampleOf(row, at)).toContain("svix-signature: v1,");
    expect(sampleOf(row, at)).not.toContain("webhook-");
    expect(names(refused({}, {}, ["webhook-id"]))[0]).toBe("webhook-id");
  });

  it("of an HMAC source has a sample and lines by the rules of that source", () => {
    const rules = sourceRules.parse({
      signatureHeader: "x-acme-signature",
      encoding: "base64",
      timestampHeader: "x-acme-time",
    });
    const row = refused({ scheme: "hmac", rules });
    expect(sampleOf(row, at)).toContain("x-acme-signature: $sig");
    expect(names(row)).toEqual(["x-acme-signature", "x-acme-time"]);
    expect(expectedLines(row, 300_000)[0]?.text).toContain("44 characters of base64");
  });

  it("of a source with a public key asks for the private one, never for a shared secret", () => {
    const row = refused({ publicKey: "whpk_abc" });
    expect(expectedLines(row, 300_000).at(-1)?.text).toContain("whpk_abc");
    expect(sampleOf(row, at)).toContain("openssl pkeyutl -sign");
    expect(sampleOf(row, at)).not.toContain("-hmac");
    expect(remedyOf(row, [])).toContain("private key");
  });

  it("over the limit names the limit of its source", () => {
    const row = refused({ maxBodyBytes: 5_242_880 }, { reason: "body_too_large", status: 413 });
    expect(fieldWords(row)).toBe("1,944 B, limit 5,242,880 B");
    expect(expectedLines(row, 300_000)[0]).toEqual({ name: "body", text: "at most 5,242,880 B" });
  });

  it("has a sample with the whole public address of its source", () => {
    expect(sampleOf(refused({}), at)).toContain("'https://console.example/base/hooks/northwind/shop'");
  });
});
