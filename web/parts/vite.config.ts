import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run parts`: every part of `src/ui` in every state. No server stands behind it, and no build contains it. */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: "../public",
  cacheDir: "../node_modules/.vite-parts",
  plugins: [react()],
  resolve: { alias: { zod: fileURLToPath(new URL("../src/lib/zod-erased.ts", import.meta.url)) } },
  server: { host: "127.0.0.1", port: 4620 },
});
