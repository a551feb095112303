import { expect, test, vi } from "vitest";
import { neighboursOf } from "./neighbours.ts";

test("an open entry knows its place and who is beside it; at the ends there is nobody", () => {
  const go = vi.fn();
  const middle = neighboursOf(["a", "b", "c"], "b", go);
  expect(middle.position).toBe("2 of 3");
  middle.onPrevious?.();
  middle.onNext?.();
  expect(go.mock.calls).toEqual([["a"], ["c"]]);
  expect(neighboursOf(["a", "b"], "a", go).onPrevious).toBeUndefined();
  expect(neighboursOf(["a", "b"], "b", go).onNext).toBeUndefined();
});

test("what is not shown has no place, and no way from it", () => {
  const nothing = { position: undefined, onPrevious: undefined, onNext: undefined };
  expect(neighboursOf(["a"], "b", () => {})).toEqual(nothing);
  expect(neighboursOf(["a"], undefined, () => {})).toEqual(nothing);
});
