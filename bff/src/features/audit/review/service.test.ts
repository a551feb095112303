import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import type { AuditRetention } from "@wheelhouse/shared/audit/retention.ts";
import type {
  AuditReview,
  AuditReviewDetail,
  AuditReviewGroup,
  AuditReviewItem,
} from "@wheelhouse/shared/audit/review.ts";
import type { AuditView } from "@wheelhouse/shared/audit/views.ts";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;

let it: TestApp;
let admin: Person;
let auditor: Person;
let superadmin: Person;
let viewer: Person;
const northwind = { "x-wheelhouse-organization": "northwind" };
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  admin = await signInAs(it, "admin");
  auditor = await signInAs(it, "auditor");
  viewer = await signInAs(it, "viewer");
  superadmin = await signInAs(it, "superadmin", "platform");
});
afterAll(() => it.close());

async function ask<T>(
  person: Person,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  payload?: object,
  status = 200,
): Promise<T> {
  const answer = await person.call(method, path, { headers: northwind, ...(payload ? { payload } : {}) });
  expect(answer.statusCode, answer.body).toBe(status);
  return JSON.parse(answer.body || "null");
}
const trail = async (query: string) =>
  (await ask<{ items: AuditEvent[] }>(auditor, "GET", `/audit/events?limit=200&${query}`)).items;

const waitingForLocks = async () => {
  const { rows } = await sql`
    select from pg_locks l join pg_stat_activity a using (pid)
    where not l.granted and a.datname = current_database()`.execute(it.database.system);
  return rows.length;
};

const day = () => ({
  from: new Date(Date.now() - 86_400_000).toISOString(),
  to: new Date(Date.now() + 86_400_000).toISOString(),
});

describe("saved views", () => {
  test("a shared view is visible to everyone and can only be changed by its owner; each change is in the trail", async () => {
    const filter = { class: ["access"], outcome: ["denied" as const] };
    const own = await ask<AuditView>(
      viewer,
      "POST",
      "/audit/views",
      { name: "Mine", shared: false, filter },
      201,
    );
    const shared = await ask<AuditView>(
      admin,
      "POST",
      "/audit/views",
      { name: "Sign-ins", shared: true, filter },
      201,
    );
    const seen = await ask<{ items: AuditView[] }>(viewer, "GET", "/audit/views");
    expect(seen.items.map(({ name, isMine }) => [name, isMine])).toEqual([
      ["Mine", true],
      ["Sign-ins", false],
    ]);
    expect((await ask<{ items: AuditView[] }>(admin, "GET", "/audit/views")).items).toHaveLength(1);
    await ask(viewer, "PUT", `/audit/views/${shared.id}`, { name: "x", shared: true, filter: {} }, 404);
    await ask(viewer, "DELETE", `/audit/views/${shared.id}`, undefined, 404);
    await ask(admin, "POST", "/audit/views", { name: "sign-INS", shared: false, filter }, 409);
    await ask(admin, "PUT", `/audit/views/${shared.id}`, { name: "Denied", shared: true, filter });
    await ask(viewer, "DELETE", `/audit/views/${own.id}`, undefined, 204);
    const acts = (await trail("q=audit%20view&outcome=success")).map(({ action }) => action);
    expect(acts.toSorted()).toEqual([
      "audit.view.create",
      "audit.view.create",
      "audit.view.delete",
      "audit.view.update",
    ]);
  });
});

