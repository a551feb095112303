import { createReadStream } from "node:fs";

const lineBytesMax = 1024 * 1024;

/** Lines of a file as bytes without `\n`; `isWhole` is false for text after the last line break. */
export async function* readLines(path: string): AsyncGenerator<{ line: Buffer; isWhole: boolean }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      yield { line: bytes.subarray(start, end), isWhole: true };
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > lineBytesMax) throw new Error(`a line of ${path} is longer than ${lineBytesMax} bytes`);
  }
  if (rest.length > 0) yield { line: rest, isWhole: false };
}
