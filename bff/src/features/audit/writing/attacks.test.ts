import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testContext } from "#testing/contexts.ts";
import { createTestDatabase } from "#testing/stack.ts";
import { createProofService } from "../proof/service.ts";
import { createAuditVerifier } from "../proof/verify.ts";
import { type Organization, openTrail, type Trail } from "../testing/audit.fixture.ts";

let it: Trail;
beforeAll(async () => {
  it = await openTrail(await createTestDatabase());
});
afterAll(() => it.close());

let made = 0;
async function organizationWith(events: number): Promise<Organization> {
  made += 1;
  const organization = await it.newOrganization(`attacked-${made}`);
  await it.record(organization, events);
  return organization;
}

const alterations = [
  {
    what: "content",
    statement:
      "update wheelhouse.audit_events set content = replace(content, 'thing 2', 'thing 9') where org_id = $1 and content like '%thing 2%'",
    problem: "the content of event 2 was altered after it was sealed",
  },
  {
    what: "a derived column",
    statement:
      "update wheelhouse.audit_events set actor_display = 'Nobody' where org_id = $1 and content like '%thing 2%'",
    problem: "the column actor_display of event 2 differs from its content",
  },
  {
    what: "a removed event",
    statement: "delete from wheelhouse.audit_events where org_id = $1 and content like '%thing 2%'",
    problem: "event 2 is missing: its link exists, but its content is gone",
  },
  {
    what: "a removed link",
    statement: "delete from wheelhouse.audit_chain where org_id = $1 and seq = 2",
    problem: "event 2 is missing from the chain",
  },
  {
    what: "a rewritten hash",
    statement: "update wheelhouse.audit_chain set hash = sha256(hash) where org_id = $1 and seq = 2",
    problem: "the hash of event 2 does not match its fields",
  },
] as const;

test.each(alterations)("verification reports event 2 for $what", async ({ statement, problem }) => {
  const organization = await organizationWith(4);
  expect(await it.tamper([[statement, [organization.id]]])).toBe(1);
  expect(await it.verify(organization)).toMatchObject({ verifiedToSeq: 1, firstBad: { seq: 2, problem } });
});

const renumber = (from: number, by: number): [string, unknown[]][] => [
  ["update wheelhouse.audit_chain set seq = seq + 1000000 where seq >= $1 and seq < 1000000", [from]],
  ["update wheelhouse.audit_chain set seq = seq - 1000000 + $1 where seq >= 1000000", [by]],
];
const forOrganization = (statements: [string, unknown[]][], { id }: Organization) =>
  statements.map(([text, values]): [string, unknown[]] => [
    `${text} and org_id = $${values.length + 1}`,
    [...values, id],
  ]);

test("an event deleted with its link, with later events renumbered, is reported by its number", async () => {
  const organization = await organizationWith(5);
  await it.tamper([
    ["delete from wheelhouse.audit_events where org_id = $1 and content like '%thing 3%'", [organization.id]],
    ["delete from wheelhouse.audit_chain where org_id = $1 and seq = 3", [organization.id]],
    ...forOrganization(renumber(4, -1), organization),
    ["update wheelhouse.audit_heads set seq = 4 where org_id = $1", [organization.id]],
  ]);
  const { firstBad } = await it.verify(organization);
  expect(firstBad?.seq).toBe(3);
  expect(firstBad?.problem).toMatch(/^event 3 was deleted and later events were renumbered/);
});