describe("sign-off", () => {
  test("a period is reviewed and signed; nobody reviews their own actions; later changes are reported", async () => {
    await ask(admin, "POST", "/audit/reviews", { name: "Week", ...day() }, 403);
    const asked = { name: "Week 47", ...day(), filter: { action: ["access.session.create"] } };
    const review = await ask<AuditReview>(auditor, "POST", "/audit/reviews", asked, 201);
    const path = `/audit/reviews/${review.id}`;
    const { items } = await ask<{ items: AuditReviewItem[] }>(auditor, "GET", `${path}/items`);
    const gathered = review.progress.events;
    expect(gathered).toBeGreaterThanOrEqual(3);
    expect(items).toHaveLength(gathered);
    expect(review.progress).toMatchObject({ open: gathered, ownOpen: 1, reviewed: 0 });
    const own = items.filter(({ isOwn }) => isOwn).map(({ auditId }) => auditId);
    const others = items.filter(({ isOwn }) => !isOwn).map(({ auditId }) => auditId);

    await ask(auditor, "POST", `${path}/marks`, { events: own, mark: "reviewed" }, 409);
    const [flagged, ...rest] = others;
    await ask(auditor, "POST", `${path}/marks`, { events: [flagged], mark: "flagged" }, 400);
    await ask(auditor, "POST", `${path}/marks`, {
      events: [flagged],
      mark: "flagged",
      comment: "Was this agreed?",
    });
    await ask(auditor, "POST", `${path}/marks`, { events: rest, mark: "reviewed" });
    await ask(auditor, "POST", `${path}/marks`, { events: rest, mark: "settled" }, 409);
    await ask(auditor, "POST", `${path}/sign`, { notReviewed: 1 }, 409);
    await ask(auditor, "POST", `${path}/marks`, { events: [flagged], mark: "settled", comment: "It was." });
    await ask(auditor, "POST", `${path}/sign`, { notReviewed: 0 }, 409);
    await ask(admin, "POST", `${path}/sign`, { notReviewed: 1 }, 403);
    const sign = { headers: northwind, payload: { notReviewed: 1, comment: "Fine" } };
    // Both have started before either can continue.
    const asking = await it.database.asOrganizations([auditor.organizationId], async (tx) => {
      await sql`select from audit_reviews where id = ${review.id}::uuid for update`.execute(tx);
      const signing = [1, 2].map(() => auditor.call("POST", `${path}/sign`, sign));
      await expect.poll(waitingForLocks).toBe(2);
      return { signing };
    });
    const both = await Promise.all(asking.signing);
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
    const signed = await ask<AuditReview>(auditor, "GET", path);
    expect(signed.signed).toMatchObject({ id: auditor.userId, notReviewed: 1, comment: "Fine" });
    expect(signed.progress).toMatchObject({ comments: 2, flagged: 1, settled: 1, ownOpen: 1 });

    await ask(auditor, "POST", `${path}/sign`, { notReviewed: 1 }, 409);
    await ask(superadmin, "POST", `${path}/marks`, { events: rest, mark: "open" }, 409);
    await ask(superadmin, "POST", `${path}/marks`, { events: own, mark: "reviewed" });
    expect((await ask<AuditReview>(viewer, "GET", path)).progress).toMatchObject({ open: 0, ownOpen: 0 });

    await signInAs(it, "viewer");
    expect((await auditor.call("GET", "/audit/verify")).statusCode).toBe(200);
    const later = await ask<AuditReviewDetail>(viewer, "GET", path);
    expect(later.since).toMatchObject({ newEvents: 1, isMore: false, expiredEvents: 0, headHolds: true });
    expect(later.since.verification).toMatchObject({ problem: null });
    const [act] = await trail("action=audit.review.sign&outcome=success");
    expect(act?.after).toMatchObject({
      coveredSeq: review.coveredSeq,
      coveredHash: review.coveredHash,
      notReviewed: 1,
    });
    const list = await ask<{ items: AuditReview[] }>(viewer, "GET", "/audit/reviews");
    expect(list.items.map(({ id }) => id)).toContain(review.id);
    // Simulates a rewritten chain: the covered event now has another hash than the signed one.
    await it.database.asOrganizations([auditor.organizationId], (tx) =>
      sql`update audit_reviews set covered_hash = ${"0".repeat(64)} where id = ${review.id}::uuid`.execute(
        tx,
      ),
    );
    expect((await ask<AuditReviewDetail>(viewer, "GET", path)).since.headHolds).toBe(false);
    const elsewhere = await superadmin.call("GET", path);
    expect(elsewhere.statusCode).toBe(404);
  });
});

