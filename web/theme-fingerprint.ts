import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/**
 * Gives the blocking theme script a URL that changes with its content, because assets are cached for a year.
 */
export const themeFingerprint = (): Plugin => ({
  name: "theme-fingerprint",
  transformIndexHtml(html) {
    const script = readFileSync(fileURLToPath(new URL("./public/theme.js", import.meta.url)));
    const hash = createHash("sha256").update(script).digest("hex").slice(0, 8);
    return html.replace(/src="(\.?\/theme\.js)"/, `src="$1?${hash}"`);
  },
});
