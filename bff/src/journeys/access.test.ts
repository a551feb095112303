import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { type Callers, everybody, type Letter, makeCallers, places } from "#testing/access-callers.ts";
import { expectations, reach } from "#testing/access-expectations.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

/*
 * Every operation that the application describes, called by everybody from everywhere. The requests change nothing even
 * if they are allowed: bodies are empty and ids belong to nobody. So any answer that is not a refusal counts as "let
 * in".
 */
type Place = keyof typeof places | "none";
type Operation = { key: string; method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"; url: string };

let it: TestApp;
let callers: Callers;
let operations: Operation[] = [];
const nobodysId = "01900000-0000-7000-8000-0000000000aa";
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

// Hundreds of requests per test: 2 s on an idle machine, and a busy one must not make it fail.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: {
      WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "1000000",
      WHEELHOUSE_RATE_LIMIT_FAILURES_PER_15_MIN: "1000000",
    },
  });
  callers = await makeCallers(it, urls.adminUrl);
  const description = await it.app.inject({
    method: "GET",
    url: "/openapi.json",
    headers: withSession(await callers.session("V")),
  });
  operations = Object.entries<object>(description.json().paths).flatMap(([path, byMethod]) =>
    methods
      .filter((method) => method.toLowerCase() in byMethod)
      .map((method) => ({
        key: `${method} ${path}`,
        method,
        url: path.replace(/\{\w+\}/g, nobodysId),
      })),
  );
  // The description does not list itself.
  operations.push({ key: "GET /openapi.json", method: "GET", url: "/openapi.json" });
});
afterAll(() => it.close());

async function ask({ method, url }: Operation, credential: Record<string, string>, place: Place) {
  const answer = await it.app.inject({
    method,
    url,
    headers: {
      ...credential,
      "sec-fetch-site": "same-origin",
      ...(place === "none" ? {} : { "x-wheelhouse-organization": places[place] }),
    },
    ...(method === "GET" ? {} : { payload: {} }),
  });
  const code = answer.headers["content-type"]?.toString().includes("application/json")
    ? answer.json()?.error?.code
    : "";
  // Asking for the password again means that the caller was let in.
  return { status: answer.statusCode, refused: answer.statusCode === 403 && code !== "step_up_required" };
}
const withSession = (token: string) => ({ cookie: `wheelhouse=${token}` });
const withToken = (token: string) => ({ authorization: `Bearer ${token}` });
const expected = (key: string) => expectations[key] ?? "";
const asksForCredentials = () => operations.filter(({ key }) => expected(key) !== "anyone");

/** The table's expectation for a caller at a place. */
function mayCall(key: string, letter: Letter | "T", place: Place): boolean {
  const rule = expected(key);
  if (rule === "anyone") return true;
  const isThere = place === "own" || place === "none" || reach[place].split(" ").includes(letter);
  return isThere && (rule === "signed in" ? letter !== "T" : rule.split(" ").includes(letter));
}

test("every operation has an entry in the expectations, and every entry an operation", () => {
  const described = operations.map(({ key }) => key);
  expect(described.length).toBeGreaterThan(30);
  const written = Object.keys(expectations).filter((key) => !key.startsWith("live "));
  expect(described.filter((key) => !written.includes(key))).toEqual([]);
  expect(written.filter((key) => !described.includes(key))).toEqual([]);
});

/** As many requests at once as keep the machine busy: one after another, the sweep would wait for the database. */
const atOnce = 16;
async function forEach<T>(all: readonly T[], act: (one: T) => Promise<void>) {
  const next = all.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const one of next) await act(one);
    }),
  );
}

