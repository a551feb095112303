import { type AuditEvent, listAuditEvents } from "@wheelhouse/shared/audit/audit.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;
type Events = { items: AuditEvent[]; nextCursor: string | null };

let it: TestApp;
let admin: Person;
let auditor: Person;
let viewer: Person;
let childId: string;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({
    urls,
    redisUrl: redis.url,
    environment: { WHEELHOUSE_RATE_LIMIT_MUTATIONS_PER_HOUR: "6" },
  });
  [admin, auditor, viewer] = await Promise.all([
    signInAs(it, "admin"),
    signInAs(it, "auditor"),
    signInAs(it, "viewer"),
  ]);
  childId = (await admin.call("GET", "/session")).json().organizations[1].id;
});
afterAll(() => it.close());

async function list(person: Person, query = "", organization?: string): Promise<Events> {
  const headers = organization ? { "x-wheelhouse-organization": organization } : {};
  const answer = await person.call("GET", `/audit/events?${query}`, { headers });
  expect(answer.statusCode, answer.body).toBe(200);
  const page: unknown = answer.json();
  // The server does not validate this page, so check here that it matches the contract exactly.
  expect(listAuditEvents.response.parse(page)).toEqual(page);
  return listAuditEvents.response.parse(page);
}

describe("the trail's list", () => {
  test("finds events by actor, action, target, outcome, time and text, alone and combined", async () => {
    expect((await viewer.call("GET", "/audit/verify")).statusCode).toBe(403);
    const all = (await list(auditor, "limit=200")).items;
    const mine = ({ actor }: AuditEvent) => actor.id === admin.userId;
    const expectSame = async (query: string, matches: (event: AuditEvent) => boolean) => {
      const found = (await list(auditor, `limit=200&${query}`)).items.map(({ id }) => id);
      const wanted = all.filter(matches).map(({ id }) => id);
      expect(
        found.filter((id) => all.some((event) => event.id === id)),
        query,
      ).toEqual(wanted);
      expect(wanted.length, query).toBeGreaterThan(0);
    };
    await expectSame(`actor=${admin.userId}`, mine);
    await expectSame("actor=Priya%20Raman", mine);
    await expectSame(`action=access.session.create`, ({ action }) => action === "access.session.create");
    await expectSame(`target=${admin.userId}`, ({ targets }) =>
      targets.some(({ id }) => id === admin.userId),
    );
    const both = [admin.userId, viewer.userId];
    await expectSame(`actor=${both.join()},${admin.userId}`, ({ actor }) => both.includes(actor.id ?? ""));
    await expectSame(
      `actor=${admin.userId}&action=access.session.create,audit.trail.read&outcome=success,denied`,
      (event) => mine(event) && event.action === "access.session.create",
    );
    await expectSame("target=Priya%20Raman", mine);
    await expectSame("q=priya", mine);
    await expectSame("outcome=success&q=RAMAN&action=access.session.create", mine);
    await expectSame("outcome=denied,failure", ({ outcome }) => outcome !== "success");
    await expectSame("outcome=denied,success", () => true);
    const to = all[0]?.recordedAt ?? "";
    await expectSame(`to=${to}`, ({ recordedAt }) => recordedAt < to);
    await expectSame(
      `from=${to}&actor=${all[0]?.actor.id}`,
      ({ recordedAt, actor }) => recordedAt >= to && actor.id === all[0]?.actor.id,
    );
    // Without the readings of this test, which hold what they asked for.
    for (const query of [
      `q=no-such-text&to=${to}`,
      `q=%25&to=${to}`,
      `q=_____&to=${to}`,
      "target=Priya",
      "actor=nobody",
      `from=2100-01-01T00:00:00Z`,
    ])
      expect((await list(auditor, query)).items, query).toEqual([]);
  });

  test("pages from the newest to the oldest without gaps or duplicates while events are added", async () => {
    const before = (await list(auditor, "limit=200")).items.map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Events = await list(auditor, `limit=2${cursor ? `&cursor=${cursor}` : ""}`);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor && seen.length < 5) await signInAs(it, "viewer");
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => before.includes(id))).toEqual(before);
  });

  test("shows only the active organization, and those below with includeChildren", async () => {
    const payload = { organizationId: childId };
    const other = await signInAs(it, "admin");
    expect((await other.call("PUT", "/session/organization", { payload })).statusCode).toBe(200);
    const own = (await list(auditor, "limit=200")).items;
    expect(new Set(own.map(({ organizationName }) => organizationName))).toEqual(new Set(["Northwind"]));
    const tree = (await list(auditor, "limit=200&includeChildren=1")).items;
    expect(new Set(tree.map(({ organizationName }) => organizationName))).toEqual(
      new Set(["Northwind", "Northwind EU"]),
    );
    expect(tree.map(({ recordedAt }) => recordedAt)).toEqual(
      tree
        .map(({ recordedAt }) => recordedAt)
        .toSorted()
        .toReversed(),
    );
    // A viewer's right ends at the organization in which it was granted.
    const seen = (await list(viewer, "limit=200&includeChildren=1")).items;
    expect(seen.some(({ organizationName }) => organizationName === "Northwind EU")).toBe(false);
    expect((await list(auditor, "", "northwind-eu")).items[0]?.organizationId).toBe(childId);
  });
});

