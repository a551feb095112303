import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{src,launch,build,bench}/**/*.test.ts"],
    globalSetup: "src/testing/stack-setup.ts",
    // Two cores: more files at a time only make each other late.
    maxWorkers: 2,
    // Files share the modules of their process; loading them anew for each took a third of the time.
    isolate: false,
    testTimeout: 20_000,
    // A busy machine is no failure: what is awaited comes, or the guarantee is broken.
    expect: { poll: { timeout: 5_000 } },
    hookTimeout: 30_000,
  },
});
