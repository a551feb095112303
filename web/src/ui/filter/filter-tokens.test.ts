import { describe, expect, test } from "vitest";
import {
  addToken,
  type FilterKey,
  readFilterInput,
  suggestFilter,
  turnToken,
  writeFilter,
} from "./filter-tokens.ts";

const keys: readonly FilterKey[] = [
  {
    key: "status",
    values: [
      { value: "failed", label: "Failed" },
      { value: "dead_letter", label: "Dead letter" },
    ],
  },
  { key: "event", canNegate: true },
];

describe("filter", () => {
  test.each([
    "status:failed,dead_letter refund",
    'event:"order paid" some words',
    "event:a",
    '-event:"order paid,b" -words',
    "-status:failed",
    "nothing known: here",
  ])("%j survives the round trip through the URL", (typed) => {
    const filter = readFilterInput(typed, keys);
    const line = writeFilter(filter);
    expect(line).toBe(typed);
    expect(readFilterInput(line ?? "", keys)).toEqual(filter);
  });

  test("an empty filter is removed from the URL", () => {
    expect(writeFilter(readFilterInput("  ", keys))).toBeUndefined();
  });

  test("a value may be typed as its label, a key in any case", () => {
    expect(readFilterInput('STATUS:"dead letter"', keys).tokens).toEqual([
      { key: "status", value: "dead_letter" },
    ]);
  });

  test("repeating a key means or, without duplicate values", () => {
    const tokens = addToken([{ key: "status", value: "failed" }], {
      key: "status",
      value: "failed,dead_letter",
    });
    expect(tokens).toEqual([{ key: "status", value: "failed,dead_letter" }]);
  });

  test("a key that can be negated may be typed negated, another stays text", () => {
    expect(readFilterInput("-Event:a -status:failed", keys)).toEqual({
      tokens: [{ key: "-event", value: "a" }],
      text: "-status:failed",
    });
    expect(suggestFilter("x -", keys).map(({ insert }) => insert)).toEqual(["x -event:"]);
    const [turned] = turnToken([{ key: "event", value: "a" }], "event");
    expect(turned).toEqual({ key: "-event", value: "a" });
    expect(turnToken(turned ? [turned] : [], "-event")).toEqual([{ key: "event", value: "a" }]);
  });

  test("typing suggests keys, then the values of the key", () => {
    expect(suggestFilter("sta", keys).map(({ insert }) => insert)).toEqual(["status:"]);
    expect(suggestFilter("x status:failed,de", keys).map(({ insert }) => insert)).toEqual([
      "x status:failed,dead_letter ",
    ]);
  });
});
