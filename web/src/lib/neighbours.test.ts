import { expect, test, vi } from "vitest";
import { neighboursOf } from "./neighbours.ts";

test("an open entry knows its position and neighbors; at the ends one is missing", () => {
  const go = vi.fn();
  const middle = neighboursOf(["a", "b", "c"], "b", go);
  expect(middle.position).toBe("2 of 3");
  middle.onPrevious?.();
  middle.onNext?.();
  expect(go.mock.calls).toEqual([["a"], ["c"]]);
  expect(neighboursOf(["a", "b"], "a", go).onPrevious).toBeUndefined();
  expect(neighboursOf(["a", "b"], "b", go).onNext).toBeUndefined();
});

test("an entry that is not shown has no position and no neighbors", () => {
  const nothing = { position: undefined, onPrevious: undefined, onNext: undefined };
  expect(neighboursOf(["a"], "b", () => {})).toEqual(nothing);
  expect(neighboursOf(["a"], undefined, () => {})).toEqual(nothing);
});
