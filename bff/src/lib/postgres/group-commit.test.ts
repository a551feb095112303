import { expect, test } from "vitest";
import { AppError } from "#lib/http/errors.ts";
import { createGroupCommit } from "./group-commit.ts";

test("items that arrive while a group is written form the next groups, none larger than allowed", async () => {
  const groups: number[][] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const commit = createGroupCommit<number, number>({
    maxItems: 3,
    concurrency: 1,
    write: async (items) => {
      groups.push(items);
      if (groups.length === 1) await gate;
      return items.map((item) => item * 10);
    },
  });
  const first = commit.add(1);
  await expect.poll(() => groups.length).toBe(1);
  const rest = [2, 3, 4, 5].map((item) => commit.add(item));
  open();
  expect(await Promise.all([first, ...rest])).toEqual([10, 20, 30, 40, 50]);
  expect(groups).toEqual([[1], [2, 3, 4], [5]]);
  await commit.settled();
});

test("one bad item fails alone", async () => {
  const commit = createGroupCommit<string, string>({
    write: async (items) => {
      if (items.includes("bad")) throw new Error("cannot be stored");
      return items;
    },
  });
  const results = await Promise.allSettled(["a", "bad", "b"].map((item) => commit.add(item)));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a full queue and a hanging database answer 503 with Retry-After", async () => {
  const commit = createGroupCommit<number, number>({
    maxItems: 1,
    maxWaiting: 2,
    concurrency: 1,
    timeoutMs: 50,
    write: () => new Promise(() => {}),
  });
  const results = await Promise.allSettled([1, 2, 3].map((item) => commit.add(item)));
  for (const result of results) {
    expect(result.status).toBe("rejected");
    const reason = result.status === "rejected" ? result.reason : undefined;
    expect(reason).toBeInstanceOf(AppError);
    expect(reason).toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
  }
});

test("what arrives beside a group waits for it and goes together, unless it takes long", async () => {
  const groups: number[][] = [];
  const open: (() => void)[] = [];
  const commit = createGroupCommit<number, number>({
    patienceMs: 1_000,
    write: async (items) => {
      groups.push(items);
      await new Promise<void>((resolve) => open.push(resolve));
      return items;
    },
  });
  const all: Promise<number>[] = [];
  for (const item of [1, 2, 3, 4]) {
    all.push(commit.add(item));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(groups).toEqual([[1]]);
  await expect.poll(() => groups, { timeout: 5_000 }).toEqual([[1], [2, 3, 4]]);
  for (const one of open) one();
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4]);
});
