import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { freePort } from "#embedded/ports.ts";
import { makePrivateAuthority, type PrivateAuthority } from "#testing/private-authority.ts";
import { type OwnPostgres, type OwnRedis, startOwnPostgres, startOwnRedis } from "#testing/stack.ts";
import { query } from "#testing/stack-owner.ts";
import { makeTemporaryFolder } from "#testing/stack-setup.ts";

const bffFolder = fileURLToPath(new URL("../../", import.meta.url));
const report = z.object({
  checks: z.array(
    z.object({ check: z.string(), status: z.string(), says: z.string(), remedy: z.string().optional() }),
  ),
});
let authority: PrivateAuthority;
let postgres: OwnPostgres;
let redis: OwnRedis;
let https: Server;
let httpsUrl: string;
let folder: string;
let environment: Record<string, string>;

/** Postgres, Redis and an HTTPS service whose certificates only the authority vouches for. */
beforeAll(async () => {
  authority = makePrivateAuthority();
  folder = makeTemporaryFolder();
  [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
  await query(postgres.adminUrl, `alter system set ssl_cert_file = '${authority.certificate}'`);
  await query(postgres.adminUrl, `alter system set ssl_key_file = '${authority.key}'`);
  await query(postgres.adminUrl, "alter system set ssl = on");
  await query(postgres.adminUrl, "select pg_reload_conf()");
  const tlsPort = await freePort();
  const client = new Redis(redis.url);
  await client.config(
    "SET",
    "tls-cert-file",
    authority.certificate,
    "tls-key-file",
    authority.key,
    "tls-ca-cert-file",
    authority.authority,
    "tls-auth-clients",
    "no",
    "tls-port",
    String(tlsPort),
  );
  client.disconnect();
  https = createServer(
    { cert: readFileSync(authority.certificate), key: readFileSync(authority.key) },
    (request, response) => {
      const isDescription = request.url === "/.well-known/openid-configuration";
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(isDescription ? { issuer: httpsUrl } : { status: "pass" }));
    },
  );
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  const address: AddressInfo | string | null = https.address();
  httpsUrl = `https://localhost:${typeof address === "object" ? address?.port : 0}`;
  const secure = (url: string) =>
    Object.assign(new URL(url), { hostname: "localhost", search: "?sslmode=verify-full" }).href;
  const redisUrl = `rediss://localhost:${tlsPort}/0`;
  writeFileSync(
    join(folder, "wheelhouse.yaml"),
    [
      `redis: [{ id: private-redis, organization: platform, url: "${redisUrl}" }]`,
      `postgres: [{ id: private-postgres, organization: platform, url: "${secure(postgres.adminUrl)}" }]`,
      `services: [{ id: private-service, organization: platform, format: json, url: "${httpsUrl}/health", interval: 1s }]`,
    ].join("\n"),
  );
  environment = {
    PATH: "/usr/bin:/bin",
    NODE_ENV: "production",
    PORT: String(await freePort()),
    DATABASE_URL: secure(postgres.appUrl),
    DATABASE_SYSTEM_URL: secure(postgres.systemUrl),
    DATABASE_ADMIN_URL: secure(postgres.adminUrl),
    REDIS_URL: redisUrl,
    WHEELHOUSE_SECRET_KEY: randomBytes(32).toString("base64"),
    WHEELHOUSE_PUBLIC_URL: "https://ops.example.com",
    WHEELHOUSE_TRUST_PROXY: "1",
    WHEELHOUSE_OIDC_ISSUER: httpsUrl,
    WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
    WHEELHOUSE_OIDC_CLIENT_SECRET: "secret-secret",
    WHEELHOUSE_CONFIG: join(folder, "wheelhouse.yaml"),
    WHEELHOUSE_WATCH_ALLOW_ADDRESSES: "127.0.0.0/8",
    WHEELHOUSE_DATA_DIR: join(folder, "data"),
  };
}, 60_000);
afterAll(async () => {
  https.close();
  await Promise.all([postgres.dispose(), redis.dispose()]);
  authority.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function start(script: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, ["--import", "tsx", ...script.split(" ")], {
    cwd: bffFolder,
    env: environment,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return { child, output: () => output, ended: once(child, "close") };
}

async function diagnose(environment: Record<string, string>) {
  const { output, ended } = start("launch/doctor.ts --json", environment);
  await ended;
  return report.parse(JSON.parse(output())).checks.filter(({ status }) => status === "fail");
}

test("with NODE_EXTRA_CA_CERTS a private authority is trusted by Postgres, Redis and HTTPS; without it each is named", async () => {
  expect(await diagnose({ ...environment, NODE_EXTRA_CA_CERTS: authority.authority })).toEqual([]);
  const refused = await diagnose(environment);
  expect(refused.map(({ check }) => check)).toEqual([
    "Postgres reachable",
    "Redis connection",
    "Identity provider",
  ]);
  for (const { says, remedy } of refused) {
    expect(says).toMatch(/the certificate of localhost:\d+ is not trusted/);
    expect(remedy).toContain("NODE_EXTRA_CA_CERTS");
  }
}, 60_000);

test("a Postgres, a Redis and a service with certificates of a private authority are watched", async () => {
  const { child, output, ended } = start("src/main.ts", {
    ...environment,
    NODE_EXTRA_CA_CERTS: authority.authority,
  });
  try {
    await expect.poll(output, { timeout: 60_000 }).toContain("is ready");
    const metrics = async () => (await fetch(`http://127.0.0.1:${environment.PORT}/metrics`)).text();
    const up = async () =>
      [...(await metrics()).matchAll(/^wheelhouse_\w+_up\{.*="(private-\w+)".*\} 1$/gm)].map(([, id]) => id);
    await expect
      .poll(async () => new Set(await up()), { timeout: 15_000 })
      .toEqual(new Set(["private-postgres", "private-redis", "private-service"]));
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}, 90_000);
