import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const leastBytes = 1024;
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

/**
 * Writes `.br` and `.gz` files beside every script and style, so that the server need not compress them for
 * each visit.
 */
export const precompressed = (): Plugin => ({
  name: "precompressed",
  writeBundle({ dir = "" }, bundle) {
    for (const fileName of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
      const path = join(dir, fileName);
      const content = readFileSync(path);
      if (content.length < leastBytes) continue;
      writeFileSync(`${path}.br`, brotliCompressSync(content, quality));
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    }
  },
});
