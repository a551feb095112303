import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";
import { demandGoodPassword } from "./password-rules.ts";

const good = "seven grey herons wade";
const better = "nine tall poplars lean";

describe("a password", () => {
  const person = { email: "emma.lindqvist@northwind.example", name: "Emma Lindqvist" };
  const take = (password: string) => () => demandGoodPassword("body.newPassword", password, person);

  test.each([
    ["too short", "elevenchars", /at least 12/],
    ["too long", "x1".repeat(513), /at most 1024/],
    ["a common guess", "Password1234", /too easy to guess/],
    ["a common guess with symbols in it", "correct horse battery-staple", /too easy to guess/],
    ["one's own address", "Emma.Lindqvist@northwind.example", /own name or address/],
    ["one's own name with a year", "EmmaLindqvist2026", /own name or address/],
    ["the product's name", "wheelhouse2026!", /own name or address/],
    ["one character", "aaaaaaaaaaaaaaaa", /repeated or adjacent/],
    ["a sequence", "abcdefghijklmnop", /repeated or adjacent/],
    ["a descending sequence of digits", "9876543210987", /repeated or adjacent/],
  ])("that is %s is refused with the field's name", (_, password, reason) => {
    expect(take(password)).toThrow(reason);
    expect(take(password)).toThrow(/^body\.newPassword/);
  });

  test.each([good, "æøå æøå 12 ñandú", "correct horse battery staple and more"])(
    "%s is accepted",
    (password) => {
      expect(take(password)).not.toThrow();
    },
  );
});