test("the events of one actor and action are marked in one act, if they are as many as were shown and of somebody else", async () => {
  const from = new Date().toISOString();
  for (const person of [admin, admin, admin, auditor])
    await ask(person, "POST", "/audit/views", { name: crypto.randomUUID(), shared: false, filter: {} }, 201);
  const review = await ask<AuditReview>(
    auditor,
    "POST",
    "/audit/reviews",
    { name: "Groups", from, to: day().to, filter: { action: ["audit.view.create"] } },
    201,
  );
  const path = `/audit/reviews/${review.id}`;
  const groups = await ask<{ items: AuditReviewGroup[] }>(auditor, "GET", `${path}/groups`);
  expect(groups.items).toMatchObject([
    { actor: admin.userId, actorName: "Priya Raman", events: 3, open: 3, refused: 0, isOwn: false },
    { actor: auditor.userId, action: "audit.view.create", events: 1, open: 1, isOwn: true },
  ]);
  const group = { actor: admin.userId, action: "audit.view.create" };
  const query = new URLSearchParams(group);
  const { items } = await ask<{ items: AuditReviewItem[] }>(auditor, "GET", `${path}/items?${query}`);
  expect(items.map(({ event }) => event?.actor.id)).toEqual([admin.userId, admin.userId, admin.userId]);

  const mark = `${path}/groups/marks`;
  await ask(admin, "POST", mark, { ...group, open: 3 }, 403);
  await ask(auditor, "POST", mark, { ...group, open: 2 }, 409);
  await ask(auditor, "POST", mark, { ...group, actor: auditor.userId, open: 1 }, 409);
  const marked = await ask<AuditReview>(auditor, "POST", mark, { ...group, open: 3 });
  expect(marked.progress).toMatchObject({ reviewed: 3, open: 1, ownOpen: 1 });
  const acts = await trail("action=audit.review.mark&outcome=success");
  expect(acts.filter(({ targets }) => targets[0]?.id === review.id).map(({ after }) => after)).toEqual([
    { mark: "reviewed", count: 3, actorName: "Priya Raman", actor: group.actor, action: group.action },
  ]);
});

describe("retention", () => {
  test("an admin changes it, an auditor reads it; holds are placed and released; all of it is in the trail", async () => {
    await ask(auditor, "PUT", "/audit/retention", { keepDays: 400 }, 403);
    await ask(admin, "PUT", "/audit/retention", { keepDays: 0 }, 400);
    expect(await ask<AuditRetention>(admin, "PUT", "/audit/retention", { keepDays: 400 })).toMatchObject({
      keepDays: 400,
    });
    const held = await ask<AuditRetention>(admin, "POST", "/audit/holds", { reason: "Case 12" }, 201);
    expect(held.holds).toMatchObject([{ reason: "Case 12", placedBy: "Priya Raman" }]);
    expect(await ask<AuditRetention>(auditor, "GET", "/audit/retention")).toMatchObject({
      keepDays: 400,
      expiredToSeq: 0,
      expiredCheckpoint: null,
      holds: [{ reason: "Case 12" }],
    });
    const released = await ask<AuditRetention>(admin, "DELETE", `/audit/holds/${held.holds[0]?.id}`);
    expect(released.holds).toEqual([]);
    await ask(admin, "DELETE", `/audit/holds/${held.holds[0]?.id}`, undefined, 404);
    const acts = (
      await trail("action=audit.retention.update,audit.hold.place,audit.hold.release&outcome=success")
    ).map(({ action, before, after }) => ({ action, before, after }));
    expect(acts).toMatchObject([
      { action: "audit.hold.release" },
      { action: "audit.hold.place" },
      { action: "audit.retention.update", before: { keepDays: null }, after: { keepDays: 400 } },
    ]);
  });
});

