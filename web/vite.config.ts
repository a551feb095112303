import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { bffProxy, logWithoutProxy, waitForBff } from "./bff-proxy.ts";
import { bundleBudget } from "./bundle-budget.ts";
import { precompressed } from "./precompressed.ts";
import { schemasErased } from "./schemas-erased.ts";
import { socketsOnly } from "./sockets-only.ts";
import { themeInlined } from "./theme-inlined.ts";

/** Set by `npm run dev`; a manually started Vite forwards to `npm start`. */
const bffUrl = process.env.BFF_URL ?? "http://127.0.0.1:4600";

/**
 * A page's first load is few requests: what the console starts with is one script, and what several pages share is
 * grouped by the kind of page that needs it, instead of one script for each shared file.
 */
const scriptGroups = [
  { name: "console", tags: ["$initial" as const] },
  {
    // Without what names all endpoints, as the pages of access do: each feature would be in it.
    name: "frame",
    test: /\/web\/src\/(lib\/(?!history\/time-range|live\/tail)|ui\/(page\/(?!tabs)|text\/(?!secret)|dialog\/menu-slot|chart\/(sparkline|history-span-select|time-axis))|features\/sources\/queries)|\/shared\/src\/(?!((access|alerts|audit|caches|queues|reporter|sources|webhooks)\/|(audit-actions|endpoints|rights|schedules|wall)\.ts))|\/@tanstack\//,
  },
  {
    name: "lists",
    test: /\/web\/src\/(ui\/(table|filter)\/|ui\/dialog\/(drawer|dialog|dialog-props|confirm-dialog)\.tsx|ui\/form\/form-(dialog|field)\.tsx|ui\/chart\/histogram|lib\/(live\/tail|history\/time-range)|features\/queues\/(columns|views|queries|queues\.module))|\/shared\/src\/queues\/find/,
  },
  { name: "runs", test: /\/web\/src\/ui\/run\//, minShareCount: 2 },
  { name: "parts", test: /\/web\/src\/ui\//, minShareCount: 2 },
  {
    name: (id: string) => /\/(features|shared\/src)\/([a-z-]+)\//.exec(id)?.[2],
    // Samples are long texts that only dialogs and drawers show.
    test: /\/(web\/src\/features|shared\/src)\/(?!.*\/samples?\.ts)/,
    minShareCount: 2,
  },
  { name: "libraries", test: /\/node_modules\//, minShareCount: 2 },
];

export default defineConfig(({ mode }) => ({
  ...(process.env.BFF_URL ? { customLogger: logWithoutProxy() } : {}),
  // Relative, because the console may lie below any path; the server completes what the page names.
  base: "./",
  plugins: [
    react(),
    themeInlined(),
    schemasErased(),
    socketsOnly(),
    bundleBudget(),
    precompressed(),
    waitForBff(bffUrl),
  ],
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
    rolldownOptions: { output: { codeSplitting: { groups: scriptGroups } } },
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
