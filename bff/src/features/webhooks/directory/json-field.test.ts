import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonField } from "./json-field.ts";

test.each([
  ['{"type":"a.b"}', ["type"], { kind: "text", text: "a.b" }],
  [' { "x" : {"type":"no"} , "type" : "yes" } ', ["type"], { kind: "text", text: "yes" }],
  ['{"a":"\\"}","b":[{"type":"no"},"]"],"type":"\\u00fc\\n"}', ["type"], { kind: "text", text: "ü\n" }],
  ['{"event":{"x":1,"type":"deep"},"type":"outer"}', ["event", "type"], { kind: "text", text: "deep" }],
  ['{"type":5}', ["type"], { kind: "other" }],
  [`{"type":"${"x".repeat(5_000)}"}`, ["type"], { kind: "other" }],
  ['{"x":1}', ["type"], undefined],
  ["[1]", ["type"], undefined],
  ["", ["type"], undefined],
  ['{"type":"open', ["type"], { kind: "other" }],
  ["\u0000\u0001", ["type"], undefined],
] as const)("%s", (body, path, expected) => {
  expect(jsonField(Buffer.from(body), path)).toEqual(expected);
});

test("a field of any JSON is what JSON.parse finds", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.string(),
      (others, name, text) => {
        const written = JSON.stringify({ ...others, [name]: text });
        if (name === "__proto__") return;
        expect(jsonField(Buffer.from(written), [name])).toEqual({ kind: "text", text });
      },
    ),
  );
});

test("25 MB, and a million open brackets, are searched without building them", () => {
  const big = Buffer.from(`{"text":"${String.raw`\"`.repeat(12_500_000)}","type":"found"}`);
  expect(jsonField(big, ["type"])).toEqual({ kind: "text", text: "found" });
  const nested = `{"deep":${"[".repeat(500_000)}${"]".repeat(500_000)},"type":"found"}`;
  expect(jsonField(Buffer.from(nested), ["type"])).toEqual({ kind: "text", text: "found" });
});
