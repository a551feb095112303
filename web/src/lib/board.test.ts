import { expect, test } from "vitest";
import { applyChanges } from "./board.ts";

const at = "2026-01-05T12:00:00.000Z";
const later = "2026-01-05T12:00:01.000Z";
const one = { id: "one", state: "ok" };
const two = { id: "two", state: "ok" };
const board = { seq: 4, observedAt: at, intervalMs: 1_000, items: [one, two], servers: 2 };
const message = { seq: 5, observedAt: later, intervalMs: 1_000, changed: [], removed: [] };

test("a row that changed is replaced, a new one added, a removed one gone, and others keep their identity", () => {
  const changed = [
    { id: "two", state: "down" },
    { id: "three", state: "ok" },
  ];
  expect(applyChanges(board, { ...message, changed })).toEqual({
    seq: 5,
    observedAt: later,
    intervalMs: 1_000,
    servers: 2,
    items: [one, ...changed],
  });
  const next = applyChanges(board, { ...message, removed: ["two"] });
  expect(next).toMatchObject({ items: [one] });
  expect(next !== "gap" && next.items[0]).toBe(one);
});

test("without a change the rows stay the same and only their age moves", () => {
  const next = applyChanges(board, message);
  expect(next).toMatchObject({ observedAt: later });
  expect(next !== "gap" && next.items).toBe(board.items);
});

test("a missing number, and a change before the whole, ask for the whole", () => {
  expect(applyChanges(board, { ...message, seq: 6 })).toBe("gap");
  expect(applyChanges({ ...board, seq: null }, message)).toBe("gap");
});
