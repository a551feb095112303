import { describe, expect, test } from "vitest";
import { linesOf } from "./api-lines.ts";

async function* partsOf(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

describe("an answer sent line by line", () => {
  test.each([1, 2, 3, 100])("is the same however it is split, here into parts of %s bytes", async (size) => {
    const lines: string[] = [];
    for await (const line of linesOf(partsOf('{"a":"ü€"}\n{"b":2}\n{"cut', size))) lines.push(line);
    expect(lines).toEqual(['{"a":"ü€"}', '{"b":2}']);
  });
});
