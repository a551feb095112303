import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { bffProxy, logWithoutProxy, waitForBff } from "./bff-proxy.ts";
import { bundleBudget } from "./bundle-budget.ts";
import { precompressed } from "./precompressed.ts";
import { themeFingerprint } from "./theme-fingerprint.ts";

/** Set by `npm run dev`; a manually started Vite forwards to `npm start`. */
const bffUrl = process.env.BFF_URL ?? "http://127.0.0.1:4600";

export default defineConfig(({ mode }) => ({
  ...(process.env.BFF_URL ? { customLogger: logWithoutProxy() } : {}),
  // Relative, because the console may lie below any path; the server completes what the page names.
  base: "./",
  plugins: [react(), themeFingerprint(), bundleBudget(), precompressed(), waitForBff(bffUrl)],
  resolve: {
    // Pages need only the types, methods and paths of the API, not its schemas. Without zod
    // the first load is 24 kB smaller, and no probe for `eval` violates the content security policy.
    alias: mode === "test" ? {} : { zod: fileURLToPath(new URL("./src/lib/zod-erased.ts", import.meta.url)) },
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  server: {
    port: 4610,
    proxy: bffProxy(bffUrl),
  },
  test: {
    environment: "node",
    include: ["{src,parts}/**/*.test.{ts,tsx}"],
    // Separate processes took ten times as long as the tests themselves.
    isolate: false,
    maxWorkers: 2,
  },
}));