test.each([
  {
    how: "following nothing",
    prev: "sha256('x')",
    relink: [],
    problem: /^event 3 does not follow the event before it/,
  },
  {
    how: "with the next one linked to it",
    prev: "c.hash",
    relink: [
      `update wheelhouse.audit_chain c set prev = before.hash from wheelhouse.audit_chain before
       where c.org_id = $1 and before.org_id = $1 and c.seq = 4 and before.seq = 3`,
    ],
    problem: /^event 3 was inserted later/,
  },
])("an event inserted in the middle, $how, is reported by its number", async ({ prev, relink, problem }) => {
  const organization = await organizationWith(5);
  await it.tamper([
    ...forOrganization(renumber(3, 1), organization),
    [
      "update wheelhouse.audit_chain set prev = sha256(prev) where org_id = $1 and seq = 4",
      [organization.id],
    ],
    [
      `with inserted as (
         insert into wheelhouse.audit_events (id, org_id, recorded_at, content, action, outcome, actor_type, actor_id,
           actor_display, target_keys, search_text)
         select n.id, org_id, recorded_at, replace(content, e.id::text, n.id::text), action, outcome, actor_type,
           actor_id, actor_display, target_keys, search_text
         from wheelhouse.audit_events e, (select gen_random_uuid() as id) n where org_id = $1 and content like '%thing 2%'
         returning id, org_id, recorded_at, sha256(convert_to(content, 'UTF8')) as content_hash
       )
       insert into wheelhouse.audit_chain
       select i.org_id, 3, i.id, i.recorded_at, i.content_hash, ${prev},
         wheelhouse.audit_link_hash(i.org_id, 3, i.id, i.content_hash, ${prev})
       from inserted i join wheelhouse.audit_chain c on c.org_id = i.org_id and c.seq = 2`,
      [organization.id],
    ],
    ...relink.map((text): [string, unknown[]] => [text, [organization.id]]),
    ["update wheelhouse.audit_heads set seq = 6 where org_id = $1", [organization.id]],
  ]);
  const { firstBad } = await it.verify(organization);
  expect(firstBad?.seq).toBe(3);
  expect(firstBad?.problem).toMatch(problem);
});

test("two swapped events are both reported", async () => {
  const organization = await organizationWith(5);
  await it.tamper([
    ["update wheelhouse.audit_chain set seq = 1000000 where org_id = $1 and seq = 2", [organization.id]],
    ["update wheelhouse.audit_chain set seq = 2 where org_id = $1 and seq = 4", [organization.id]],
    ["update wheelhouse.audit_chain set seq = 4 where org_id = $1 and seq = 1000000", [organization.id]],
  ]);
  expect((await it.verify(organization)).firstBad).toEqual({
    seq: 2,
    problem: "events 2 and 4 were swapped",
  });
});

test("an event added without a seal is found", async () => {
  const organization = await organizationWith(2);
  await it.tamper([
    [
      `insert into wheelhouse.audit_events select gen_random_uuid(), org_id, recorded_at, content, action, outcome,
         actor_type, actor_id, actor_display, target_keys, search_text
       from wheelhouse.audit_events where org_id = $1 limit 1`,
      [organization.id],
    ],
  ]);
  expect((await it.verify(organization)).firstBad?.problem).toMatch(
    /^1 event\(s\) in the trail are not sealed; the first is [0-9a-f-]{36}, dated 20/,
  );
});

test("a truncated partition is reported with its month and its events", async () => {
  const own = await openTrail(await createTestDatabase());
  const organization = await own.newOrganization("emptied");
  await own.record(organization, 4);
  const { rows } = await own.admin.query<{ name: string; month: string }>(
    `select tableoid::regclass::text as name, to_char(recorded_at at time zone 'UTC', 'YYYY-MM') as month
     from wheelhouse.audit_events where org_id = $1 limit 1`,
    [organization.id],
  );
  await own.tamper([[`truncate ${rows[0]?.name}`]]);
  expect((await own.verify(organization)).firstBad).toEqual({
    seq: 1,
    problem: `events 1 to 4 are missing: the partition of ${rows[0]?.month} was emptied`,
  });
  await own.close();
});

test("a carelessly removed end is detected by the head, a carefully removed one by the checkpoint", async () => {
  const organization = await organizationWith(6);
  const cut = (seq: number): [string, unknown[]][] => [
    [
      `delete from wheelhouse.audit_events using wheelhouse.audit_chain c
       where c.org_id = $1 and c.seq > $2 and audit_events.id = c.audit_id`,
      [organization.id, seq],
    ],
    ["delete from wheelhouse.audit_chain where org_id = $1 and seq > $2", [organization.id, seq]],
  ];
  await it.tamper(cut(5));
  expect(await it.verify(organization)).toMatchObject({
    verifiedToSeq: 5,
    firstBad: { seq: 6, problem: "events 6 to 6 were cut off: the chain once reached 6" },
  });
  const headBack: [string, unknown[]] = [
    `update wheelhouse.audit_heads h set (seq, hash) = (select c.seq, c.hash from wheelhouse.audit_chain c
       where c.org_id = h.org_id order by c.seq desc limit 1) where h.org_id = $1`,
    [organization.id],
  ];
  await it.tamper([headBack]);
  expect((await it.verify(organization)).firstBad).toBeNull();
  const checkpoint = await it.sign(organization);
  await it.tamper([...cut(3), headBack]);
  expect(await it.verify(organization)).toMatchObject({
    verifiedToSeq: 3,
    firstBad: {
      seq: 4,
      problem: `events 4 to 5 were cut off: checkpoint 1 of ${checkpoint?.at}, key ${it.keys.keyId}, signed event 5`,
    },
  });
  // The checkpoint in the database is deleted too, but the external copy still proves it.
  await it.tamper([["delete from wheelhouse.audit_checkpoints where org_id = $1", [organization.id]]]);
  expect((await it.verify(organization)).firstBad).toMatchObject({ seq: 4 });
});

