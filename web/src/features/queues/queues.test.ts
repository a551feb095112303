import type { QueueList, QueueRow } from "@wheelhouse/shared/queues.ts";
import { describe, expect, test } from "vitest";
import { readFilterInput } from "#ui/filter-tokens.ts";
import { filterQueues, queueFilterKeys } from "./queues-filter.ts";
import { applyChanges, fromList, type QueuesState } from "./queues-live.ts";

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
const changes = (seq: number, observedAt: string, changed: QueueRow[], removed: string[] = []) => ({
  seq,
  observedAt,
  intervalMs: 1000,
  changed,
  removed,
});
const applied = (result: QueuesState | "gap"): QueuesState => {
  if (result === "gap") throw new Error("a gap was not expected");
  return result;
};
const names = ({ views }: QueuesState) => views.map(({ row: { name } }) => name);

describe("live queues", () => {
  test("an unchanged row keeps its identity, a changed one does not", () => {
    const before = fromList(list(row("orders"), row("email")), 7);
    const next = applied(
      applyChanges(before, changes(8, "2026-11-19T09:14:01Z", [row("email", { workers: 2 })])),
    );
    expect(next.views.find(({ row: { name } }) => name === "orders")).toBe(before.views[1]);
    expect(next.views.find(({ row: { name } }) => name === "email")?.row.workers).toBe(2);
    expect(next.observedAt).toBe("2026-11-19T09:14:01Z");
  });

  test("a gap in the numbers is told, and nothing is applied on top of it", () => {
    const before = fromList(list(row("orders")), 7);
    expect(applyChanges(before, changes(9, "2026-11-19T09:14:02Z", []))).toBe("gap");
    expect(applyChanges(before, changes(7, "2026-11-19T09:14:00Z", []))).toBe("gap");
    expect(applyChanges(fromList(list(), null), changes(1, "2026-11-19T09:14:00Z", []))).toBe("gap");
  });

  test("a removed queue leaves, a new one takes its place in the order", () => {
    const before = fromList(list(row("orders"), row("email")), 7);
    const broken = row("thumbnails", { state: "down", label: "No worker" });
    const next = applied(applyChanges(before, changes(8, "2026-11-19T09:14:01Z", [broken], ["email"])));
    expect(names(next)).toEqual(["thumbnails", "orders"]);
  });

  test("a trend grows by one point an interval, with holes where nothing was heard", () => {
    const before = fromList(list(row("orders")), 1);
    const early = applied(applyChanges(before, changes(2, "2026-11-19T09:14:09Z", [])));
    expect(early.views[0]?.trend).toEqual([1, 2, 3]);
    const due = applied(applyChanges(early, changes(3, "2026-11-19T09:14:10Z", [])));
    expect(due.views[0]?.trend).toEqual([1, 2, 3, 1]);
    const late = applied(applyChanges(due, changes(4, "2026-11-19T09:14:31Z", [])));
    expect(late.views[0]?.trend).toEqual([1, 2, 3, 1, null, 1]);
  });

  test("a queue that can no longer be read still says what it was, until it is read again", () => {
    const before = fromList(list(row("orders")), 1);
    const lost = row("orders", { state: "unknown", label: "Unknown" });
    const first = applied(applyChanges(before, changes(2, "2026-11-19T09:14:01Z", [lost])));
    const second = applied(applyChanges(first, changes(3, "2026-11-19T09:14:02Z", [{ ...lost }])));
    expect(second.views[0]?.was).toBe("OK");
    expect(fromList(list(lost), 9, second).views[0]?.was).toBe("OK");
    const back = applied(applyChanges(second, changes(4, "2026-11-19T09:14:03Z", [row("orders")])));
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
      1,
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
    1,
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
