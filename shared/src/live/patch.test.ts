import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { applyRows, applyWhole, MalformedMessage, patchRows, patchWhole } from "./patch.ts";

const observedAt = "2026-01-05T12:00:00.000Z";
/** As it arrives over the wire: JSON, without undefined keys. */
const overTheWire = <T>(value: T): unknown => JSON.parse(JSON.stringify(value));

type Row = { id: string } & JsonObject;
const leaf = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 0.1, "ok", "", "2026-01-05"),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ maxLength: 4 }),
  fc
    .date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-12-31") })
    .map((date) => date.toISOString()),
);
const key = fc.constantFrom("a", "b", "0", "c.d", "constructor", "__proto__", "length");
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
  ),
}));
const row = (id: string): fc.Arbitrary<Row> =>
  fc
    .record(
      { counts: value, at: leaf, parts: fc.array(fc.record({ n: leaf }), { maxLength: 3 }), name: leaf },
      { requiredKeys: [] },
    )
    .map((rest) => ({ ...rest, id }));
const rows = fc
  .uniqueArray(fc.constantFrom("r1", "r2", "r10", "é", "~", "Z"), { maxLength: 6 })
  .chain((ids) => fc.tuple(...ids.map(row)))
  .map((all): Row[] => all);

describe("patches of rows", () => {
  test("applied to a list, a patch gives exactly the next one, whatever its rows contain", () => {
    fc.assert(
      fc.property(rows, rows, (before, next) => {
        const [held, wanted] = [overTheWire(before), overTheWire(next)];
        const patch = overTheWire(patchRows(before, next, observedAt));
        const applied = applyRows(
          before.map((each) => JSON.parse(JSON.stringify(each))),
          patch,
          observedAt,
        );
        const byId = new Map((Array.isArray(wanted) ? wanted : []).map((each) => [each.id, each]));
        expect(applied).toHaveLength(byId.size);
        for (const each of applied) expect(each).toEqual(byId.get(Object(each).id));
        expect(held).toEqual(overTheWire(before));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a patch of one object gives exactly its next state", () => {
    fc.assert(
      fc.property(value, value, (before, next) => {
        const patch = overTheWire(patchWhole(before, next, observedAt));
        expect(applyWhole(overTheWire(before), patch, observedAt)).toEqual(overTheWire(next));
      }),
      { numRuns: 1_000 },
    );
  });

  test("unchanged parts keep their identity, and the list it is applied to is not changed", () => {
    const before = [
      { id: "a", counts: { waiting: 1 }, tags: ["x"] },
      { id: "b", counts: { waiting: 1 }, tags: ["y"] },
    ];
    const copy = structuredClone(before);
    const next = [{ id: "b", counts: { waiting: 2 }, tags: ["y"] }, copy[0] ?? { id: "a" }];
    const patch = overTheWire(patchRows<{ id: string }>(before, next, observedAt));
    const [a, b] = applyRows(before, patch, observedAt);
    expect(a).toBe(before[0]);
    expect(b).not.toBe(before[1]);
    expect(Object(b).tags).toBe(before[1]?.tags);
    expect(before).toEqual(copy);
  });

  test("equal lists give an empty patch, which returns the list itself", () => {
    const before = [{ id: "a", counts: { waiting: 1 } }];
    const patch = patchRows(before, structuredClone(before), observedAt);
    expect(patch).toEqual({ of: 1 });
    expect(applyRows(before, patch, observedAt)).toBe(before);
  });

  test("two rows with the same id are indistinguishable, so there is no patch", () => {
    expect(patchRows([{ id: "a" }, { id: "a" }], [{ id: "a" }], observedAt)).toBeNull();
    expect(patchRows([{ id: "a" }], [{ id: "a" }, { id: "a" }], observedAt)).toBeNull();
  });

  test("any other input is rejected or gives rows, and never crashes", () => {
    const before = [{ id: "a", n: 1, list: [1], deep: { x: null } }];
    const column = fc.record(
      {
        path: fc.oneof(fc.array(fc.oneof(key, fc.integer({ min: -2, max: 2 })), { maxLength: 3 }), value),
        at: fc.oneof(fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 2 }), value),
        by: fc.oneof(fc.array(fc.integer()), value),
        ms: fc.oneof(fc.array(fc.integer()), value),
        to: fc.oneof(fc.array(value), value),
        gone: fc.constantFrom(true, false, 1),
      },
      { requiredKeys: [] },
    );
    const patch = fc.oneof(
      value,
      fc.record(
        {
          of: fc.constantFrom(0, 1, 2),
          columns: fc.oneof(fc.array(column, { maxLength: 3 }), value),
          removed: fc.oneof(fc.array(fc.integer({ min: -1, max: 2 })), value),
          added: value,
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(patch, (strange) => {
        try {
          expect(Array.isArray(applyRows(before, overTheWire(strange), observedAt))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
        expect(before).toEqual([{ id: "a", n: 1, list: [1], deep: { x: null } }]);
      }),
      { numRuns: 2_000 },
    );
  });
});
