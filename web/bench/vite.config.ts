import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { precompressed } from "../precompressed.ts";
import { socketsOnly } from "../sockets-only.ts";

/** The floor of `npm run bench -- web`, built as the console is. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react(), socketsOnly(), precompressed()],
  build: {
    outDir: "../dist-floor",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
  },
});
