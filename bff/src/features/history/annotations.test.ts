import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createAnnotationsReader } from "./reading/annotations.ts";
import { beginMs, isoOf, makeOrganization } from "./testing/history.fixture.ts";

let database: Database;
beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 4, log: pino({ level: "silent" }) });
});
afterAll(() => database.close());

const hourMs = 3_600_000;
const range = { from: isoOf(beginMs), to: isoOf(beginMs + hourMs) };
const gateway = { kind: "health", id: "card-gateway", name: "Card gateway" };
const payments = { kind: "health", id: "payments", name: "Payments" };

type Turn = { seconds: number; kind?: string; id: string; to: string; text: string };
async function journaled(organizationId: string, turns: readonly Turn[]) {
  const rows = turns.map(({ seconds, kind = "health", id, to, text }) => ({
    org_id: organizationId,
    at: new Date(beginMs + seconds * 1_000),
    kind,
    subject_id: id,
    subject: id,
    to_state: to,
    text,
    cause: "",
  }));
  for (let at = 0; at < rows.length; at += 1_000)
    await database.system
      .insertInto("history_journal")
      .values(rows.slice(at, at + 1_000))
      .execute();
}
const flapsOf = (id: string, count: number, everySeconds: number, fromSeconds = 0): Turn[] =>
  Array.from({ length: count }, (_, n) => [
    { seconds: fromSeconds + n * everySeconds, id, to: "Down", text: `${id} is down` },
    { seconds: fromSeconds + (n + 0.5) * everySeconds, id, to: "OK", text: `${id} recovered` },
  ]).flat();

test("changes beside a chart are those of the thing and of what it depends on, flaps folded, with acts and deployments", async () => {
  const { id } = await makeOrganization(database);
  await journaled(id, [
    ...flapsOf("card-gateway", 11, 40),
    ...flapsOf("mail", 5, 60),
    { seconds: 1_000, kind: "queue", id: "payments", to: "No worker", text: "Queue payments has no worker" },
    { seconds: 1_200, id: "payments", to: "Degraded", text: "Payments is degraded" },
  ]);
  const deployed = ["card-gateway", "mail", "Payments"].map((service, n) => ({
    org_id: id,
    service,
    version: "2.7.0",
    deployed_at: isoOf(beginMs + 2_000_000 + n * 1_000),
    deployed_by: "CI",
  }));
  await database.asOrganizations([id], (tx) => tx.insertInto("deployments").values(deployed).execute());
  const asked: unknown[] = [];
  const annotations = createAnnotationsReader({
    database,
    async actsBetween(_organizationId, { about }) {
      asked.push(about);
      return [{ id: randomUUID(), at: isoOf(beginMs + 3_000_000), text: "Maintenance planned", by: "Mara" }];
    },
  });
  const related = { own: [payments], callers: [], needed: [gateway] };
  const found = await annotations(id, range, { mayReadActs: true, related });
  expect(found.items.map(({ text }) => text)).toEqual([
    "Maintenance planned",
    "Payments 2.7.0 deployed",
    "card-gateway 2.7.0 deployed",
    "Payments is degraded",
    "card-gateway was down 11 times in 7 m",
  ]);
  expect(found.items.at(-1)?.fold).toEqual({ from: isoOf(beginMs), changes: 22 });
  expect(found.isCut).toBe(false);
  expect(asked).toEqual([["payments", "Payments", "card-gateway", "Card gateway"]]);
  const all = await annotations(id, range, { mayReadActs: false, related: undefined });
  expect(all.items).toHaveLength(7);
  expect(
    (await annotations((await makeOrganization(database)).id, range, { mayReadActs: false, related })).items,
  ).toEqual([]);
});

test("what is too much is spread evenly over the range, never the newest alone", async () => {
  const { id } = await makeOrganization(database);
  const busy = Array.from({ length: 900 }, (_, n) => `service-${n}`);
  await journaled(id, [
    ...busy.map((each, n) => ({ seconds: 3_500 + n / 10, id: each, to: "Down", text: `${each} is down` })),
    { seconds: 30, id: "early", to: "Down", text: "early is down" },
    { seconds: 1_800, id: "middle", to: "Down", text: "middle is down" },
  ]);
  const annotations = createAnnotationsReader({ database, actsBetween: async () => [] });
  const { items, isCut } = await annotations(id, range, { mayReadActs: false, related: undefined });
  expect(isCut).toBe(true);
  expect(items.length).toBeLessThanOrEqual(300);
  const texts = items.map(({ text }) => text);
  expect(texts).toEqual(expect.arrayContaining(["early is down", "middle is down"]));
});
