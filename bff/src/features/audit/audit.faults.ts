import { expect, test } from "vitest";
import { randomFrom } from "#testing/random.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { type Organization, openTrail } from "./testing/audit.fixture.ts";
import { killWhileWriting } from "./testing/kills.fixture.ts";

test("50 times SIGKILL of the database between change and seal: every change has its event, the chains are valid", async () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  const changes = await killWhileWriting({ rounds: 50, random: randomFrom(seed) });
  console.log(`${changes} changes acknowledged`);
});

test.each([
  { organizations: 1, events: 16_000 },
  { organizations: 50, events: 16_000 },
])(
  "16 writers, $events events in $organizations organization(s): no fork, no gap, no deadlock",
  async ({ organizations, events }) => {
    const it = await openTrail(await createTestDatabase());
    const all: Organization[] = [];
    for (let n = 0; n < organizations; n += 1) all.push(await it.newOrganization(`busy-${n}`));
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let n = 0; n < events / 16; n += 1) {
          const organization = all[(writer * 7 + n * 3) % all.length];
          if (organization) await it.record(organization, 1);
        }
      }),
    );
    let sealed = 0;
    for (const organization of all) {
      const { firstBad, verifiedToSeq } = await it.verify(organization);
      expect(firstBad).toBeNull();
      sealed += verifiedToSeq;
    }
    expect(sealed).toBe(Math.floor(events / 16) * 16);
    await it.close();
  },
);
