import { sourceRedaction } from "@wheelhouse/shared/webhooks/senders.ts";
import { expect, test } from "vitest";
import { maskFields, maskPatterns } from "./masking.ts";

test.each([
  ["a path", ["data.name"], '{"data":{"name":"Jane","n":1}}', '{"data":{"name":"[redacted]","n":1}}'],
  [
    "elements of lists",
    ["items.sku"],
    '{"items":[{"sku":1},{"sku":2}]}',
    '{"items":[{"sku":"[redacted]"},{"sku":"[redacted]"}]}',
  ],
  [
    "one name",
    ["*.iban"],
    '{"a":{"iban":"x"},"b":{"c":{"iban":"y"}}}',
    '{"a":{"iban":"[redacted]"},"b":{"c":{"iban":"y"}}}',
  ],
  [
    "any depth",
    ["**.phone"],
    '{"phone":1,"a":[{"b":{"phone":{"deep":[1]}}}]}',
    '{"phone":"[redacted]","a":[{"b":{"phone":"[redacted]"}}]}',
  ],
  ["an escaped name", ["näme"], '{"n\\u00e4me":"x"}', '{"n\\u00e4me":"[redacted]"}'],
  ["a text that is cut off", ["name"], '{"name":"Ja', '{"name":"[redacted]"'],
  ["an object that is cut off", ["who"], '{"who":{"name":"Ja', '{"who":"[redacted]"'],
  ["both of two equal names", ["n"], '{"n":1,"n":2}', '{"n":"[redacted]","n":"[redacted]"}'],
  ["a form", ["user_name"], "a=1&user%5Fname=Jane&b=2", "a=1&user%5Fname=[redacted]&b=2"],
])("fields are replaced by path: %s", (_, paths, text, shown) => {
  expect(maskFields(text, paths)).toBe(shown);
});

test("what stands in a text is no field", () => {
  const text = '{"note":"{\\"name\\":\\"x\\"}","other":"name"}';
  expect(maskFields(text, ["name", "**.name"])).toBe(text);
});

test("patterns replace what they match, and JSON stays JSON", () => {
  expect(maskPatterns('{"id":"CUST-1234-x","n":12345678}', ["CUST-####", "########"])).toBe(
    '{"id":"[redacted]-x","n":"[redacted]"}',
  );
  expect(maskPatterns("sku.a-b.c (x)", ["sku*"])).toBe("[redacted] (x)");
  expect(maskPatterns("a+b", ["a+b"])).toBe("[redacted]");
});

test("64 KiB of anything are masked within a second, by as many rules as there may be", () => {
  const patterns = Array.from({ length: 10 }, (_, n) => `${"?".repeat(20)}*aaa${n}`);
  const fields = Array.from({ length: 50 }, (_, n) => `**.${"*.".repeat(10)}x${n}`);
  expect(sourceRedaction.parse({ patterns, fields })).toMatchObject({ emails: true, cards: true });
  for (const unit of ["a", "a1.", '{"a":', "[", '{"a":1},', '"a":"']) {
    const text = unit.repeat(Math.ceil((64 * 1024) / unit.length));
    const startedMs = performance.now();
    maskPatterns(maskFields(`{"a":${text}`, fields), patterns);
    expect({ unit, ms: performance.now() - startedMs }).toMatchObject({
      ms: expect.toSatisfy((ms: number) => ms < 1_000),
    });
  }
});

test("a pattern that would hide everything is refused, a path that does is not", () => {
  for (const patterns of [["***a"], ["*???"], ["??*a"]])
    expect(sourceRedaction.safeParse({ patterns }).success).toBe(false);
  expect(sourceRedaction.safeParse({ fields: ["a.**.b"] }).success).toBe(false);
  expect(sourceRedaction.safeParse({ fields: ["**"] }).success).toBe(true);
});
