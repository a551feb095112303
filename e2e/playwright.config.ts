import { defineConfig } from "@playwright/test";
import { findChromium } from "./product/chromium.ts";

export default defineConfig({
  testDir: "specs",
  globalSetup: "./product/global-setup.ts",
  outputDir: "test-results/artifacts",
  // Journeys mostly wait; disruptions that others would notice (outages, ended sessions) affect only their own product
  // or person.
  workers: 2,
  fullyParallel: false,
  // In this order: journeys that start their own product go first, beside others, instead of last and alone.
  projects: [
    { name: "own products", testMatch: ["outages.spec.ts", "sub-path.spec.ts"] },
    { name: "journeys", testIgnore: ["outages.spec.ts", "sub-path.spec.ts"] },
  ],
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["json", { outputFile: process.env.E2E_RESULTS ?? "test-results/results.json" }]],
  use: {
    baseURL: process.env.E2E_BASE_URL,
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    screenshot: "only-on-failure",
    // Recording costs a third of the time; enable it for a failing journey with E2E_TRACE=1.
    trace: process.env.E2E_TRACE ? "retain-on-failure" : "off",
    launchOptions: {
      executablePath: findChromium(process.env),
      args: ["--no-sandbox", "--disable-background-networking"],
    },
  },
});
