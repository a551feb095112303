import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "#lib/postgres/postgres.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { makeBreaker } from "#testing/tick.ts";
import { createMovesReader } from "./reading/moves.ts";
import { beginMs, isoOf, makeOrganization, remembering } from "./testing/history.fixture.ts";

let database: Database;
beforeAll(async () => {
  database = createDatabase({ ...(await createTestDatabase()), poolSize: 4, log: pino({ level: "silent" }) });
});
afterAll(() => database.close());

const newest = 20;
/** The state that a breaker takes at each second. */
const moveAt = (second: number) => ({
  at: isoOf(beginMs + second * 1_000),
  state: second % 2 === 0 ? ("closed" as const) : ("open" as const),
  failureRatio: 0.5,
});

test("the history of an instance does not shrink as changes gather: counts over a window are true, whoever observes", async () => {
  const organization = await makeOrganization(database);
  const rowAt = (seconds: number) => {
    const moves = Array.from({ length: seconds + 1 }, (_, second) => moveAt(second)).slice(-newest);
    const instance = { ...makeBreaker("crm"), instance: "a", note: null, nextProbeAt: null, moves };
    return makeBreaker("crm", { organization: organization.slug, moves, instances: [instance] });
  };
  const first = remembering(database, organization);
  for (let seconds = 0; seconds < 100; seconds += 10)
    await first.tick(beginMs + seconds * 1_000, 1, { breakers: [rowAt(seconds)] });
  await first.lease.release();
  // Another process takes over, and finds again what is stored already.
  const second = remembering(database, organization);
  for (let seconds = 100; seconds <= 200; seconds += 10)
    await second.tick(beginMs + seconds * 1_000, 1, { breakers: [rowAt(seconds)] });

  const read = createMovesReader({ database });
  const window = { kind: "breaker", entity: "orders~crm", ofParts: true, limit: 30 } as const;
  const range = { from: isoOf(beginMs), to: isoOf(beginMs + 201_000) };
  const all: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 20; pages += 1) {
    const page = await read(organization.id, { ...window, ...range, cursor });
    expect(page.total).toBe(200);
    all.push(
      ...page.items.map(({ part, at, from, state }) => `${part} ${at.toISOString()} ${from} ${state}`),
    );
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  const wanted = Array.from({ length: 200 }, (_, n) => {
    const [before, now] = [moveAt(199 - n), moveAt(200 - n)];
    return `a ${now.at} ${before.state} ${now.state}`;
  });
  expect(all).toEqual([...wanted, `a ${moveAt(0).at} null closed`]);
  const lastMinute = { from: isoOf(beginMs + 141_000), to: isoOf(beginMs + 201_000) };
  expect((await read(organization.id, { ...window, ...lastMinute })).total).toBe(60);
  expect((await read(organization.id, { ...window, ...range, ofParts: false })).total).toBe(200);
  const foreign = await makeOrganization(database);
  expect(await read(foreign.id, { ...window, ...range })).toEqual({ items: [], nextCursor: null, total: 0 });
});
