import { expect, test } from "vitest";
import { changesOf, merged } from "./merge.ts";
import { values as base } from "./testing/values.fixture.ts";
import { changeOf } from "./values.ts";

const theirs = { ...base, ratePerSecond: 5, concurrency: 2, labels: ["us"] };
const mine = { ...base, ratePerSecond: 40, timeoutMs: 20_000, labels: ["us"] };

test("each field that somebody changed is named with who changed it, and no other", () => {
  expect(changesOf(base, theirs, mine)).toEqual([
    { field: "labels", by: "theirs" },
    { field: "timeoutMs", by: "mine" },
    { field: "ratePerSecond", by: "both" },
    { field: "concurrency", by: "theirs" },
  ]);
});

test("nothing can be saved before each field that both changed has a choice", () => {
  expect(merged(base, theirs, mine, new Map())).toBeUndefined();
});

test("what only they changed is never overwritten, whatever is chosen", () => {
  for (const side of ["theirs", "mine"] as const) {
    const result = merged(base, theirs, mine, new Map([["ratePerSecond", side]]));
    expect(result).toMatchObject({
      concurrency: 2,
      labels: ["us"],
      timeoutMs: 20_000,
      ratePerSecond: side === "theirs" ? 5 : 40,
    });
  }
});

test("only what differs from their version is sent", () => {
  const result = merged(base, theirs, mine, new Map([["ratePerSecond", "theirs"]]));
  expect(result && changeOf(theirs, result)).toEqual({ settings: { timeoutMs: 20_000 } });
});

test("a secret that I replace or remove is asked about, since theirs might have changed unseen", () => {
  const replaced = base.headers.map(({ name, value }) => ({ name, value: value ?? "Bearer new" }));
  const removed = base.headers.filter(({ value }) => value !== null);
  for (const headers of [replaced, removed])
    expect(changesOf(base, base, { ...base, headers })).toEqual([{ field: "headers", by: "both" }]);
});

test("a secret that I keep is not asked about", () => {
  const headers = [...base.headers, { name: "x-region", value: "eu" }];
  expect(changesOf(base, base, { ...base, headers })).toEqual([{ field: "headers", by: "mine" }]);
});
