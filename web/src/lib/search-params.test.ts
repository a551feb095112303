import { describe, expect, test } from "vitest";
import {
  parseSearch,
  readList,
  readText,
  readTimestamp,
  readWord,
  stringifySearch,
} from "./search-params.ts";

describe("search parameters", () => {
  test("what is written is read back unchanged, numbers and JSON look-alikes included", () => {
    const values = { q: "007", queue: "main~shop%3Aprod~a b ü{x}", note: "a&b=c#d", flag: "true" };
    expect(parseSearch(stringifySearch(values).slice(1))).toEqual(values);
  });

  test("absent and empty values are omitted", () => {
    expect(stringifySearch({ q: "", queue: undefined, status: [] })).toBe("");
    expect(stringifySearch({ status: ["failed", "dead_letter"] })).toBe("?status=failed,dead_letter");
  });

  test("a list keeps only allowed items, without duplicates", () => {
    const raw = { status: "failed,nonsense,failed,dead_letter" };
    expect(readList(raw, "status", ["failed", "dead_letter"])).toEqual(["failed", "dead_letter"]);
    expect(readList({ status: "nonsense" }, "status", ["failed"])).toBeUndefined();
    expect(readWord({ tab: "sources" }, "tab", ["sources"])).toBe("sources");
  });

  test("text is truncated and an invalid moment is dropped", () => {
    expect(readText({ q: `  ${"x".repeat(500)} ` }, "q")).toHaveLength(200);
    expect(readTimestamp({ from: "yesterday" }, "from")).toBeUndefined();
    expect(readTimestamp({ from: "2026-11-19T09:00:00Z" }, "from")).toBe("2026-11-19T09:00:00Z");
  });
});