describe("a signature says how many events come from accounts close to their reviewer", () => {
  /** The actor acts once from each address; a reviewer marks both and signs from 127.0.0.1. */
  async function reviewed(
    reviewer: Pick<Person, "call">,
    addresses: readonly string[],
    actor: Pick<Person, "call"> = admin,
  ) {
    const from = new Date().toISOString();
    for (const remoteAddress of addresses) {
      const payload = { name: crypto.randomUUID(), shared: false, filter: {} };
      const made = await actor.call("POST", "/audit/views", { payload, remoteAddress });
      expect(made.statusCode, made.body).toBe(201);
    }
    const asked = { name: "Close", from, to: day().to, filter: { action: ["audit.view.create"] } };
    const opened = await reviewer.call("POST", "/audit/reviews", { payload: asked });
    expect(opened.statusCode, opened.body).toBe(201);
    const path = `/audit/reviews/${opened.json().id}`;
    const { items } = (await reviewer.call("GET", `${path}/items`)).json();
    const events = items.map(({ auditId }: AuditReviewItem) => auditId);
    expect(events).toHaveLength(addresses.length);
    await reviewer.call("POST", `${path}/marks`, { payload: { events, mark: "reviewed" } });
    const signed = await reviewer.call("POST", `${path}/sign`, { payload: { notReviewed: 0 } });
    expect(signed.statusCode, signed.body).toBe(200);
    const [act] = await trail("action=audit.review.sign&outcome=success");
    return { signed: signed.json().signed, act };
  }

  /** A new account that the admin invited. */
  async function invite(role: "viewer" | "auditor"): Promise<Pick<Person, "call">> {
    const email = `${crypto.randomUUID()}@northwind.example`;
    const invited = await admin.call("POST", "/invitations", { payload: { email, role } });
    const accepted = await it.app.inject({
      method: "POST",
      url: "/api/v1/invitations/accept",
      payload: {
        token: invited.json().path.split("#")[1],
        name: "Second",
        password: "another long passphrase",
      },
    });
    const [cookie] = accepted.cookies;
    const headers = { cookie: `wheelhouse=${cookie?.value}`, "sec-fetch-site": "same-origin" };
    return {
      call: (method, path, { payload, remoteAddress = "127.0.0.1" } = {}) =>
        it.app.inject({
          method,
          url: `/api/v1${path}`,
          headers,
          remoteAddress,
          ...(payload ? { payload } : {}),
        }),
    };
  }

  test("none for a reviewer who has nothing to do with the actor", async () => {
    const { signed } = await reviewed(auditor, ["192.0.2.10", "192.0.2.11"]);
    expect(signed).toMatchObject({ sameInviter: 0, sameAddress: 0 });
  });

  test("those from the address of the signature", async () => {
    const { signed, act } = await reviewed(auditor, ["192.0.2.10", "127.0.0.1"]);
    expect(signed).toMatchObject({ sameInviter: 0, sameAddress: 1 });
    expect(act?.after).toMatchObject({ sameInviter: 0, sameAddress: 1 });
  });

  test("those of an admin who invited the reviewer, in the review and in the trail", async () => {
    const second = await invite("auditor");
    const { signed, act } = await reviewed(second, ["192.0.2.10", "192.0.2.11"]);
    expect(signed).toMatchObject({ sameInviter: 2, sameAddress: 0 });
    expect(act?.after).toMatchObject({ sameInviter: 2, sameAddress: 0 });
  });

  test("those of an account with the same inviter", async () => {
    const [actor, reviewer] = [await invite("viewer"), await invite("auditor")];
    const { signed } = await reviewed(reviewer, ["192.0.2.10"], actor);
    expect(signed).toMatchObject({ sameInviter: 1, sameAddress: 0 });
  });
});

test("content that expired since a review was signed is counted, and its marks stay", async () => {
  const asked = { name: "Gone", ...day(), filter: { action: ["access.session.create"] } };
  const review = await ask<AuditReview>(auditor, "POST", "/audit/reviews", asked, 201);
  const path = `/audit/reviews/${review.id}`;
  const items = async () =>
    (await ask<{ items: AuditReviewItem[] }>(auditor, "GET", `${path}/items`)).items.reverse();
  const [first, second] = await items();
  expect(review.progress.events).toBeGreaterThan(2);
  await it.database.system
    .insertInto("audit_checkpoints")
    .values({
      org_id: auditor.organizationId,
      line: JSON.stringify({
        orgId: auditor.organizationId,
        number: 1,
        keyId: "test",
        seq: review.coveredSeq,
        hash: review.coveredHash,
      }),
    })
    .execute();
  await sql`select wheelhouse.audit_expire(${auditor.organizationId}::uuid, ${second?.seq})`.execute(
    it.database.system,
  );
  const { since, progress } = await ask<AuditReviewDetail>(auditor, "GET", path);
  expect(since).toMatchObject({ expiredEvents: 2, newEvents: 0, headHolds: true });
  expect(progress.events).toBe(review.progress.events);
  const left = await items();
  expect([left[0]?.seq, left[0]?.event, left[1]?.event]).toEqual([first?.seq, null, null]);
  expect(left[2]?.event).not.toBeNull();
});
