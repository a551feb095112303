import fc from "fast-check";
import { expect, test } from "vitest";
import { createBlockReader } from "./blocks.ts";

/** COPY's binary format, as described in the Postgres manual. */
function binary(blocks: readonly string[]): Buffer {
  const parts = [Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)];
  for (const block of blocks) {
    const head = Buffer.alloc(14);
    head.writeInt16BE(2, 0);
    head.writeInt32BE(4, 2);
    head.writeInt32BE(block.split("\n").length - 1, 6);
    head.writeInt32BE(Buffer.byteLength(block), 10);
    parts.push(head, Buffer.from(block));
  }
  return Buffer.concat([...parts, Buffer.from([0xff, 0xff])]);
}

test("blocks come out byte for byte with their lines counted, however the bytes were split", () => {
  const line = fc.string({ unit: "binary", maxLength: 40 }).map((text) => `${text.replaceAll("\n", "")}\n`);
  const blocks = fc.array(
    fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("")),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(blocks, fc.array(fc.integer({ min: 1, max: 30 })), (given, cuts) => {
      const reader = createBlockReader();
      const [whole, parts]: [Buffer, Buffer[]] = [binary(given), []];
      let at = 0;
      for (const cut of [...cuts, whole.length]) {
        parts.push(...reader.read(whole.subarray(at, at + cut)));
        at += cut;
      }
      expect(Buffer.concat(parts).toString()).toBe(Buffer.from(given.join("")).toString());
      expect(reader.lines).toBe(given.join("").split("\n").length - 1);
    }),
    { numRuns: 40 },
  );
});
