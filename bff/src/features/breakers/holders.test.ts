import type { Operation } from "@wheelhouse/shared/operations.ts";
import { expect, test } from "vitest";
import { iso, reading, stage } from "./testing/board.fixture.ts";

const command = (kind: string, by: string): Operation => ({
  operationId: "o",
  kind,
  target: "orders~payments",
  by,
  reason: "The provider is down",
  requestedAt: iso(0),
  expiresAt: iso(10_000),
  holdUntil: null,
  endedAt: iso(1_000),
  state: "done",
  outcomes: [],
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the holder of a breaker is in its row from the next tick on, read in one query for all held breakers, until it is released", async () => {
  const { tell, wait, asked, holdBy } = stage();
  const other = reading("1", "disabled", { name: "stock", key: "stock" });
  tell(0, reading("1", "closed"), other, reading("2", "closed", { name: "mail", key: "mail" }));
  await settled();
  holdBy(command("breaker.open", "Ada"));
  tell(1_000, reading("1", "forced_open"), other);
  await settled();
  const { rows } = wait(2_000);
  const rowOf = (name: string) => rows.find((row) => row.name === name);
  expect(asked.at(-1)?.toSorted()).toEqual(["orders~payments", "orders~stock"]);
  expect(rowOf("payments")?.forced).toEqual({
    by: "Ada",
    at: iso(0),
    reason: "The provider is down",
    command: "open",
    until: null,
  });
  expect(rowOf("stock")?.forced).toBeNull();
  await settled();
  // An unchanged row is the same object, so nothing is sent.
  expect(wait(3_000).rows.find(({ name }) => name === "payments")).toBe(rowOf("payments"));
  holdBy(command("breaker.reset", "Ada"));
  const free = tell(4_000, reading("1", "closed"), { ...other, state: "closed" });
  expect(free.rows.map(({ forced }) => forced)).toEqual([null, null, null]);
  const times = asked.length;
  wait(6_000);
  expect(asked.length).toBe(times);
});
