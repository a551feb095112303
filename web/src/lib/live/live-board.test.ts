import { type CacheList, type CacheRow, cacheTopic } from "@wheelhouse/shared/caches/caches.ts";
import { expect, test } from "vitest";
import { listBoard } from "./live-board.ts";

const row = (id: string, hitRatio: number | null): CacheRow => ({
  id,
  name: id,
  service: "orders",
  state: "ok",
  label: "OK",
  cause: null,
  since: null,
  hitRatio,
  threshold: null,
  levels: [],
  hitsPerMinute: null,
  missesPerMinute: null,
  setsPerMinute: null,
  evictedPerMinute: null,
  loadMsMean: null,
  savedMsPerMinute: null,
  coalescedPerMinute: null,
  sizeBytes: null,
  tags: ["eu"],
  groups: [],
  invalidateBy: [],
  instances: [],
  observedAt: null,
  intervalMs: 1_000,
});
const list = (second: number, trend: number, ...items: CacheRow[]): CacheList => ({
  observedAt: `2026-01-05T12:00:0${second}.000Z`,
  intervalMs: 1_000,
  items,
  nextCursor: null,
  trends: { a: { intervalMs: 10_000, values: [trend] } },
});
const board = listBoard({
  topic: cacheTopic,
  key: "caches",
  read: () => Promise.reject(new Error("not requested")),
});
const ids = ({ items }: CacheList) => items.map(({ id }) => id);

test("a snapshot has the topic's order, whatever its origin", () => {
  expect(ids(board.take(list(1, 1, row("b", 0.9), row("c", null), row("a", 0.1)), undefined, true))).toEqual([
    "a",
    "b",
    "c",
  ]);
});

test("unchanged rows of an answer keep their identity", () => {
  const shown = list(1, 1, row("a", 0.1), row("b", 0.9));
  const next = board.take(list(2, 2, row("a", 0.1), row("b", 0.8)), shown, true);
  expect(next.items[0]).toBe(shown.items[0]);
  expect(next.items[1]?.hitRatio).toBe(0.8);
  expect(next.trends).toEqual(list(2, 2).trends);
});

test("a message updates rows and their age; other fields keep the values of the last answer", () => {
  const next = board.move(list(1, 1, row("a", 0.1)), list(2, 9, row("a", 0.2)));
  expect(next).toEqual(list(2, 1, row("a", 0.2)));
});

test("an answer older than the socket's data adds only what messages do not carry", () => {
  const shown = list(3, 1, row("a", 0.3));
  const next = board.keep(shown, list(2, 2, row("a", 0.2), row("old", 0.1)));
  expect(next).toEqual(list(3, 2, row("a", 0.3)));
});
