import type { QueueList, QueueRow } from "@wheelhouse/shared/queues.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter/filter-tokens.ts";
import { filterQueues, fromList, moveRows, type QueuesState, queueFilterKeys } from "./views.ts";

const row = (name: string, change: Partial<QueueRow> = {}): QueueRow => ({
  id: name,
  name,
  prefix: "bull",
  source: "main",
  state: "ok",
  label: "OK",
  cause: null,
  since: "2026-11-19T09:00:00Z",
  paused: false,
  counts: { waiting: 1, prioritized: 0, active: 0, delayed: 0, waitingChildren: 0, failed: 0, completed: 0 },
  oldestWaitingMs: null,
  workers: 1,
  completedPerMinute: null,
  failedPerMinute: null,
  drainsInMs: null,
  ...change,
});
const list = (...items: QueueRow[]): QueueList => ({
  observedAt: "2026-11-19T09:14:00Z",
  intervalMs: 1000,
  items,
  nextCursor: null,
  trends: Object.fromEntries(items.map(({ id }) => [id, { intervalMs: 10_000, values: [1, 2, 3] }])),
  workers: [],
});
const rows = (observedAt: string, ...items: QueueRow[]) => ({ observedAt, intervalMs: 1000, items });
const names = ({ views }: QueuesState) => views.map(({ row: { name } }) => name);

describe("live queues", () => {
  test("an unchanged row keeps its identity, a changed one does not", () => {
    const [email, orders] = [row("email"), row("orders")];
    const before = fromList(list(orders, email));
    const next = moveRows(before, rows("2026-11-19T09:14:01Z", row("email", { workers: 2 }), orders));
    expect(next.views.find(({ row: { name } }) => name === "orders")).toBe(before.views[1]);
    expect(next.views.find(({ row: { name } }) => name === "email")?.row.workers).toBe(2);
    expect(next.observedAt).toBe("2026-11-19T09:14:01Z");
  });

  test("a removed queue leaves, a new one takes its place in the order", () => {
    const before = fromList(list(row("orders"), row("email")));
    const broken = row("thumbnails", { state: "down", label: "No worker" });
    const next = moveRows(before, rows("2026-11-19T09:14:01Z", broken, row("orders")));
    expect(names(next)).toEqual(["thumbnails", "orders"]);
  });

  test("a trend grows by one point per interval, with gaps where data is missing", () => {
    const orders = row("orders");
    const before = fromList(list(orders));
    const early = moveRows(before, rows("2026-11-19T09:14:09Z", orders));
    expect(early.views[0]?.trend).toEqual([1, 2, 3]);
    const due = moveRows(early, rows("2026-11-19T09:14:10Z", orders));
    expect(due.views[0]?.trend).toEqual([1, 2, 3, 1]);
    const late = moveRows(due, rows("2026-11-19T09:14:31Z", orders));
    expect(late.views[0]?.trend).toEqual([1, 2, 3, 1, null, 1]);
  });

  test("an unreadable queue shows its last state until it is readable again", () => {
    const before = fromList(list(row("orders")));
    const lost = row("orders", { state: "unknown", label: "Unknown" });
    const first = moveRows(before, rows("2026-11-19T09:14:01Z", lost));
    const second = moveRows(first, rows("2026-11-19T09:14:02Z", { ...lost }));
    expect(second.views[0]?.was).toBe("OK");
    expect(fromList(list(lost), second).views[0]?.was).toBe("OK");
    const back = moveRows(second, rows("2026-11-19T09:14:03Z", row("orders")));
    expect(back.views[0]?.was).toBeNull();
  });

  test("the worst come first: no worker, old jobs, failing, unknown, paused, then healthy by name", () => {
    const state = fromList(
      list(
        row("b-ok"),
        row("a-ok"),
        row("paused", { paused: true, label: "Paused" }),
        row("unknown", { state: "unknown", label: "Unknown" }),
        row("failing", { state: "degraded", label: "Failing" }),
        row("old", { state: "degraded", label: "Old jobs" }),
        row("dead", { state: "down", label: "No worker" }),
      ),
    );
    expect(names(state)).toEqual(["dead", "old", "failing", "unknown", "paused", "a-ok", "b-ok"]);
  });
});

describe("queue filter", () => {
  const { views } = fromList(
    list(
      row("orders"),
      row("email", { state: "degraded", label: "Old jobs" }),
      row("a b ü{x}", { id: "main~shop%3Aprod~a", prefix: "shop:prod", paused: true, label: "Paused" }),
    ),
  );
  const keys = queueFilterKeys(views);
  const found = (typed: string) =>
    filterQueues(views, readFilterInput(typed, keys)).map(({ row: { name } }) => name);

  test.each([
    ["", ["email", "a b ü{x}", "orders"]],
    ["ORD", ["orders"]],
    ["state:old-jobs,paused", ["email", "a b ü{x}"]],
    ['state:"old jobs"', ["email"]],
    ["prefix:shop:prod", ["a b ü{x}"]],
    ["state:paused orders", []],
    ["ü{x}", ["a b ü{x}"]],
  ])("%j finds %j", (typed, expected) => expect(found(typed)).toEqual(expected));
});
