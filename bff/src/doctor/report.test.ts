import { expect, test } from "vitest";
import type { CheckResult } from "./check.ts";
import { linesOf, withoutSecrets } from "./report.ts";

const result = (says: string): CheckResult => ({
  check: "Redis connection",
  status: "fail",
  says,
  remedy: `correct it, not ${says}`,
  durationMs: 12,
});

test("passwords, keys and tokens are not printed, whoever put them into a message and however they are written", () => {
  const environment = {
    REDIS_URL: "redis://:p%40ssword@cache:6379/0",
    DATABASE_URL: "postgres://app:12/hunter@db/x",
    WHEELHOUSE_SECRET_KEY: "the-secret-key",
    WHEELHOUSE_AUDIT_S3_SECRET_ACCESS_KEY: "the-store-key",
    WHEELHOUSE_OIDC_CLIENT_SECRET: "the-client-secret",
    WHEELHOUSE_HEALTH_TOKEN: "the-health-token",
  };
  const secrets = [
    "p%40ssword",
    "p@ssword",
    "12/hunter",
    "the-secret-key",
    "the-store-key",
    "the-client-secret",
  ];
  const printed = linesOf(withoutSecrets([...secrets, "the-health-token"].map(result), environment));
  expect(printed).not.toMatch(/ssword|hunter|the-/);
  expect(printed.split("\n")[0]).toBe("FAIL  Redis connection  … → correct it, not … (12 ms)");
});