describe("one event", () => {
  test("includes its position in the chain, linked to its neighbors", async () => {
    const [newer, older] = (await list(auditor, "limit=2")).items;
    const read = async (id: string | undefined) => (await auditor.call("GET", `/audit/events/${id}`)).json();
    const [first, second] = [await read(older?.id), await read(newer?.id)];
    expect(first).toMatchObject({ ...older, proof: { hash: second.proof.previousHash } });
    expect(first.proof.nextHash).toBe(second.proof.hash);
    expect(second.proof.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("of another organization is a 404, like one that does not exist", async () => {
    const foreign = await signInAs(it, "admin", "contoso");
    const [event] = (await list(foreign)).items;
    const answer = await admin.call("GET", `/audit/events/${event?.id}`);
    const unknown = await admin.call("GET", "/audit/events/01900000-0000-7000-8000-0000000000aa");
    expect([answer.statusCode, unknown.statusCode]).toEqual([404, 404]);
    expect({ ...answer.json().error, requestId: "" }).toEqual({ ...unknown.json().error, requestId: "" });
  });
});

test("reading the trail is recorded once per session and filter, however many pages are read", async () => {
  const reader = await signInAs(it, "auditor", "northwind");
  const readings = async () =>
    (await list(admin, `limit=200&action=audit.trail.read&actor=${reader.userId}`)).items.length;
  const before = await readings();
  for (let n = 0; n < 3; n += 1) await list(reader, "limit=2&outcome=success");
  // Equal lists within a second are one.
  await expect.poll(readings).toBe(before + 1);
  await list(reader, "outcome=denied");
  await expect.poll(readings).toBe(before + 2);
  const [newest] = (await list(admin, `action=audit.trail.read&actor=${reader.userId}`)).items;
  expect(newest?.after).toEqual({ includeChildren: false, outcome: ["denied"] });
});

test("verifying requires the right, reports how far the chain is valid, and is recorded", async () => {
  expect((await viewer.call("GET", "/audit/verify")).statusCode).toBe(403);
  const answer = await admin.call("GET", "/audit/verify");
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toMatch("application/x-ndjson");
  const { verifiedToSeq, firstBad } = JSON.parse(answer.body.trimEnd().split("\n").at(-1) ?? "");
  expect(firstBad).toBeNull();
  const [event] = (await list(auditor, "action=audit.trail.verify&outcome=success")).items;
  expect(event).toMatchObject({ after: { verifiedToSeq, problem: null }, actor: { display: "Priya Raman" } });
  const [denied] = (await list(auditor, "action=audit.trail.verify&outcome=denied")).items;
  expect(denied?.actor.display).toBe("Emma Lindqvist");
});

test("an organization with too many changes waits, and another does not", async () => {
  const codes = [];
  for (let n = 0; n < 8; n += 1) codes.push((await admin.call("GET", "/audit/verify")).statusCode);
  expect(codes).toContain(429);
  const blocked = await admin.call("GET", "/audit/verify");
  expect(blocked.statusCode).toBe(429);
  expect(Number(blocked.headers["retry-after"])).toBeGreaterThan(3_000);
  expect(blocked.headers["ratelimit-limit"]).toBe("6");
  expect((await admin.call("GET", "/audit/events")).statusCode).toBe(200);
  const elsewhere = await signInAs(it, "admin", "contoso");
  expect((await elsewhere.call("GET", "/audit/verify")).statusCode).toBe(200);
});
