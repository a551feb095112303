import { expect, test } from "vitest";
import { redact, redactHeaders, redactText } from "./redaction.ts";

test.each([
  ['{"n":"4242 4242 4242 4242"}', '{"n":"[card ···· 4242]"}'],
  ['{"n":"4242-4242-4242-4242"}', '{"n":"[card ···· 4242]"}'],
  ['{"n":378282246310005}', '{"n":"[card ···· 0005]"}'],
  ['{"n": 5555555555554444, "m":1}', '{"n": "[card ···· 4444]", "m":1}'],
  ["pan=6011111111111117&x=1", "pan=[card ···· 1117]&x=1"],
])("a card number is replaced, and JSON stays JSON: %s", (text, shown) => {
  expect(redact(text)).toEqual({ text: shown, redacted: ["card number"] });
});

test.each([
  ["fails Luhn", '{"n":"4242424242424241"}'],
  ["no card begins so", '{"id":820982911946154508}'],
  ["part of an id", '{"id":"ch_4242424242424242"}'],
  ["a time in milliseconds", '{"at":1795957172000}'],
])("other digits stay: %s", (_, text) => {
  expect(redact(text)).toEqual({ text, redacted: [] });
});

test("an e-mail address keeps its first letter and its domain", () => {
  expect(redactText("to: jane.doe+x@mail.example.com, Ö@x")).toBe("to: j···@mail.example.com, Ö@x");
});

test("values of sensitive fields and tokens are replaced in JSON, forms and texts", () => {
  expect(redact('{"api_key":"abc","x":"Bearer abcdefgh1"}&password=hunter2')).toEqual({
    text: '{"api_key":"[redacted]","x":"Bearer [redacted]"}&password=[redacted]',
    redacted: ["secret field", "token"],
  });
});

test("headers that authorize are replaced at capture, others only where they hold personal data", () => {
  expect(
    redactHeaders({
      authorization: "Bearer abc",
      "x-shop": "northwind",
      "x-customer": "jane@example.com",
      "stripe-signature": "t=1,v1=2",
    }),
  ).toEqual({
    authorization: "[redacted]",
    "x-shop": "northwind",
    "x-customer": "j···@example.com",
    "stripe-signature": "[redacted]",
  });
});

test("64 KiB of anything are redacted within a second", () => {
  for (const unit of ["a.", "4242 ", '"password":"', "a@", "1", "x@y."]) {
    const text = unit.repeat(Math.ceil((64 * 1024) / unit.length));
    const startedMs = performance.now();
    redact(text);
    expect({ unit, ms: performance.now() - startedMs }).toMatchObject({
      ms: expect.toSatisfy((ms: number) => ms < 1_000),
    });
  }
});
