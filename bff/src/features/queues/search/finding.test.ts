import { Queue, Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#lib/http/errors.ts";
import { type OwnRedis, startOwnRedis } from "#testing/stack.ts";
import { startIndex, type TestIndex } from "./testing/index.fixture.ts";

let server: OwnRedis;
let index: TestIndex;
const closing: { close(): Promise<unknown> }[] = [];
const contoso = { id: "", slug: "contoso", name: "Contoso" };

beforeAll(async () => {
  server = await startOwnRedis();
  index = await startIndex(server.url);
  const connection = { url: server.url, maxRetriesPerRequest: null };
  const [email, orders, foreign] = ["email", "orders", "foreign"].map(
    (name) => new Queue(name, { connection }),
  );
  if (!email || !orders || !foreign) throw new Error("no queue");
  const worker = new Worker("email", null, { connection, autorun: false });
  closing.push(email, orders, foreign, worker);
  await index.database.system
    .insertInto("organizations")
    .values({ slug: contoso.slug, name: contoso.name })
    .returning("id")
    .executeTakeFirstOrThrow()
    .then(({ id }) => {
      contoso.id = id;
    });
  await email.add("send-receipt", { user: { id: 42, email: "Jane@Example.com" }, password: "hunter2" });
  const job = await worker.getNextJob("token", { block: false });
  await job?.moveToFailed(new Error("ETIMEDOUT: sendgrid_mail, order 771093 of shop 12"), "token", false);
  await email.add("send-campaign", {
    user: { id: 42 },
    list: "autumn",
    card: { number: "4242", last: "42" },
  });
  await email.add("send-campaign", { user: { id: 43 }, list: "autumn" });
  await orders.add("fulfil", { order: { user: { id: 42 } } }, { jobId: "o-771093" });
  await orders.add("export", { subjects: [1, 2, 42].map((id) => ({ user: { id } })) });
  await orders.add("other", { id: 42 });
  await foreign.add("foreign", { user: { id: 42 } }, { jobId: "o-771093" });
  const reader = await index.follow();
  await reader.read({ name: "email" }, { name: "orders" }, { name: "foreign", organizationId: contoso.id });
});
afterAll(async () => {
  await Promise.all(closing.map((each) => each.close()));
  await index.close();
  await server.dispose();
});

const names = async (query: object, context = index.contextOf()) =>
  (await index.find(query, context)).items.map(({ name }) => name).sort();

describe("a job is found by", () => {
  test.each<[string, object, string[]]>([
    ["its id", { id: "o-771093" }, ["fulfil"]],
    ["its name", { name: "send-campaign" }, ["send-campaign", "send-campaign"]],
    ["its queue and state", { queue: "email", state: "failed" }, ["send-receipt"]],
    [
      "a field wherever it stands",
      { data: "data.user.id:42" },
      ["export", "fulfil", "send-campaign", "send-receipt"],
    ],
    ["the whole path of a field", { data: "order.user.id:42" }, ["fulfil"]],
    ["alternatives of a field", { data: "user.id:43,1" }, ["export", "send-campaign"]],
    ["two fields", { data: ["user.id:42", "list:autumn"] }, ["send-campaign"]],
    ["a field and a state", { data: "user.id:42", state: "failed" }, ["send-receipt"]],
    ["a value of any field", { text: "autumn" }, ["send-campaign", "send-campaign"]],
    ["the text of its error", { error: "sendgrid" }, ["send-receipt"]],
    ["a number in its error", { error: "771093" }, ["send-receipt"]],
    ["both", { error: "order 771093" }, ["send-receipt"]],
    ["the hash of personal data", { data: "user.email:jane@example.com" }, ["send-receipt"]],
    [
      "when it was added",
      { from: new Date(Date.now() - 3_600_000).toISOString(), queue: "orders" },
      ["export", "fulfil", "other"],
    ],
  ])("%s", async (_, query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test.each<[string, object]>([
    ["an id", { id: "no-such" }],
    ["a queue", { queue: "no-such" }],
    ["a name", { name: "no-such" }],
    ["a state", { state: "active" }],
    ["a field", { data: "user.id:4200017" }],
    ["a field of another state", { data: "user.id:43", state: "failed" }],
    ["an error", { error: "no such text" }],
    ["a number in an error", { error: "771094" }],
    ["secrets", { text: "hunter2" }],
    ["secrets by their field", { data: "password:hunter2" }],
    ["a later time", { from: new Date(Date.now() + 60_000).toISOString() }],
  ])("nothing by %s that does not occur", async (_, query) => {
    expect(await index.find(query)).toMatchObject({ items: [], summary: { count: 0 }, nextCursor: null });
  });
});

test("the matched field is shown, a hashed one is not", async () => {
  const { items, summary } = await index.find({ data: "user.id:42" });
  expect(Object.fromEntries(items.map(({ name, matched }) => [name, matched]))).toEqual({
    "send-receipt": [{ path: "user.id", value: "42" }],
    "send-campaign": [{ path: "user.id", value: "42" }],
    fulfil: [{ path: "order.user.id", value: "42" }],
    export: [{ path: "subjects[2].user.id", value: "42" }],
  });
  expect(summary).toMatchObject({
    count: 4,
    isBound: false,
    queues: [
      { queue: "email", jobs: 2 },
      { queue: "orders", jobs: 2 },
    ],
  });
  expect((await index.find({ data: "email:jane@example.com" })).items[0]?.matched).toEqual([]);
  const stored = JSON.stringify(
    await index.database.system.selectFrom("indexed_job_terms").selectAll().execute(),
  );
  for (const secret of ["hunter2", "Jane", "4242"]) expect(stored).not.toContain(secret);
});

test("another organization's jobs are not found, not counted, and complete no filter", async () => {
  const context = index.contextOf(contoso);
  expect(await names({}, context)).toEqual(["foreign"]);
  expect(await names({ id: "o-771093" }, context)).toEqual(["foreign"]);
  expect(await names({ data: "user.id:42" }, context)).toEqual(["foreign"]);
  expect(await index.find({}, context)).toMatchObject({ summary: { count: 1 } });
  expect((await index.words(context)).queues.map(({ name }) => name)).toEqual(["foreign"]);
  expect((await index.causes({}, context)).total).toBe(0);
  expect((await index.index(context)).jobs).toBe(1);
});

test("without the right to payloads, data is neither searched nor shown", async () => {
  const viewer = index.contextOf(undefined, ["queues:payload"]);
  expect(() => index.find({ data: "user.id:42" }, viewer)).toThrow(AppError);
  const { items } = await index.find({ state: "failed" }, viewer);
  expect(items).toMatchObject([{ name: "send-receipt", matched: [] }]);
  expect((await index.words(viewer)).fields).toEqual([]);
});

test("pages hold every job once, newest first", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: { queue: string; id: string; addedAt: string }[]; nextCursor: string | null } =
      await index.find({
        limit: 2,
        ...(cursor === null ? {} : { cursor }),
      });
    seen.push(...page.items.map(({ queue, id, addedAt }) => `${addedAt} ${queue} ${id}`));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(6);
  expect(seen.map((line) => line.slice(0, 24))).toEqual(
    seen
      .map((line) => line.slice(0, 24))
      .toSorted()
      .toReversed(),
  );
});
