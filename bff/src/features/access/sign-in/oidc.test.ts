import { createServer, type Server } from "node:http";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSecretBox } from "#lib/security/secret-box.ts";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { createOidcProvider } from "./oidc-provider.ts";

const publicUrl = "http://127.0.0.1:4600";
const people = new Map([
  ["emma", { email: "emma.lindqvist@northwind.example", email_verified: true, name: "Emma Lindqvist" }],
  ["jonas", { email: "jonas.weber@northwind.example", email_verified: true, name: "Jonas Weber" }],
  ["claims-admin", { email: "priya.raman@northwind.example", email_verified: false, name: "P" }],
  ["stranger", { email: "stranger@elsewhere.example", email_verified: true, name: "A Stranger" }],
]);

let issuer: string;
let provider: Server;
let it: TestApp;

async function startProvider() {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const instance = new Provider(url, {
    clients: [
      {
        client_id: "wheelhouse",
        client_secret: "a secret of the client",
        redirect_uris: [`${publicUrl}/signin/oidc/callback`],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["one"] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
  });
  const handle = instance.callback();
  return { url, server };
}

beforeAll(async () => {
  const [urls, redis, started] = await Promise.all([
    createTestDatabase(),
    createTestRedis(),
    startProvider(),
  ]);
  issuer = started.url;
  provider = started.server;
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_PUBLIC_URL: publicUrl,
      WHEELHOUSE_OIDC_ISSUER: issuer,
      WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
      WHEELHOUSE_OIDC_CLIENT_SECRET: "a secret of the client",
      WHEELHOUSE_OIDC_NAME: "Northwind ID",
    },
  });
});
afterAll(async () => {
  await it.close();
  provider.close();
});

const cookieOf = (answer: { cookies: { name: string; value: string }[] }, name: string) =>
  answer.cookies.find((cookie) => cookie.name === name)?.value ?? "";

/** Starts a sign-in at Wheelhouse. */
async function begin(query = "") {
  const answer = await it.app.inject({ method: "GET", url: `/signin/oidc${query}` });
  expect(answer.statusCode).toBe(302);
  return { location: answer.headers.location ?? "", kept: cookieOf(answer, "wheelhouse-oidc") };
}

/**
 * Acts as a browser at the provider: follows redirects, submits the login form, consents.
 * @returns the callback address.
 */
async function visit(start: string, login: string): Promise<string> {
  const jar = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 20; step += 1) {
    const answer = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form ? { method: "POST", body: form } : {}),
    });
    form = undefined;
    for (const line of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]?.split("=") ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get("location");
    if (location) {
      url = new URL(location, url).href;
      if (url.startsWith(publicUrl)) return url;
      continue;
    }
    const page = await answer.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    const action = /action="([^"]+)"/.exec(page)?.[1];
    if (!prompt || !action) throw new Error(`no form at ${url}: ${answer.status} ${page.slice(0, 300)}`);
    url = new URL(action, url).href;
    form = new URLSearchParams({ prompt, login, password: "x" });
  }
  throw new Error("the provider redirects in a loop");
}

const comeBack = (url: string, kept: string, session = "") =>
  it.app.inject({
    method: "GET",
    url: url.slice(publicUrl.length),
    cookies: { "wheelhouse-oidc": kept, ...(session ? { wheelhouse: session } : {}) },
  });

async function signInBy(login: string, query = "") {
  const { location, kept } = await begin(query);
  return comeBack(await visit(location, login), kept);
}

const view = (cookie: string) =>
  it.app.inject({ method: "GET", url: "/api/v1/session", cookies: { wheelhouse: cookie } });
const refused = { statusCode: 302, headers: { location: "/signin?problem=unauthenticated" } };
const trail = async (query: string, organization = "northwind") => {
  const root = await signInAs(it, "superadmin", "platform");
  const headers = { "x-wheelhouse-organization": organization };
  return (await root.call("GET", `/audit/events?limit=5&${query}`, { headers })).json().items;
};

