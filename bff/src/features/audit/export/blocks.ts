const signatureBytes = 19;
const headBytes = 14;

/**
 * Reads COPY's binary format of rows (lines int4, block text) from chunks of any size: returns the bytes of
 * the blocks without copying, and counts their lines.
 */
export function createBlockReader() {
  let skipping = signatureBytes;
  let left = 0;
  let kept: Buffer = Buffer.alloc(0);
  let lines = 0;

  return {
    get lines() {
      return lines;
    },
    /** The block bytes contained in this chunk. */
    read(given: Buffer): Buffer[] {
      let bytes = kept.length > 0 ? Buffer.concat([kept, given]) : given;
      kept = Buffer.alloc(0);
      const parts: Buffer[] = [];
      while (bytes.length > 0) {
        if (skipping > 0) {
          const skipped = Math.min(skipping, bytes.length);
          skipping -= skipped;
          bytes = bytes.subarray(skipped);
        } else if (left > 0) {
          const part = bytes.subarray(0, left);
          parts.push(part);
          left -= part.length;
          bytes = bytes.subarray(part.length);
        } else {
          // A row: number of fields (2), length of the count (4), count (4), length of the block (4); or -1
          // at the end.
          if (bytes.length < 2 || (bytes.readInt16BE(0) >= 0 && bytes.length < headBytes)) {
            kept = bytes;
            break;
          }
          if (bytes.readInt16BE(0) < 0) break;
          lines += bytes.readInt32BE(6);
          left = bytes.readInt32BE(10);
          bytes = bytes.subarray(headBytes);
        }
      }
      return parts;
    },
  };
}