describe("changing a password", () => {
  let it: TestApp;
  beforeAll(async () => {
    const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    it = await startTestApp({ urls, redisUrl: redis.url });
  });
  afterAll(() => it.close());

  const signIn = (email: string, password: string) =>
    it.app.inject({ method: "POST", url: "/api/v1/session", payload: { email, password } });
  const redeem = (token: string, newPassword: string, remoteAddress = "127.0.0.1") =>
    it.app.inject({
      method: "POST",
      url: "/api/v1/session/password-reset",
      payload: { token, newPassword },
      remoteAddress,
    });
  const tokenOf = (path: string) => /^\/reset#([\w-]{43})$/.exec(path)?.[1] ?? "";

  test("requires the current one, ends other sessions, and gives this one a new token", async () => {
    const other = await signInAs(it, "operator");
    const here = await signInAs(it, "operator");
    const change = (currentPassword: string, newPassword: string) =>
      here.call("PUT", "/session/password", { payload: { currentPassword, newPassword } });
    const wrong = await change("not mine", good);
    expect(wrong.json().error.details).toEqual([{ field: "body.currentPassword", message: "is wrong" }]);
    const short = await change(here.person.password, "short");
    expect(short.json().error.details[0].field).toBe("body.newPassword");
    const same = await change(here.person.password, here.person.password);
    expect(same.json().error.details[0].message).toBe("is your current password");

    const done = await change(here.person.password, good);
    expect(done.json()).toEqual({ ended: 1 });
    expect((await other.call("GET", "/session")).statusCode).toBe(401);
    const headers = { cookie: `wheelhouse=${done.cookies[0]?.value}` };
    expect((await here.call("GET", "/session", { headers })).statusCode).toBe(200);
    expect((await here.call("DELETE", "/session")).statusCode).toBe(401);
    expect((await signIn(here.person.email, here.person.password)).statusCode).toBe(401);
    expect((await signIn(here.person.email, good)).statusCode).toBe(200);
  });

  test("is possible by an administrator's link: once, with the newest link only, and all sessions end", async () => {
    const admin = await signInAs(it, "admin");
    const member = await signInAs(it, "viewer");
    const issue = () => admin.call("POST", `/members/${member.userId}/password-reset`);
    const [first, second] = [await issue(), await issue()];
    expect(second.statusCode).toBe(201);
    const [former, token] = [tokenOf(first.json().path), tokenOf(second.json().path)];
    expect(token).not.toBe("");
    expect(Date.parse(second.json().expiresAt) - Date.now()).toBeGreaterThan(59 * 60_000);
    const resets = await it.database.system.selectFrom("password_resets").selectAll().execute();
    expect(JSON.stringify(resets)).not.toContain(token);

    expect((await redeem(former, good)).json().error.details[0].field).toBe("body.token");
    expect((await redeem(token, "short")).json().error.details[0].field).toBe("body.newPassword");
    const answers = await Promise.all([redeem(token, better), redeem(token, better)]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 400]);
    expect(answers.flatMap(({ cookies }) => cookies)).toEqual([]);
    expect((await redeem(token, good)).statusCode).toBe(400);
    expect((await member.call("GET", "/session")).statusCode).toBe(401);
    expect((await signIn(member.person.email, better)).statusCode).toBe(200);

    const events = await admin.call(
      "GET",
      "/audit/events?action=access.password.reset-link,access.password.reset",
    );
    expect(events.json().items).toMatchObject([
      { action: "access.password.reset", actor: { id: member.userId }, targets: [{ id: member.userId }] },
      { action: "access.password.reset-link", actor: { display: "Priya Raman" } },
      { action: "access.password.reset-link" },
    ]);
    expect(JSON.stringify(events.json())).not.toContain(token);
  });

  test("is not possible by an expired link, nor for a deactivated account", async () => {
    const admin = await signInAs(it, "admin", "contoso");
    const member = await signInAs(it, "viewer", "contoso");
    const answer = await admin.call("POST", `/members/${member.userId}/password-reset`);
    const token = tokenOf(answer.json().path);
    const reset = it.database.system.updateTable("password_resets").where("ended_at", "is", null);
    await reset.set({ expires_at: new Date(Date.now() - 1_000) }).execute();
    expect((await redeem(token, better)).statusCode).toBe(400);
    await reset.set({ expires_at: new Date(Date.now() + 60_000) }).execute();
    const close = (disabled_at: Date | null) =>
      it.database.system.updateTable("users").set({ disabled_at }).where("id", "=", member.userId).execute();
    await close(new Date());
    expect((await redeem(token, better)).statusCode).toBe(400);
    expect((await admin.call("POST", `/members/${member.userId}/password-reset`)).statusCode).toBe(409);
    await close(null);
    expect((await redeem(token, better)).statusCode).toBe(204);
  });

  test("is not available to an administrator of only some of the person's memberships, and requires a step-up", async () => {
    const admin = await signInAs(it, "admin");
    const foreign = await signInAs(it, "admin", "contoso");
    const root = await signInAs(it, "superadmin", "platform");
    const path = (userId: string) => `/members/${userId}/password-reset`;
    expect((await admin.call("POST", path(foreign.userId))).statusCode).toBe(404);
    expect((await admin.call("POST", path(root.userId))).statusCode).toBe(404);
    for (const user_id of [foreign.userId, root.userId])
      await it.database.system
        .insertInto("memberships")
        .values({ user_id, org_id: admin.organizationId, role: "viewer" })
        .execute();
    expect((await admin.call("POST", path(foreign.userId))).statusCode).toBe(403);
    expect((await admin.call("POST", path(root.userId))).statusCode).toBe(403);
    const asked = { headers: { "x-wheelhouse-organization": "northwind" } };
    expect((await root.call("POST", path(foreign.userId), asked)).statusCode).toBe(201);

    await it.database.system
      .updateTable("sessions")
      .set({ confirmed_at: new Date(Date.now() - 6 * 60_000) })
      .where("user_id", "=", admin.userId)
      .execute();
    const later = await admin.call("POST", path(admin.userId));
    expect(later.json().error.code).toBe("step_up_required");
    const confirmed = await admin.call("POST", "/session/step-up", {
      payload: { password: admin.person.password },
    });
    const headers = { cookie: `wheelhouse=${confirmed.cookies[0]?.value}` };
    expect((await admin.call("POST", path(admin.userId), { headers })).statusCode).toBe(201);
  });
});
