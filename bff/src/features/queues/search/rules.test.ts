import { describe, expect, test } from "vitest";
import { normalise } from "./causes.ts";
import { fieldsOf, standingRules, termOf } from "./fields.ts";

const key = "a key";
const organizationId = "org";
const read = (data: unknown, rules = standingRules) =>
  fieldsOf(JSON.stringify(data), { isWhole: true, key, organizationId, rules });
const has = (data: unknown, path: string, value: string, rules = standingRules) =>
  read(data, rules).terms.includes(termOf(key, organizationId, path, value));

describe("a cause has", () => {
  test.each([
    ["429 Too Many Requests: sendgrid_mail", "429 Too Many Requests: sendgrid_mail"],
    ["order 771093 of shop 12 not found", "order # of shop # not found"],
    ["connect ECONNREFUSED 10.0.3.7:5432", "connect ECONNREFUSED #"],
    ["user 0b0e6f5e-9c3a-4b1e-8f5a-0d8f2f6a9b1c is locked", "user # is locked"],
    ["mail to jane@example.com bounced", "mail to # bounced"],
    ["late since 2026-11-18T09:14:09.123Z", "late since #"],
    ["ERR_503: upstream\n    at step (file.ts:88:1)", "ERR_503: upstream"],
    ["", "No message"],
  ])("the message of all its failures: %s", (error, message) => {
    expect(normalise(error).message).toBe(message);
  });

  test("the words that differ, to find one failure by", () => {
    expect(normalise("order 771093 of shop 12 not found").words).toEqual(["771093", "12"]);
  });

  test("a bounded cost, however long the error is", () => {
    const startedMs = performance.now();
    normalise("x@".repeat(500_000));
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});

describe("the index of fields", () => {
  test("finds a field by its whole path and by its last parts, in lists too, whatever its type and case", () => {
    const data = { order: { user: { id: 42 } }, subjects: [{ user: { name: "Ada" } }], done: true };
    for (const path of ["order.user.id", "user.id", "id"]) expect(has(data, path, "42")).toBe(true);
    expect(has(data, "subjects.user.name", "ADA")).toBe(true);
    expect(has(data, "done", "true")).toBe(true);
    expect(has(data, "", "42")).toBe(true);
    expect(has(data, "order.id", "42")).toBe(false);
  });

  test("leaves out what a rule names, wherever it stands and all below it; a hash is found and not shown", () => {
    const rules = [
      ...standingRules,
      { queue: null, path: "card", what: "out" as const },
      { queue: null, path: "person.*.name", what: "hash" as const },
    ];
    const data = {
      pay: { card: { number: "4242", holder: { name: "Ada" } } },
      person: { a: { name: "Ada" } },
    };
    expect(read(data, rules)).toMatchObject({ shown: [], isCut: false });
    expect(has(data, "card.number", "4242", rules)).toBe(false);
    expect(has(data, "", "4242", rules)).toBe(false);
    expect(has(data, "person.a.name", "ada", rules)).toBe(true);
  });

  test("is bounded, and says so", () => {
    expect(read(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, n])))).toMatchObject({
      isCut: true,
    });
    expect(read(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, n]))).shown).toHaveLength(
      64,
    );
    expect(read({ rows: Array.from({ length: 50 }, (_, n) => n) }).shown).toHaveLength(20);
    expect(read({ text: "x".repeat(201) })).toMatchObject({ shown: [], isCut: true });
  });

  test("another organization, or key, has other terms for the same value", () => {
    expect(termOf(key, "a", "id", "42")).not.toBe(termOf(key, "b", "id", "42"));
    expect(termOf("other", "a", "id", "42")).not.toBe(termOf(key, "a", "id", "42"));
  });
});