describe("signing in at the identity provider", () => {
  test("is offered, and redirects there with PKCE, state and nonce", async () => {
    const offer = await it.app.inject({ method: "GET", url: "/api/v1/session/providers" });
    expect(offer.json()).toEqual({ items: [{ name: "Northwind ID", path: "/signin/oidc" }] });
    const { location, kept } = await begin();
    const asked = new URL(location).searchParams;
    expect(location.startsWith(`${issuer}/`)).toBe(true);
    expect(asked.get("code_challenge_method")).toBe("S256");
    expect(asked.get("redirect_uri")).toBe(`${publicUrl}/signin/oidc/callback`);
    for (const name of ["state", "nonce"]) {
      const value = asked.get(name) ?? "";
      expect(value.length).toBeGreaterThan(30);
      expect(kept).not.toContain(value);
    }
  });

  test("links a verified address to its account once, then relies on the subject", async () => {
    const answer = await signInBy("emma", "?next=/o/northwind/queues");
    expect(answer).toMatchObject({ statusCode: 302, headers: { location: "/o/northwind/queues" } });
    const session = await view(cookieOf(answer, "wheelhouse"));
    expect(session.json()).toMatchObject({ user: { name: "Emma Lindqvist" }, signedInBy: "oidc" });
    expect((await trail("action=access.session.create"))[0]).toMatchObject({
      actor: { display: "Emma Lindqvist", authMethod: "oidc" },
      after: { linkedIdentity: true },
    });
    people.set("emma", { email: "new@elsewhere.example", email_verified: true, name: "Emma" });
    expect((await view(cookieOf(await signInBy("emma"), "wheelhouse"))).json().user.name).toBe(
      "Emma Lindqvist",
    );
    people.set("usurper", { email: "emma.lindqvist@northwind.example", email_verified: true, name: "U" });
    expect(await signInBy("usurper")).toMatchObject(refused);
  });

  test.each(["stranger", "claims-admin"])(
    "is refused for %s, and the attempt is in the trail",
    async (login) => {
      const answer = await signInBy(login);
      expect(answer).toMatchObject(refused);
      expect(cookieOf(answer, "wheelhouse")).toBe("");
      const [event] = await trail("outcome=failure&action=access.session.create", "platform");
      expect(event).toMatchObject({
        actor: { type: "anonymous", display: people.get(login)?.email },
        reason: expect.stringContaining("OpenID Connect: "),
      });
    },
  );

  test("rejects a wrong state, a wrong nonce, a reused code, and a response meant for another browser", async () => {
    const { location, kept } = await begin();
    const callback = await visit(location, "jonas");
    const altered = new URL(callback);
    altered.searchParams.set("state", "another");
    expect(await comeBack(altered.href, kept)).toMatchObject(refused);

    const box = createSecretBox(Buffer.alloc(32, 7).toString("base64"));
    const opened = JSON.parse(box.open(Buffer.from(kept, "base64url"), "oidc sign-in"));
    const sealed = (change: object) =>
      box.seal(JSON.stringify({ ...opened, ...change }), "oidc sign-in").toString("base64url");
    expect(await comeBack(callback, sealed({ nonce: "another" }))).toMatchObject(refused);
    // The code has been used by now; a fresh one isolates why each of the others is refused.
    const again = async () => {
      const fresh = await begin();
      return { ...fresh, callback: await visit(fresh.location, "jonas") };
    };
    const verifier = await again();
    expect(await comeBack(verifier.callback, kept)).toMatchObject(refused);
    expect(await comeBack((await again()).callback, "")).toMatchObject(refused);
    expect(await comeBack((await again()).callback, "tampered")).toMatchObject(refused);
    expect(await comeBack(callback, sealed({ expiresAtMs: Date.now() - 1 }))).toMatchObject(refused);

    const good = await again();
    const first = await comeBack(good.callback, good.kept);
    expect(first.headers.location).toBe("/");
    expect(await comeBack(good.callback, good.kept)).toMatchObject(refused);
    const refusedAtProvider = new URL(`${publicUrl}/signin/oidc/callback?error=access_denied&iss=${issuer}`);
    expect(await comeBack(refusedAtProvider.href, kept)).toMatchObject(refused);
  });

  test.each(["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])(
    "does not redirect to %s",
    async (next) => {
      const answer = await signInBy("jonas", `?next=${encodeURIComponent(next)}`);
      expect(answer.headers.location).toBe("/");
    },
  );

  test("confirms a session, for the same person only", async () => {
    const session = cookieOf(await signInBy("jonas"), "wheelhouse");
    const old = { confirmed_at: new Date(Date.now() - 10 * 60_000) };
    await it.database.system.updateTable("sessions").set(old).execute();
    const other = await begin("?purpose=step-up");
    expect(new URL(other.location).searchParams.get("prompt")).toBe("login");
    expect(await comeBack(await visit(other.location, "emma"), other.kept, session)).toMatchObject(refused);
    const own = await begin("?purpose=step-up");
    const answer = await comeBack(await visit(own.location, "jonas"), own.kept, session);
    expect(answer.headers.location).toBe("/confirmed");
    const rotated = cookieOf(answer, "wheelhouse");
    expect(rotated).not.toBe(session);
    const rows = await it.database.system.selectFrom("sessions").select("confirmed_at").execute();
    expect(rows.filter(({ confirmed_at }) => confirmed_at > old.confirmed_at)).toHaveLength(1);
    expect((await view(rotated)).statusCode).toBe(200);
  });
});

test("a person without an account gets one if the installation allows it, in that organization only", async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const former = it;
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_PUBLIC_URL: publicUrl,
      WHEELHOUSE_OIDC_ISSUER: issuer,
      WHEELHOUSE_OIDC_CLIENT_ID: "wheelhouse",
      WHEELHOUSE_OIDC_CLIENT_SECRET: "a secret of the client",
      WHEELHOUSE_OIDC_PROVISION: "contoso:viewer",
    },
  });
  const session = (await view(cookieOf(await signInBy("stranger"), "wheelhouse"))).json();
  expect(session.user).toMatchObject({ email: "stranger@elsewhere.example", name: "A Stranger" });
  expect(session.organizations).toMatchObject([{ slug: "contoso", role: "viewer" }]);
  // The provider stays the only way in: such an account cannot get a password by link.
  const admin = await signInAs(it, "admin", "contoso");
  const link = await admin.call("POST", `/members/${session.user.id}/password-reset`);
  expect(link.json().error).toMatchObject({
    code: "conflict",
    message: expect.stringContaining("no password"),
  });
  await it.close();
  it = former;
});

