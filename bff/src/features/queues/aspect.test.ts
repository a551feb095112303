import { overview } from "@wheelhouse/shared/overview.ts";
import { queueList } from "@wheelhouse/shared/queues.ts";
import { expect, test } from "vitest";
import { createTrends, createViews, divide } from "#observe/spread/spread.ts";
import { makeAspects } from "#testing/aspects.ts";
import { makeCounts, makeQueue, makeTick } from "#testing/tick.ts";

const brokenQueue = makeQueue("orders", {
  state: "down",
  label: "No worker",
  workers: 0,
  counts: makeCounts({ waiting: 3 }),
});

test("the list of queues stands worst first and holds its own rows, trends and hosts only", () => {
  const tick = makeTick({
    queues: [
      makeQueue("b"),
      makeQueue("a"),
      makeQueue("held", { label: "Paused", paused: true }),
      makeQueue("lost", { state: "unknown", label: "Unknown" }),
      makeQueue("slow", { state: "degraded", label: "Old jobs" }),
      brokenQueue,
      makeQueue("theirs", { organization: "rival" }),
    ],
    queuesExtra: { hosts: { primary: [{ host: "10.0.0.1", workers: { a: 2, theirs: 5 } }] } },
  });
  const views = createViews({
    aspects: makeAspects().aspects,
    organization: { id: "acme-id", slug: "acme" },
    current: divide(tick),
    changes: [],
    trends: createTrends(),
    hour: createTrends(),
    intervalMs: 1_000,
  });
  const { items, trends, workers } = queueList.parse(views.list("queues"));
  expect(items.map(({ id }) => id)).toEqual(["orders", "slow", "lost", "held", "a", "b"]);
  expect(Object.keys(trends).sort()).toEqual(["a", "b", "held", "lost", "orders", "slow"]);
  expect(workers).toEqual([{ host: "10.0.0.1", queues: ["a"], workers: 2 }]);
});

test("queues that cannot be read are one problem of their server, with the server's reason", () => {
  const cause = "This queue cannot be read: NOPERM no permission to run 'evalsha_ro'";
  const unread = (name: string) =>
    makeQueue(name, { state: "unknown", label: "Unknown", isUnread: true, cause, source: "cloud" });
  const tick = makeTick({ queues: [makeQueue("fine"), unread("a"), unread("b")] });
  const views = createViews({
    aspects: makeAspects().aspects,
    organization: { id: "acme-id", slug: "acme" },
    current: divide(tick),
    changes: [],
    trends: createTrends(),
    hour: createTrends(),
    intervalMs: 1_000,
  });
  const { problems } = overview.parse(views.list("overview"));
  expect(problems.filter(({ title }) => title === "its queues cannot be read")).toMatchObject([
    { state: "unknown", subject: "cloud", cause, affects: "2 queues" },
  ]);
});
