import { afterAll, beforeAll, expect, test } from "vitest";
import { ownFirstParts } from "#config-address.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

// The console below a path of a host with other applications, behind a proxy with TLS.
const publicUrl = "https://example.com/tools/ops";
const basePath = "/tools/ops";
const byTls = { "x-forwarded-proto": "https", "sec-fetch-site": "same-origin" };

let it: TestApp;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_PUBLIC_URL: publicUrl,
      WHEELHOUSE_TRUST_PROXY: "1",
      WHEELHOUSE_PUBLIC_API_DESCRIPTION: "1",
      WHEELHOUSE_OIDC_ISSUER: "http://127.0.0.1:9",
      WHEELHOUSE_OIDC_CLIENT_ID: "console",
      WHEELHOUSE_OIDC_CLIENT_SECRET: "secret",
    },
  });
});
afterAll(() => it.close());

async function signIn(path: string) {
  const [person] = it.credentials;
  const payload = { email: person?.email, password: person?.password };
  return it.app.inject({ method: "POST", url: `${path}/api/v1/session`, headers: byTls, payload });
}

test("the session's cookie goes over TLS to that path alone, and ends there", async () => {
  const answer = await signIn(basePath);
  expect(answer.statusCode).toBe(200);
  const [cookie] = answer.cookies;
  const attributes = { name: "__Secure-wheelhouse", path: basePath, secure: true, httpOnly: true };
  expect(cookie).toMatchObject(attributes);
  const cookies = { "__Secure-wheelhouse": cookie?.value ?? "" };
  const end = await it.app.inject({
    method: "DELETE",
    url: `${basePath}/api/v1/session`,
    headers: byTls,
    cookies,
  });
  expect(end.statusCode).toBe(204);
  expect(end.cookies).toMatchObject([{ name: "__Secure-wheelhouse", path: basePath, value: "" }]);
});

test("requests are answered whether or not the proxy took the path off; a cookie of the host's root is not read", async () => {
  const [cookie] = (await signIn("")).cookies;
  const value = cookie?.value ?? "";
  const readWith = async (url: string, cookies: Record<string, string>) =>
    (await it.app.inject({ url, headers: byTls, cookies })).statusCode;
  expect(await readWith(`${basePath}/api/v1/session`, { "__Secure-wheelhouse": value })).toBe(200);
  expect(await readWith("/api/v1/session", { "__Secure-wheelhouse": value })).toBe(200);
  expect(await readWith("/tools/opsx/api/v1/session", { "__Secure-wheelhouse": value })).toBe(404);
  expect(await readWith("/api/v1/session", { "__Host-wheelhouse": value })).toBe(401);
});

test("redirects and the description of the API name the path", async () => {
  const failed = await it.app.inject({ url: `${basePath}/signin/oidc/callback`, headers: byTls });
  expect(failed.headers.location).toBe(`${basePath}/signin?problem=unauthenticated`);
  const description = (await it.app.inject({ url: `${basePath}/openapi.json` })).json();
  expect(description.servers).toEqual([{ url: publicUrl }]);
  expect(description.components.securitySchemes.session.name).toBe("__Secure-wheelhouse");
});

test("every path that the server answers begins with a part that no public URL may begin with", () => {
  const routes = [...it.app.printRoutes({ commonPrefix: false }).matchAll(/^ {4}[├└]── (\S+)/gm)];
  const parts = routes.map(([, path = ""]) => path.split("/")[0] ?? "");
  expect(parts.length).toBeGreaterThan(5);
  expect(parts.filter((part) => !ownFirstParts.has(part) && part !== "*")).toEqual([]);
});