const rewriteFrom = `
  do $$
  declare
    it record;
    before bytea := decode(repeat('00', 32), 'hex');
    said text;
  begin
    create temporary table rewritten (seq bigint, prev bytea, hash bytea, content_hash bytea) on commit drop;
    for it in select c.*, e.content from wheelhouse.audit_chain c join wheelhouse.audit_events e on e.id = c.audit_id
      where c.org_id = 'ORG' order by c.seq loop
      said := replace(it.content, 'thing 2', 'thing 9');
      update wheelhouse.audit_events set content = said, search_text = 'x',
        target_keys = case when said <> it.content then array['thing 9'] else target_keys end where id = it.audit_id;
      insert into rewritten values (it.seq, before,
        wheelhouse.audit_link_hash(it.org_id, it.seq, it.audit_id, sha256(convert_to(said, 'UTF8')), before),
        sha256(convert_to(said, 'UTF8')));
      select hash into before from rewritten where seq = it.seq;
    end loop;
    update wheelhouse.audit_chain c set prev = sha256(c.prev) where c.org_id = 'ORG';
    update wheelhouse.audit_chain c set prev = r.prev, hash = r.hash, content_hash = r.content_hash
      from rewritten r where c.org_id = 'ORG' and r.seq = c.seq;
    update wheelhouse.audit_heads set hash = before where org_id = 'ORG';
  end $$`;

test("a completely rewritten chain with valid hashes is reported by the first checkpoint that contradicts it", async () => {
  const organization = await organizationWith(3);
  const first = await it.sign(organization);
  await it.record(organization, 2);
  const rewrite = () => it.tamper([[rewriteFrom.replaceAll("ORG", organization.id)]]);
  await it.tamper([["delete from wheelhouse.audit_checkpoints where org_id = $1", [organization.id]]]);
  await rewrite();
  const problem = `the chain was rewritten: checkpoint 1 of ${first?.at}, key ${it.keys.keyId}, signed a different event 3`;
  expect(await it.verify(organization)).toMatchObject({ verifiedToSeq: 0, firstBad: { seq: 1, problem } });
  // Signed with the attacker's own key, because the attacker can write anything to the database.
  const attacker = await openTrail(it.urls);
  await attacker.checkpoints.makeNow(organization.id);
  expect((await it.verify(organization)).firstBad).toEqual({ seq: 1, problem });
  await attacker.close();
});

test("no checkpoint is signed for a chain that contradicts the previous one", async () => {
  const organization = await organizationWith(3);
  await it.sign(organization);
  await it.tamper([[rewriteFrom.replaceAll("ORG", organization.id)]]);
  await expect(it.checkpoints.makeNow(organization.id)).rejects.toThrow(
    "contradicts checkpoint 1 at event 3",
  );
});

