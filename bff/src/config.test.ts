import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, loadConfig } from "./config.ts";

const secretKey = Buffer.alloc(32, 7).toString("base64");
const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://app:p@db/wheelhouse",
  DATABASE_SYSTEM_URL: "postgres://system:p@db/wheelhouse",
  REDIS_URL: "redis://cache:6379",
  WHEELHOUSE_SECRET_KEY: secretKey,
  WHEELHOUSE_PUBLIC_URL: "https://ops.example.com/",
};

function problemsOf(environment: Record<string, string>): Record<string, string> {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return Object.fromEntries(error.problems);
    throw error;
  }
  return {};
}

describe("configuration", () => {
  test("an empty environment is a demo on loopback with embedded servers", () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      production: false,
      demo: true,
      roles: ["web", "collector", "worker"],
      drainMs: 8_000,
      http: { host: "127.0.0.1", port: 4600, trustProxy: false, publicUrl: undefined },
      postgres: { appUrl: undefined },
      redis: { url: undefined },
      webhooks: {
        retryScheduleMs: [1_000, 3_000, 8_000, 20_000],
        allowAddresses: ["127.0.0.0/8", "::1/128"],
      },
    });
    expect(config.dataDir).toMatch(/\/\.wheelhouse$/);
  });

  test("the demo includes its programs, unless they run elsewhere", () => {
    expect(loadConfig({}).fleet).toBe(true);
    expect(loadConfig({ WHEELHOUSE_FLEET: "0" })).toMatchObject({ demo: true, fleet: false });
    expect(loadConfig(production).fleet).toBe(false);
  });

  test("production has no demo, reaches no private address and retries for a day", () => {
    const config = loadConfig(production);
    expect(config).toMatchObject({ production: true, demo: false, webhooks: { allowAddresses: [] } });
    expect(config.observe.allowAddresses).toEqual([]);
    expect(config.webhooks.retryScheduleMs.map((waitMs) => waitMs / 60_000)).toEqual([
      5 / 60,
      5,
      30,
      120,
      300,
      600,
      600,
    ]);
    expect(config.http.publicUrl).toBe("https://ops.example.com");
  });

  test("an identity provider is configured completely or not at all, and is reached over TLS", () => {
    expect(loadConfig({}).oidc).toBeUndefined();
    const provider = {
      WHEELHOUSE_OIDC_ISSUER: "https://id.example.com",
      WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
      WHEELHOUSE_OIDC_CLIENT_SECRET: "s",
    };
    expect(loadConfig({ ...provider, WHEELHOUSE_OIDC_PROVISION: "acme:viewer" }).oidc).toEqual({
      issuer: "https://id.example.com",
      clientId: "wheelhouse",
      clientSecret: "s",
      name: "single sign-on",
      provision: { organization: "acme", role: "viewer" },
    });
    expect(loadConfig(provider).oidc?.provision).toBeUndefined();
    expect(problemsOf({ ...provider, WHEELHOUSE_OIDC_CLIENT_SECRET: "" })).toHaveProperty(
      "WHEELHOUSE_OIDC_CLIENT_SECRET",
    );
    const plain = { ...provider, WHEELHOUSE_OIDC_ISSUER: "http://id.example.com" };
    expect(problemsOf(plain)).toHaveProperty("WHEELHOUSE_OIDC_ISSUER");
    expect(problemsOf({ ...provider, WHEELHOUSE_OIDC_PROVISION: "acme:admin" })).toHaveProperty(
      "WHEELHOUSE_OIDC_PROVISION",
    );
  });

  test("all missing and bad variables are named at once", () => {
    expect(
      problemsOf({
        NODE_ENV: "production",
        PORT: "99999",
        WHEELHOUSE_ROLES: "web,cook",
        REDIS_URL: "http://x",
      }),
    ).toEqual({
      DATABASE_URL: "is required with NODE_ENV=production",
      DATABASE_SYSTEM_URL: "is required with NODE_ENV=production",
      WHEELHOUSE_SECRET_KEY: "is required with NODE_ENV=production",
      WHEELHOUSE_PUBLIC_URL: "is required with NODE_ENV=production",
      PORT: "must be a whole number from 0 to 65535",
      WHEELHOUSE_ROLES: "must be a list of web, collector, worker",
      REDIS_URL: "must be a URL that begins with redis:// or rediss://",
    });
  });

  test("an empty variable counts as missing", () => {
    expect(problemsOf({ ...production, REDIS_URL: " " })).toEqual({
      REDIS_URL: "is required with NODE_ENV=production",
    });
  });

  test("people stay signed in for 12 hours unused and 7 days at most by default; idle time cannot exceed the total", () => {
    const hourMs = 3_600_000;
    expect(loadConfig({}).sessions).toEqual({ idleMs: 12 * hourMs, absoluteMs: 7 * 24 * hourMs });
    const day = { WHEELHOUSE_SESSION_ABSOLUTE_HOURS: "8", WHEELHOUSE_SESSION_IDLE_MINUTES: "30" };
    expect(loadConfig(day).sessions).toEqual({ idleMs: hourMs / 2, absoluteMs: 8 * hourMs });
    expect(problemsOf({ WHEELHOUSE_SESSION_ABSOLUTE_HOURS: "8" })).toEqual({
      WHEELHOUSE_SESSION_IDLE_MINUTES: "must not be longer than WHEELHOUSE_SESSION_ABSOLUTE_HOURS",
    });
  });

  test("a misspelt variable is refused instead of ignored", () => {
    expect(problemsOf({ WHEELHOUSE_DRAIN: "1" })).toEqual({ WHEELHOUSE_DRAIN: "is not known" });
  });

  test.each([
    ["PORT", "4600x"],
    ["PORT", "-1"],
    ["WHEELHOUSE_DEMO", "yes"],
    ["WHEELHOUSE_SECRET_KEY", "hunter2-hunter2-hunter2"],
    ["WHEELHOUSE_SECRET_KEY", Buffer.alloc(31).toString("base64")],
    ["DATABASE_URL", "mysql://root:hunter2@db/x"],
    ["WHEELHOUSE_ALLOW_ADDRESSES", "10.0.0.0/8,hunter2"],
    ["WHEELHOUSE_WATCH_ALLOW_ADDRESSES", "10.0.0.0/8,hunter2"],
    ["WHEELHOUSE_TRUST_PROXY", "hunter2"],
    ["WHEELHOUSE_TRUST_PROXY", "true-hunter2"],
    ["WHEELHOUSE_TRUST_PROXY", "1111"],
    ["WHEELHOUSE_RETRY_SCHEDULE_MS", "1s,-3s"],
    ["WHEELHOUSE_LOG_LEVEL", "hunter2"],
    ["WHEELHOUSE_SESSION_IDLE_MINUTES", "0.5"],
    ["WHEELHOUSE_SESSION_ABSOLUTE_HOURS", "99999"],
  ])("a bad %s is named, its value is not shown", (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(Object.keys(problems)).toEqual([name]);
    expect(JSON.stringify(problems)).not.toContain(value);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test.each([
    ["DATABASE_URL", "postgres://app:hunter/2@db:5432/x"],
    ["DATABASE_URL", "postgres://app:12#hunter2@db/x"],
    ["DATABASE_SYSTEM_URL", "postgresql://app:12?hunter2@db/x"],
    ["DATABASE_ADMIN_URL", "postgres://app:100%hunter2@db/x"],
    ["DATABASE_URL", "postgres://app:hunter@2/3@db/x"],
    ["REDIS_URL", "rediss://user:hunter#2@cache:6379/0"],
  ])("an unescaped password in %s is named as such", (name, value) => {
    const beside = name === "DATABASE_SYSTEM_URL" ? { DATABASE_URL: production.DATABASE_URL } : {};
    const problems = problemsOf({ ...beside, [name]: value });
    expect(Object.keys(problems)).toEqual([name]);
    expect(problems[name]).toMatch(new RegExp(`^the password in ${name} must be percent-encoded`));
    expect(problems[name]).not.toContain("hunter");
  });

  test.each([
    "postgres://app:p%40%2F%23%3F%25@db:5432/x?sslmode=require",
    "postgres://app:p@ss@db/x",
    "postgres://db/x?application_name=me@here",
    "postgres://app@db/x?application_name=me@here",
  ])("an address whose password can be read is accepted: %s", (value) => {
    expect(problemsOf({ DATABASE_URL: value })).toEqual({});
  });

  test("an address that is no URL for another reason is not said to have a bad password", () => {
    const problems = problemsOf({ DATABASE_URL: "postgres://app:p@db:port/x" });
    expect(problems.DATABASE_URL).toMatch(/^is not a URL/);
  });

  test("lists and durations are parsed", () => {
    const config = loadConfig({
      WHEELHOUSE_RETRY_SCHEDULE_MS: "250, 5s,5m,2h",
      WHEELHOUSE_ALLOW_ADDRESSES: "10.0.0.0/8, ::1/128",
      WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "10.1.0.0/16",
      WHEELHOUSE_TRUST_PROXY: "10.0.0.1,10.0.1.0/24",
    });
    expect(config.webhooks).toMatchObject({
      retryScheduleMs: [250, 5_000, 300_000, 7_200_000],
      allowAddresses: ["10.0.0.0/8", "::1/128"],
    });
    expect(config.observe.allowAddresses).toEqual(["10.1.0.0/16"]);
    expect(config.http.trustProxy).toBe("10.0.0.1,10.0.1.0/24");
  });

  test.each<[string | undefined, false | number | string]>([
    [undefined, false],
    ["0", false],
    ["1", 1],
    ["2", 2],
    ["10.0.0.1", "10.0.0.1"],
  ])("WHEELHOUSE_TRUST_PROXY=%s trusts %s", (text, expected) => {
    const set = text === undefined ? {} : { WHEELHOUSE_TRUST_PROXY: text };
    expect(loadConfig(set).http.trustProxy).toBe(expected);
  });

  test("the description of the API is public in a demo, and elsewhere only if configured", () => {
    const isPublic = (environment: Record<string, string>) =>
      loadConfig(environment).http.isDescriptionPublic;
    const told = { WHEELHOUSE_PUBLIC_API_DESCRIPTION: "1" };
    expect([isPublic({}), isPublic(production), isPublic({ ...production, ...told })]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("only main reads the environment", () => {
    const folder = import.meta.dirname;
    const readers = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (name) =>
        name.endsWith(".ts") &&
        !/\.(test|fixture|faults)\.ts$/.test(name) &&
        readFileSync(join(folder, name), "utf8").includes("process.env"),
    );
    expect(readers.filter((name) => name !== "main.ts")).toEqual([]);
  });
});

describe("secrets from files", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "wheelhouse-secrets-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const { WHEELHOUSE_SECRET_KEY: _, ...withoutKey } = production;

  test("every secret may lie in a file, with or without a last line break", () => {
    const url = "postgres://app:hunter2@db/wheelhouse";
    const { DATABASE_URL: __, ...rest } = withoutKey;
    const config = loadConfig({
      ...rest,
      DATABASE_URL_FILE: file("url", url),
      WHEELHOUSE_SECRET_KEY_FILE: file("key", `${secretKey}\n`),
      WHEELHOUSE_HEALTH_TOKEN_FILE: file("token", "p7d2c4k9x1m3q8w5\r\n"),
    });
    expect(config).toMatchObject({
      postgres: { appUrl: url },
      secretKey,
      observe: { healthToken: "p7d2c4k9x1m3q8w5" },
    });
  });

  test.each([
    [
      "hunter2",
      "names a file that does not exist: name a file that holds the value, or set WHEELHOUSE_SECRET_KEY",
    ],
    [tmpdir(), "names a folder: name a file that holds the value, or set WHEELHOUSE_SECRET_KEY"],
  ])("a file that cannot be read is named with the remedy, once, and never shown: %s", (path, reason) => {
    expect(problemsOf({ ...withoutKey, WHEELHOUSE_SECRET_KEY_FILE: path })).toEqual({
      WHEELHOUSE_SECRET_KEY_FILE: reason,
    });
  });

  test("an empty file, both forms at once, a bad value and a variable without a file form are refused", () => {
    expect(problemsOf({ ...withoutKey, WHEELHOUSE_SECRET_KEY_FILE: file("empty", "\n") })).toEqual({
      WHEELHOUSE_SECRET_KEY_FILE:
        "names an empty file: name a file that holds the value, or set WHEELHOUSE_SECRET_KEY",
    });
    expect(problemsOf({ ...production, WHEELHOUSE_SECRET_KEY_FILE: file("key", secretKey) })).toEqual({
      WHEELHOUSE_SECRET_KEY_FILE: "is set beside WHEELHOUSE_SECRET_KEY: remove one of the two",
    });
    expect(problemsOf({ ...withoutKey, WHEELHOUSE_SECRET_KEY_FILE: file("bad", "short") })).toHaveProperty(
      "WHEELHOUSE_SECRET_KEY",
    );
    expect(problemsOf({ WHEELHOUSE_ROLES_FILE: file("roles", "web") })).toEqual({
      WHEELHOUSE_ROLES_FILE: "is not known",
    });
  });
});

describe("public URL", () => {
  const httpOf = (url: string) => loadConfig({ WHEELHOUSE_PUBLIC_URL: url }).http;

  test("its path is where the console lies", () => {
    expect(httpOf("https://example.com/")).toMatchObject({ publicUrl: "https://example.com", basePath: "" });
    expect(httpOf("https://example.com/ops/")).toMatchObject({
      publicUrl: "https://example.com/ops",
      basePath: "/ops",
    });
    expect(httpOf("https://example.com/tools/ops").basePath).toBe("/tools/ops");
  });

  test.each([
    ["https://example.com/ops?x=1", /remove what follows/],
    ["https://admin@example.com/", /must not hold a user/],
    ['https://example.com/"><script>', /letters, digits/],
    ["https://example.com/ops//x", /letters, digits/],
    ["https://example.com/api/ops", /begins with \/api/],
    ["example.com", /must be a URL that begins with/],
  ])("%s is refused", (url, reason) => {
    expect(problemsOf({ WHEELHOUSE_PUBLIC_URL: url }).WHEELHOUSE_PUBLIC_URL).toMatch(reason);
  });
});