describe("a provider that does not respond", () => {
  const config = {
    issuer: "http://127.0.0.1:9",
    clientId: "c",
    clientSecret: "s",
    name: "n",
    provision: undefined,
  };

  test("is retried after 1, 2 and 4 s, and not called for 30 s after three failures", async () => {
    let nowMs = 0;
    const waits: number[] = [];
    const down = createOidcProvider({
      config,
      clock: { now: () => nowMs },
      wait: async (forMs) => void waits.push(forMs),
    });
    const ask = () => down.begin(`${publicUrl}/signin/oidc/callback`, { fresh: false });
    for (let n = 0; n < 3; n += 1) await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
    expect(waits).toEqual([1_000, 2_000, 4_000, 1_000, 2_000, 4_000, 1_000, 2_000, 4_000]);
    await expect(ask()).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 30 });
    expect(waits).toHaveLength(9);
    nowMs = 30_001;
    await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
    expect(waits).toHaveLength(12);
  });

  test("between the two halves of a sign-in redirects back to the form, which says so", async () => {
    const { location, kept } = await begin();
    const callback = await visit(location, "jonas");
    await new Promise<void>((resolve) => {
      provider.close(() => resolve());
      provider.closeAllConnections();
    });
    const answer = await comeBack(callback, kept);
    expect(answer.headers.location).toBe("/signin?problem=unavailable");
    expect(cookieOf(answer, "wheelhouse")).toBe("");
  });
});
