import { expect } from "vitest";
import type { Database } from "#lib/postgres/postgres.ts";
import { randomFrom } from "#testing/random.ts";
import { alerting, makeOrganization, reading, serviceDown } from "./alerting.fixture.ts";

const seconds = 120;

/**
 * Two minutes in which a service fails and recovers while leaders are killed at random moments, also in the middle of a
 * transaction, and expects the announcements of a leader that never died.
 */
export async function runKilled(database: Database, { seed, kills }: { seed: number; kills: number }) {
  const random = randomFrom(seed);
  const organization = await makeOrganization(database);
  const read = reading(database, organization);
  const rules = { down: { ...serviceDown, forMs: 5_000, resolveForMs: 5_000, flapHoldMs: 5_000 } };
  const start = () => alerting(database, organization, { rules });
  const killAt = new Set(Array.from({ length: kills }, () => 1 + Math.floor(random() * (seconds - 10))));
  // Down from 10 to 50, and from 75 to 100: long enough that a change of leader hides nothing.
  const isDown = (second: number) => (second >= 10 && second < 50) || (second >= 75 && second < 100);
  let leader = start();
  for (let second = 0; second < seconds; second += 1) {
    const world = { values: { pay: { up: isDown(second) ? 0 : 1 } } };
    const ticked = leader.tick(second, world);
    if (killAt.has(second)) {
      // The next leader may take over while the last one is still writing.
      const isAmid = random() < 0.5;
      if (!isAmid) await ticked;
      await leader.kill();
      const last = leader;
      leader = start();
      // The one that was killed may have renewed its lease in that moment.
      while ((await leader.lease.hold()) === null) await last.kill();
      await leader.tick(second, world);
      await ticked;
      // The last one has not noticed yet.
      await last.tick(second, world);
      continue;
    }
    await ticked;
  }
  const incidents = await read.incidents();
  expect(incidents.map(({ status }) => status)).toEqual(incidents.map(() => "resolved"));
  const announced = await read.announced();
  expect(announced, `seed ${seed}, killed at ${[...killAt].join()}`).toEqual(
    announced.includes("reopened")
      ? ["fired", "resolved", "reopened", "resolved"]
      : ["fired", "resolved", "fired", "resolved"],
  );
}