test("checkpoints that were changed, removed or signed by someone else are reported", async () => {
  const organization = await organizationWith(2);
  await it.sign(organization);
  await it.record(organization, 1);
  await it.sign(organization);
  const where = "where org_id = $1 and number = 2";
  const line = (await it.checkpoints.newest(organization.id))?.line ?? "";
  const put = (text: string) =>
    it.tamper([[`update wheelhouse.audit_checkpoints set line = $2 ${where}`, [organization.id, text]]]);

  await put(line.replace(/"at":"\d{4}/, '"at":"2001'));
  expect((await it.verify(organization)).firstBad).toEqual({
    seq: 3,
    problem: "checkpoint 2 differs between the database and the external copy",
  });
  await it.tamper([[`delete from wheelhouse.audit_checkpoints ${where}`, [organization.id]]]);
  expect((await it.verify(organization)).firstBad).toEqual({
    seq: 3,
    problem: "checkpoint 2 is in the external copy but not in the database",
  });
});

test("a damaged line of the external copy is reported, and so are lines removed from it", async () => {
  const organization = await organizationWith(2);
  for (const _ of [1, 2, 3]) {
    await it.record(organization, 1);
    await it.sign(organization);
  }
  const path = join(it.folder, "checkpoints", `${organization.id}.ndjson`);
  const [one = "", two = "", three = ""] = readFileSync(path, "utf8").split("\n");
  const later = createAuditVerifier({
    database: it.database,
    keys: it.keys,
    clock: { now: () => Date.now() + 11 * 60_000 },
    inside: {
      newest: async (id) => (await it.checkpoints.newest(id))?.checkpoint.number ?? 0,
      lines: (id) => it.checkpoints.lines(id),
    },
    outside: it.file,
  });
  const problemOf = async (...lines: string[]) => {
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    for await (const step of later.walk(organization.id))
      if (step.type === "result") return step.firstBad?.problem;
    return "no result";
  };
  expect(await problemOf(one, two, three)).toBeUndefined();
  for (const damage of ["", "{}", two.slice(0, -9), "x".repeat(9_000)]) {
    const named = "of the external copy is damaged: it is not a checkpoint";
    expect(await problemOf(one, damage, three)).toBe(`line 2 ${named}`);
    expect(await problemOf(one, two, damage)).toBe(`line 3 ${named}`);
  }
  const missing = (number: number) =>
    `checkpoint ${number} is missing from the external copy, after its line ${number - 1}`;
  expect(await problemOf(one, two)).toBe(missing(3));
  expect(await problemOf(one)).toBe(missing(2));
  expect(await problemOf(one, three)).toBe(missing(2));
  // A new checkpoint may not have reached the external copy yet.
  writeFileSync(path, `${one}\n${two}\n`);
  expect((await it.verify(organization)).firstBad).toBeNull();
});

test("a detached partition is reported with its month, even though nothing can be recorded", async () => {
  const own = await openTrail(await createTestDatabase());
  const organization = await own.newOrganization("detached");
  await own.record(organization, 3);
  const { rows } = await own.admin.query<{ name: string; month: string }>(
    `select tableoid::regclass::text as name, to_char(recorded_at at time zone 'UTC', 'YYYY-MM') as month
     from wheelhouse.audit_events where org_id = $1 limit 1`,
    [organization.id],
  );
  await own.admin.query(`alter table wheelhouse.audit_events detach partition ${rows[0]?.name}`);
  const problem = `events 1 to 3 are missing: the partition of ${rows[0]?.month} was detached or dropped`;
  expect((await own.verify(organization)).firstBad).toEqual({ seq: 1, problem });
  const service = createProofService({
    checkpoints: own.checkpoints,
    keys: own.keys,
    sinks: own.delivery,
    verifier: own.verifier,
    store: { headSeq: async () => 3, newestOf: async () => [] },
    trail: own.changes,
    log: pino({ level: "silent" }),
  });
  const steps = [];
  for await (const step of service.verify(testContext(organization))) steps.push(step);
  expect(steps.at(-1)).toMatchObject({ type: "result", firstBad: { seq: 1, problem } });
  await own.close();
});

test("content that expired under a checkpoint is counted and not a fault; content that disappeared otherwise is one", async () => {
  const organization = await organizationWith(5);
  await it.sign(organization);
  await it.expiry.expire(organization, 3);
  expect(await it.verify(organization)).toMatchObject({
    verifiedToSeq: 6,
    firstBad: null,
    expired: { events: 3, toSeq: 3, checkpointNumber: 1 },
  });
  // Declared by hand, without the event that a real expiry leaves in the trail.
  await it.admin.query("insert into wheelhouse.audit_expirations values ($1, 4, 0)", [organization.id]);
  await it.tamper([
    ["delete from wheelhouse.audit_events where org_id = $1 and content like '%thing 4%'", [organization.id]],
  ]);
  expect((await it.verify(organization)).firstBad).toEqual({
    seq: 4,
    problem: "the content of events 4 to 4 is gone, and the trail does not record that it expired",
  });
});
