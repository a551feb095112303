import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import type { AuditActivity } from "@wheelhouse/shared/audit/explore.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "#testing/access-app.ts";
import { signInAs } from "#testing/access-client.ts";
import { createTestDatabase, createTestRedis } from "#testing/stack.ts";

type Person = Awaited<ReturnType<typeof signInAs>>;

let it: TestApp;
let admin: Person;
let auditor: Person;
beforeAll(async () => {
  const [urls, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  it = await startTestApp({ urls, redisUrl: redis.url });
  [admin, auditor] = await Promise.all([signInAs(it, "admin"), signInAs(it, "auditor")]);
  const viewer = await signInAs(it, "viewer");
  expect((await viewer.call("GET", "/audit/verify")).statusCode).toBe(403);
});
afterAll(() => it.close());

async function read<T>(path: string): Promise<T> {
  const answer = await auditor.call("GET", path);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}
const list = async (query: string) =>
  (await read<{ items: AuditEvent[] }>(`/audit/events?limit=200&${query}`)).items;

test("a count matches the list", async () => {
  for (const query of [
    `actor=${admin.userId}`,
    "class=access",
    "outcome=denied",
    "class=audit&outcome=denied&q=verify",
    "target=Nobody",
    "class=audit&outcome=success&not=class",
    "class=access&not=class,action",
  ]) {
    // The first read under a filter is itself recorded, so each filter is read once beforehand.
    await read(`/audit/count?${query}`);
    await list(query);
    const { count, isMore } = await read<{ count: number; isMore: boolean }>(`/audit/count?${query}`);
    expect({ query, count, isMore }).toEqual({ query, count: (await list(query)).length, isMore: false });
  }
});

test("filters by class, hour of the week and word prefixes find the same events in any combination", async () => {
  await list("");
  const all = await list("");
  const [newest] = all;
  const slot = `${new Date(newest?.recordedAt ?? "").getUTCDay() || 7}-${newest?.recordedAt.slice(11, 13)}`;
  const inSlot = (event: AuditEvent) =>
    `${new Date(event.recordedAt).getUTCDay() || 7}-${event.recordedAt.slice(11, 13)}` === slot;
  const cases: [string, (event: AuditEvent) => boolean][] = [
    ["class=access", (event) => event.class === "access"],
    [`slot=${slot}`, inSlot],
    [
      "class=access&q=pri%20ram",
      ({ class: name, actor }) => name === "access" && actor.display === "Priya Raman",
    ],
    [`actor=Priya%20Raman&outcome=success`, ({ actor }) => actor.display === "Priya Raman"],
    [`class=access,audit&slot=${slot}&outcome=success,denied`, inSlot],
  ];
  for (const [query, matches] of cases) {
    const found = (await list(query))
      .map(({ id }) => id)
      .filter((id) => all.some((event) => event.id === id));
    const wanted = all.filter(matches).map(({ id }) => id);
    expect(wanted.length, query).toBeGreaterThan(0);
    expect(found, query).toEqual(wanted);
  }
});

test("known values are found on the server by part of their name or id, with their number of occurrences", async () => {
  type Facets = { items: { value: string; label: string; events: number }[]; isMore: boolean };
  const actors = await read<Facets>("/audit/facets?key=actor&q=RAMA");
  expect(actors.items.map(({ value, label }) => ({ value, label }))).toEqual([
    { value: admin.userId, label: "Priya Raman" },
  ]);
  expect((await read<Facets>("/audit/facets?key=class")).items.map(({ value }) => value)).toEqual(
    expect.arrayContaining(["access", "audit"]),
  );
  expect((await read<Facets>("/audit/facets?key=target&q=priya")).items[0]?.value).toBe(admin.userId);
  expect((await read<Facets>("/audit/facets?key=action&q=%25")).items).toEqual([]);
  expect(await read<Facets>("/audit/facets?key=action&limit=1")).toMatchObject({ isMore: true });
  const sessions = await list("action=access.session.create");
  const facet = (await read<Facets>("/audit/facets?key=action&q=session.create")).items[0];
  expect(facet?.events).toBe(sessions.length);
});

test("activity counts every event once, and reports which filters it ignored", async () => {
  await read<AuditActivity>("/audit/activity");
  const plotted = await read<AuditActivity>("/audit/activity");
  const again = await read<AuditActivity>("/audit/activity");
  const sum = (activity: AuditActivity) =>
    activity.hours.reduce((total, { success, refused }) => total + success + refused, 0);
  expect(plotted.countedToSeq).toBe(plotted.headSeq);
  expect(sum(plotted)).toBe(plotted.headSeq);
  expect(sum(again)).toBe(again.headSeq);
  expect(plotted.actions.reduce((total, { success, refused }) => total + success + refused, 0)).toBe(
    plotted.headSeq,
  );
  const byActor = (activity: AuditActivity) =>
    activity.actors.reduce((total, { success, refused }) => total + success + refused, activity.otherActors);
  expect(byActor(plotted)).toBe(plotted.headSeq);
  const one = plotted.actors.find(({ actor }) => actor === admin.userId);
  expect(one?.name).toBe("Priya Raman");
  expect((one?.success ?? 0) + (one?.refused ?? 0)).toBe((await list(`actor=${admin.userId}`)).length);
  const denied = await read<AuditActivity>("/audit/activity?outcome=denied&q=x&target=y");
  expect(denied.notCounted).toEqual(["target", "q"]);
  expect(sum(denied)).toBe((await list("outcome=denied")).length);
  const byName = await read<AuditActivity>("/audit/activity?actor=Priya%20Raman&class=access");
  expect(sum(byName)).toBe((await list(`actor=${admin.userId}&class=access`)).length);
  const notByName = await read<AuditActivity>(
    "/audit/activity?actor=Priya%20Raman&class=access&not=actor,target",
  );
  expect(sum(notByName)).toBe((await list(`actor=${admin.userId}&class=access&not=actor`)).length);
  expect(sum(notByName)).toBeGreaterThan(0);
  const long = await auditor.call("GET", "/audit/activity?from=2020-01-01T00:00:00Z");
  expect(long.statusCode).toBe(400);
});
