import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { type Organization, openTrail, type Trail } from "../testing/audit.fixture.ts";
import { auditContent } from "../writing/content.ts";
import { orderAuditMonths } from "./month-order.ts";

let it: Trail;
beforeAll(async () => {
  it = await openTrail(await createTestDatabase());
});
afterAll(() => it.close());

/** A past month with events of the organizations in turn. */
async function fillMonth(month: string, organizations: readonly Organization[], rounds: number) {
  const name = `audit_events_${month.replace("-", "_")}`;
  await it.admin.query(`set role wheelhouse_owner;
    create table wheelhouse.${name} partition of wheelhouse.audit_events
      for values from ('${month}-01T00:00:00Z') to (timestamptz '${month}-01T00:00:00Z' + interval '1 month');
    reset role`);
  for (let n = 0; n < rounds; n += 1)
    for (const organization of organizations) {
      const id = randomUUID();
      const recordedAt = `${month}-10T00:00:${String(n).padStart(2, "0")}.000Z`;
      const entry = { targets: [{ type: "thing", id: `thing ${n}`, name: `thing ${n}` }] };
      const act = { id, recordedAt, action: "webhooks.source.create", outcome: "success", entry } as const;
      const content = auditContent(testContext(organization), act);
      await it.admin.query(
        "insert into wheelhouse.audit_events (id, org_id, recorded_at, content) values ($1, $2, $3, $4)",
        [id, organization.id, recordedAt, content],
      );
    }
  return name;
}

/** Organizations in the order of the partition on disk, with consecutive duplicates removed. */
async function runsOf(partition: string) {
  const { rows } = await it.admin.query<{ org_id: string }>(
    `select org_id from wheelhouse.${partition} order by ctid`,
  );
  return rows.map(({ org_id }) => org_id).filter((id, n, all) => id !== all[n - 1]);
}

test("a past month is ordered by organization once; nothing is lost, and it still refuses changes", async () => {
  const organizations = [await it.newOrganization("orderly"), await it.newOrganization("tidy")];
  const month = await fillMonth("2020-01", organizations, 6);
  expect(await runsOf(month)).toHaveLength(12);
  const before = await it.admin.query(`select * from wheelhouse.${month} order by id`);

  expect(await orderAuditMonths(it)).toEqual([month]);

  expect(new Set(await runsOf(month))).toEqual(new Set(organizations.map(({ id }) => id)));
  expect(await runsOf(month)).toHaveLength(2);
  const after = await it.admin.query(`select * from wheelhouse.${month} order by id`);
  expect(after.rows).toEqual(before.rows);
  expect(await orderAuditMonths(it)).toEqual([]);
  for (const organization of organizations) {
    await it.sign(organization);
    expect(await it.verify(organization)).toMatchObject({ firstBad: null, verifiedToSeq: 6 });
  }
  for (const act of ["update %s set outcome = 'denied'", "delete from %s", "truncate %s"])
    for (const mode of ["origin", "replica"]) {
      await it.admin.query(`set session_replication_role = ${mode}`);
      await expect(it.admin.query(act.replace("%s", `wheelhouse.${month}`)), act).rejects.toThrow(
        "append-only",
      );
    }
  await it.admin.query("set session_replication_role = origin");
});

test("the current month stays as it is", async () => {
  await it.record(await it.newOrganization("today"), 1);
  expect(await orderAuditMonths(it)).toEqual([]);
});

test("a month with an event that does not match its link stays as it is, so that the verifier can report it", async () => {
  const organization = await it.newOrganization("touched");
  const month = await fillMonth("2020-02", [organization], 3);
  await it.tamper([
    [
      `update wheelhouse.${month} set content = replace(content, 'thing 1', 'thing 9') where recorded_at = $1`,
      ["2020-02-10T00:00:01Z"],
    ],
  ]);
  await expect(orderAuditMonths(it)).rejects.toThrow(`1 of 3 events of ${month} do not match their links`);
  expect(await it.verify(organization)).toMatchObject({ verifiedToSeq: 1, firstBad: { seq: 2 } });
});
