import { defineConfig } from "vitest/config";

/** Repetition, soak and random schedules: `npm run faults`, never part of `npm test`. */
export default defineConfig({
  test: {
    include: ["{src,launch}/**/*.faults.ts"],
    globalSetup: "src/testing/stack-setup.ts",
    maxWorkers: 1,
    testTimeout: 30 * 60_000,
    hookTimeout: 60_000,
  },
});
