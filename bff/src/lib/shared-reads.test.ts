import { expect, test } from "vitest";
import type { EventMap, EventName } from "./events.ts";
import { createSharedReads } from "./shared-reads.ts";

function make() {
  let nowMs = 0;
  const heard: ((event: EventMap["audit.committed"]) => void)[] = [];
  const events = {
    on: <Name extends EventName>(_name: Name, listener: (event: EventMap[Name]) => void) => {
      heard.push(listener);
      return () => {};
    },
  };
  const reads = createSharedReads({ clock: { now: () => nowMs }, events });
  let queries = 0;
  return {
    reads,
    read: reads.open<number>(),
    query: async () => ++queries,
    queries: () => queries,
    pass: (ms: number) => {
      nowMs += ms;
    },
    committed: (organizationId: string) => {
      for (const listener of heard) listener({ organizationId, ids: [], created: 1 });
    },
  };
}

test("equal reads within a second share one query, and a later one asks again", async () => {
  const it = make();
  const answers = await Promise.all([1, 2, 3].map(() => it.read(["a"], { status: ["failed"] }, it.query)));
  it.pass(999);
  answers.push(await it.read(["a"], { status: ["failed"] }, it.query));
  expect(answers).toEqual([1, 1, 1, 1]);
  it.pass(1);
  expect(await it.read(["a"], { status: ["failed"] }, it.query)).toBe(2);
});

test("two people with different rights never share: neither another organization nor a wider subtree, filter or kind", async () => {
  const it = make();
  const other = it.reads.open<number>();
  await it.read(["a"], {}, it.query);
  await it.read(["b"], {}, it.query);
  await it.read(["a", "b"], {}, it.query);
  await it.read(["a"], { q: "x" }, it.query);
  await other(["a"], {}, it.query);
  expect(it.queries()).toBe(5);
  // The order in which the rights were read does not matter.
  await it.read(["b", "a"], {}, it.query);
  expect(it.queries()).toBe(5);
});

test("an act ends the sharing of its organization's reads at once, here and from other processes", async () => {
  const it = make();
  await it.read(["a", "b"], {}, it.query);
  await it.read(["c"], {}, it.query);
  it.reads.forget("b");
  expect(await it.read(["a", "b"], {}, it.query)).toBe(3);
  it.committed("a");
  expect(await it.read(["a", "b"], {}, it.query)).toBe(4);
  expect(await it.read(["c"], {}, it.query)).toBe(2);
});

test("a failed read is not kept", async () => {
  const it = make();
  await expect(it.read(["a"], {}, () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await it.read(["a"], {}, it.query)).toBe(1);
});
