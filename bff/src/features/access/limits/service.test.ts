import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

let it: TestApp;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: { WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "3" },
  });
});
afterAll(() => it.close());

const fail = (email: string, remoteAddress: string) =>
  it.app.inject({
    method: "POST",
    url: "/api/v1/session",
    payload: { email, password: "x" },
    remoteAddress,
  });

test("every role sees the counters, and nobody sees those of another organization", async () => {
  const admin = await signInAs(it, "admin");
  const foreign = await signInAs(it, "admin", "contoso");
  const root = await signInAs(it, "superadmin", "platform");
  const member = await signInAs(it, "viewer");
  const act = () => admin.call("DELETE", `/invitations/${member.userId}`);
  const answers = [await act(), await act(), await act(), await act()];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 429]);
  await Promise.all([fail("nobody@nowhere.example", "192.0.2.70"), fail("b@nowhere.example", "192.0.2.70")]);

  const own = (await admin.call("GET", "/limits")).json();
  expect(own).toMatchObject({
    available: true,
    acts: { limit: 3, windowSeconds: 3_600, items: [{ organization: { slug: "northwind" }, count: 4 }] },
    members: { count: 0, accounts: 0, windowSeconds: 900 },
    failures: null,
  });
  expect((await foreign.call("GET", "/limits")).json().acts.items).toEqual([]);
  await fail(member.person.email, "192.0.2.71");
  await fail(member.person.email.toUpperCase(), "192.0.2.72");
  const failed = { count: 2, accounts: 1, windowSeconds: 900 };
  for (const role of ["admin", "operator", "auditor"] as const)
    expect((await (await signInAs(it, role)).call("GET", "/limits")).json().members).toEqual(failed);
  expect((await member.call("GET", "/limits")).json().members).toBeNull();
  expect((await foreign.call("GET", "/limits")).json().members).toMatchObject({ count: 0, accounts: 0 });
  const all = (await root.call("GET", "/limits")).json();
  expect(all.acts.items).toMatchObject([{ organization: { slug: "northwind" }, count: 4 }]);
  expect(all.failures).toMatchObject({
    limit: 100,
    windowSeconds: 900,
    signIns: [{ address: "192.0.2.70", count: 2 }, { address: "192.0.2.72" }, { address: "192.0.2.71" }],
    intake: [],
    accounts: 3,
  });
  expect(JSON.stringify(all)).not.toContain("nowhere.example");
  // Every role can read them, so anyone who hits a limit can see why.
  for (const role of ["viewer", "operator", "auditor"] as const)
    expect((await (await signInAs(it, role)).call("GET", "/limits")).json()).toMatchObject({
      acts: { limit: 3, items: [{ organization: { slug: "northwind" }, count: 4 }] },
      failures: null,
    });
  // Readers of the platform do not see where people failed to sign in either.
  const invited = await root.call("POST", "/invitations", {
    payload: { email: "night@platform.example", role: "operator" },
  });
  const accepted = await it.app.inject({
    method: "POST",
    url: "/api/v1/invitations/accept",
    payload: { token: invited.json().path.split("#")[1], name: "Night", password: "a quiet night shift" },
  });
  const [session] = accepted.cookies;
  const watched = await it.app.inject({
    method: "GET",
    url: "/api/v1/limits",
    cookies: { wheelhouse: session?.value ?? "" },
  });
  expect(watched.json()).toMatchObject({
    acts: { items: [{ organization: { slug: "platform" } }] },
    failures: null,
  });
});
