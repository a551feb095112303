import { describe, expect, it } from "vitest";
import { addUnread, mergeHeads, nothingUnread, type TailPage, unreadCount } from "./tail.ts";

type Row = { id: string; at: number; status: string };
const row = (id: string, at: number, status = "pending"): Row => ({ id, at, status });
const compare = (a: Row, b: Row) => b.at - a.at;
const all = () => true;
const ids = (pages: TailPage<Row>[]) => pages.map((page) => page.items.map((item) => item.id));

const pages: TailPage<Row>[] = [
  { items: [row("f", 60), row("d", 40)], nextCursor: "c1" },
  { items: [row("c", 30), row("b", 20)], nextCursor: "c2" },
];

describe("live tail", () => {
  it("a shown row is updated without moving", () => {
    const merged = mergeHeads(pages, [row("c", 30, "completed")], { compare, matches: all, follow: false });
    expect(ids(merged.pages)).toEqual([
      ["f", "d"],
      ["c", "b"],
    ]);
    expect(merged.pages[1]?.items[0]?.status).toBe("completed");
    expect(merged.pages[0]).toBe(pages[0]);
    expect(merged.missed).toEqual([]);
  });

  it("a shown row keeps its place when it leaves the filter", () => {
    const merged = mergeHeads(pages, [row("d", 40, "completed")], {
      compare,
      matches: (item) => item.status === "pending",
      follow: true,
    });
    expect(ids(merged.pages)[0]).toEqual(["f", "d"]);
  });

  it("nothing is inserted above a reading user; it is reported instead", () => {
    const merged = mergeHeads(pages, [row("g", 70)], { compare, matches: all, follow: false });
    expect(merged.pages).toBe(pages);
    expect(merged.missed.map((item) => item.id)).toEqual(["g"]);
  });

  it("while following, a new row is inserted in order", () => {
    const merged = mergeHeads(pages, [row("g", 70), row("e", 50), row("d2", 35)], {
      compare,
      matches: all,
      follow: true,
    });
    expect(ids(merged.pages)).toEqual([
      ["g", "f", "e", "d"],
      ["d2", "c", "b"],
    ]);
  });

  it("a row older than all loaded rows waits for its page", () => {
    const merged = mergeHeads(pages, [row("a", 10)], { compare, matches: all, follow: true });
    expect(merged.pages).toBe(pages);
    expect(merged.missed).toEqual([]);
    const paused = mergeHeads(pages, [row("a", 10), row("e", 50)], { compare, matches: all, follow: false });
    expect(paused.missed.map((item) => item.id)).toEqual(["e"]);
  });

  it("an empty list takes its first row", () => {
    const merged = mergeHeads([{ items: [], nextCursor: null }], [row("a", 1)], {
      compare,
      matches: all,
      follow: true,
    });
    expect(ids(merged.pages)).toEqual([["a"]]);
  });

  it("a row outside the filter is neither shown nor counted", () => {
    const merged = mergeHeads(pages, [row("g", 70)], { compare, matches: () => false, follow: false });
    expect(merged.missed).toEqual([]);
  });

  it("a row that changes five times while paused counts once", () => {
    let unread = nothingUnread;
    for (let i = 0; i < 5; i += 1) unread = addUnread(unread, ["a", "b"], 0);
    expect(unreadCount(unread)).toBe(2);
    expect(unread.open).toBe(false);
  });

  it("rows counted but not sent make the number a lower bound", () => {
    expect(addUnread(nothingUnread, ["a"], 12)).toMatchObject({ open: true });
  });

  it("memory is bounded, the count is not", () => {
    const many = Array.from({ length: 1500 }, (_, index) => `id-${index}`);
    const unread = addUnread(nothingUnread, many, 0);
    expect(unread.ids.size).toBe(1000);
    expect(unreadCount(unread)).toBe(1500);
  });
});
