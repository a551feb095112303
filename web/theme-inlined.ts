import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const file = fileURLToPath(new URL("./src/theme.js", import.meta.url));

/**
 * Puts the theme script into the page, because every first paint would wait for a file of its own. The server replaces
 * `%nonce%`.
 */
export const themeInlined = (): Plugin => ({
  name: "theme-inlined",
  transformIndexHtml: (html) =>
    html.replace("<!--theme-->", () => `<script nonce="%nonce%">${readFileSync(file, "utf8")}</script>`),
});
