import { describe, expect, it } from "vitest";
import { applyTyped, type FilterKey, removeKey, suggest, toggleValue, valueName } from "./filter-tokens.ts";

const keys: FilterKey[] = [
  {
    key: "status",
    multiple: true,
    values: [
      { value: "failed", label: "Failed" },
      { value: "dead_letter", label: "Dead letter" },
    ],
  },
  { key: "event", multiple: true, hint: "e.g. order.paid" },
  { key: "received", parse: (text) => (text === "15m" ? "range" : undefined), name: () => "last 15 m" },
];

describe("filter bar", () => {
  it("offers the keys that begin with what is typed, then free text", () => {
    expect(suggest(keys, {}, "e", true)).toEqual([
      { kind: "key", key: "event", detail: "e.g. order.paid" },
      { kind: "text", text: "e" },
    ]);
  });

  it("offers a key's values after its colon and marks the chosen ones", () => {
    expect(suggest(keys, { status: ["failed"] }, "status:", true)).toMatchObject([
      { value: "failed", chosen: true },
      { value: "dead_letter", chosen: false },
    ]);
    expect(suggest(keys, {}, "status:dead", true)).toMatchObject([{ value: "dead_letter" }]);
  });

  it("offers what a parsed key understands and nothing else", () => {
    expect(suggest(keys, {}, "received:15m", true)).toMatchObject([{ value: "range", label: "last 15 m" }]);
    expect(suggest(keys, {}, "received:soon", true)).toEqual([]);
  });

  it("a typed comma means or", () => {
    expect(applyTyped(keys, {}, "status:failed, dead letter")).toEqual({
      status: ["failed", "dead_letter"],
    });
  });

  it("an unknown value is refused as a whole", () => {
    expect(applyTyped(keys, {}, "status:failed,lost")).toBeUndefined();
    expect(applyTyped(keys, {}, "color:red")).toBeUndefined();
  });

  it("a second click takes a value away, the last one its key", () => {
    const once = toggleValue(keys, { status: ["failed"] }, "status", "dead_letter");
    expect(once).toEqual({ status: ["failed", "dead_letter"] });
    const none = toggleValue(keys, toggleValue(keys, once, "status", "failed"), "status", "dead_letter");
    expect(none).toEqual({});
    expect(removeKey(once, "status")).toEqual({});
  });

  it("names a value by its option, else by itself", () => {
    expect(valueName(keys[0], "dead_letter")).toBe("Dead letter");
    expect(valueName(keys[1], "order.paid")).toBe("order.paid");
  });
});
