import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { sql } from "kysely";
import pg from "pg";
import { expect } from "vitest";
import { testContext } from "#testing/contexts.ts";
import { startOwnPostgres } from "#testing/stack.ts";
import { type Organization, openTrail, type Trail } from "./audit.fixture.ts";

const writers = 6;

/**
 * Kills the database at a random moment during writes, `rounds` times. Afterwards every change has its event
 * and every event its change, acknowledged changes are present, and the chains are valid.
 */
export async function killWhileWriting({ rounds, random }: { rounds: number; random: () => number }) {
  const postgres = await startOwnPostgres();
  const trail = await openTrail(postgres, { poolSize: writers });
  const organizations = [await trail.newOrganization("killed-1"), await trail.newOrganization("killed-2")];
  const acknowledged: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const running = Array.from({ length: writers }, (_, n) =>
      writeUntilLost(trail, organizations[n % organizations.length], acknowledged, random),
    );
    await wait(30 + random() * 300);
    await postgres.kill();
    await Promise.all(running);
    await postgres.start();
    await expectWhole(postgres.adminUrl, acknowledged, `round ${round}`);
    for (const organization of organizations) {
      expect((await trail.verify(organization)).firstBad, `round ${round}`).toBeNull();
      await trail.sign(organization);
    }
  }
  await trail.close();
  await postgres.dispose();
  return acknowledged.length;
}

/**
 * Writes one change after the other, with a pause between a change and its event, until the connection is
 * lost.
 */
async function writeUntilLost(
  { changes }: Trail,
  organization: Organization | undefined,
  acknowledged: string[],
  random: () => number,
) {
  if (!organization) return;
  for (;;) {
    try {
      const id = await changes.run(testContext(organization), "webhooks.source.create", async (tx) => {
        const key = randomUUID();
        await tx
          .insertInto("idempotency_keys")
          .values({
            org_id: organization.id,
            actor_id: "writer",
            key,
            result: null,
            request_hash: Buffer.alloc(32),
          })
          .execute();
        await sql`select pg_sleep(${random() * 0.004})`.execute(tx);
        return { result: key, audit: { targets: [{ type: "key", id: key, name: key }] } };
      });
      acknowledged.push(id);
    } catch {
      return;
    }
  }
}

async function expectWhole(adminUrl: string, acknowledged: readonly string[], round: string) {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const { rows } = await client.query(
    `with changes as (select key as id from wheelhouse.idempotency_keys),
       records as (select unnest(target_keys) as id from wheelhouse.audit_events where action = 'webhooks.source.create')
     select (select count(*)::int from changes c where not exists (select from records r where r.id = c.id)) as unrecorded,
       (select count(*)::int from records r where not exists (select from changes c where c.id = r.id)) as unmade,
       (select count(*)::int from unnest($1::text[]) a where not exists (select from changes c where c.id = a)) as lost,
       (select count(*)::int from wheelhouse.audit_events e where not exists (
         select from wheelhouse.audit_chain c where c.audit_id = e.id)) as unsealed`,
    [acknowledged],
  );
  await client.end();
  expect(rows[0], round).toEqual({ unrecorded: 0, unmade: 0, lost: 0, unsealed: 0 });
}
