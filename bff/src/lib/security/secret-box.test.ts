import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createSecretBox } from "./secret-box.ts";

const key = randomBytes(32).toString("base64");

test("a sealed secret opens for its purpose only, and sealing it twice gives different bytes", () => {
  const box = createSecretBox(key);
  const sealed = box.seal("whsec_ü", "source:1");
  expect(box.open(sealed, "source:1")).toBe("whsec_ü");
  expect(() => box.open(sealed, "source:2")).toThrow();
  expect(box.seal("whsec_ü", "source:1").equals(sealed)).toBe(false);
  expect(sealed.includes("whsec")).toBe(false);
});

test("altered bytes, another key and a short key are refused", () => {
  const box = createSecretBox(key);
  const sealed = box.seal("secret", "p");
  sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
  expect(() => box.open(sealed, "p")).toThrow();
  expect(() => box.open(Buffer.from("nonsense"), "p")).toThrow();
  const other = createSecretBox(randomBytes(32).toString("base64"));
  expect(() => other.open(box.seal("secret", "p"), "p")).toThrow();
  expect(() => createSecretBox(randomBytes(16).toString("base64"))).toThrow(/32 bytes/);
});