describe("every operation, called", () => {
  const everywhere: Place[] = ["own", "parent", "child", "foreign", "none"];
  // Ends the session that calls it.
  const ending = "DELETE /api/v1/session";
  const calls = (keep: (key: string) => boolean) =>
    operations
      .filter(({ key }) => keep(key))
      .flatMap((operation) => everywhere.map((place) => ({ operation, place })));

  test.each(everybody)("by %s, is open where the table says so and nowhere else", async (who) => {
    const wrong: string[] = [];
    const compare = async (token: string, operation: Operation, place: Place) => {
      const { status, refused } = await ask(operation, withSession(token), place);
      // Signatures are checked by the webhook intake itself.
      const unknown = status === 401 && !operation.key.startsWith("POST /hooks/");
      if (refused === mayCall(operation.key, who, place) || unknown || status >= 500)
        wrong.push(`${operation.key} in ${place}: ${status}`);
    };
    const token = await callers.session(who);
    await forEach(
      calls((key) => key !== ending),
      ({ operation, place }) => compare(token, operation, place),
    );
    await forEach(
      calls((key) => key === ending),
      async ({ operation, place }) => compare(await callers.session(who), operation, place),
    );
    expect(wrong).toEqual([]);
  });

  test("by a token with every right that a token can carry, is open in its own organization only", async () => {
    const token = await callers.apiToken();
    const wrong: string[] = [];
    await forEach(
      calls(() => true),
      async ({ operation, place }) => {
        const { status, refused } = await ask(operation, withToken(token), place);
        if (refused === mayCall(operation.key, "T", place) || status >= 500)
          wrong.push(`${operation.key} in ${place}: ${status}`);
      },
    );
    expect(wrong).toEqual([]);
  });
});

describe("invalid credentials", () => {
  const hourAgo = () => new Date(Date.now() - 3_600_000);
  const kinds: Record<string, () => Promise<Record<string, string>>> = {
    "no credentials": async () => ({}),
    "an expired session": async () => withSession(await callers.session("S", { expires_at: hourAgo() })),
    "an idle session": async () =>
      withSession(await callers.session("S", { last_seen_at: new Date(Date.now() - 13 * 3_600_000) })),
    "a revoked session": async () => withSession(await callers.session("S", { revoked_at: new Date() })),
    "a made-up session": async () => withSession("A".repeat(43)),
    "a malformed session": async () => withSession("%00;drop"),
    "a revoked session as a bearer": async () =>
      withToken(await callers.session("S", { revoked_at: new Date() })),
    "an expired token": async () => withToken(await callers.apiToken({ expires_at: hourAgo() })),
    "a revoked token": async () => withToken(await callers.apiToken({ revoked_at: new Date() })),
    "a token cut short": async () => withToken((await callers.apiToken()).slice(0, -1)),
    "a token with a wrong checksum": async () => {
      const token = await callers.apiToken();
      return withToken(token.slice(0, -1) + (token.endsWith("a") ? "b" : "a"));
    },
    "a malformed authorization": async () => ({ authorization: "Basic Zm9vOmJhcg==" }),
  };

  test.each(Object.entries(kinds))("such as %s open nothing that requires them", async (_, make) => {
    const credential = await make();
    const wrong: string[] = [];
    await forEach(asksForCredentials(), async (operation) => {
      const { status } = await ask(operation, credential, "own");
      if (status !== 401) wrong.push(`${operation.key}: ${status}`);
    });
    expect(wrong).toEqual([]);
  });

  test("a token whose creator was deactivated opens nothing", async () => {
    const token = await callers.apiToken({ created_by: callers.idOf("A") });
    const disable = (disabled_at: Date | null) =>
      it.database.system
        .updateTable("users")
        .set({ disabled_at })
        .where("id", "=", callers.idOf("A"))
        .execute();
    await disable(new Date());
    const statuses = new Set<number>();
    await forEach(asksForCredentials(), async (operation) => {
      statuses.add((await ask(operation, withToken(token), "own")).status);
    });
    await disable(null);
    expect(statuses).toEqual(new Set([401]));
  });

  test("a session token that was just rotated away can read but changes nothing", async () => {
    const credential = withSession(await callers.session("S", { previous: true }));
    const wrong: string[] = [];
    await forEach(asksForCredentials(), async (operation) => {
      const { status } = await ask(operation, credential, "own");
      if ((status === 401) !== (operation.method !== "GET")) wrong.push(`${operation.key}: ${status}`);
    });
    expect(wrong).toEqual([]);
  });

  test("a change with only a cookie, from another site, is refused", async () => {
    const token = await callers.session("S");
    const wrong: string[] = [];
    const changing = operations.filter(({ key, method }) => method !== "GET" && !key.includes("/hooks/"));
    await forEach(changing, async ({ key, method, url }) => {
      const headers = {
        ...withSession(token),
        "sec-fetch-site": "cross-site",
        origin: "https://evil.example",
      };
      const answer = await it.app.inject({ method, url, headers, payload: {} });
      if (answer.statusCode !== 403) wrong.push(`${key}: ${answer.statusCode}`);
    });
    expect(wrong).toEqual([]);
  });
});
