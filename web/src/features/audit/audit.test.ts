import { describe, expect, it } from "vitest";
import { auditFilterCount, auditQuery, matchesAudit, missingEvent, targetName } from "./filter.ts";
import { fieldChanges, shortHash } from "./reading/diff.ts";
import { readAuditTokens } from "./reading/tokens.ts";
import { type AuditSearch, readAuditSearch, toggledIn } from "./search.ts";
import { auditEventExample } from "./testing/audit.fixture.ts";

const event = auditEventExample;

describe("audit URL", () => {
  it("reads what it wrote", () => {
    const search = readAuditSearch({
      actor: "Priya Raman",
      outcome: "denied,failure",
      from: "2026-11-19T00:00:00Z",
      q: 4711,
    });
    expect(search).toMatchObject({ actor: ["Priya Raman"], outcome: ["denied", "failure"], q: "4711" });
    expect(auditQuery(search)).toEqual({
      actor: "Priya Raman",
      outcome: "denied,failure",
      from: "2026-11-19T00:00:00Z",
      q: "4711",
    });
    expect(auditFilterCount(search)).toBe(4);
  });

  it("only a filter that is set can be negated", () => {
    const search = readAuditSearch({ class: "audit", not: "class,actor,lost" });
    expect(search).toMatchObject({ class: ["audit"], not: ["class"] });
    expect(auditQuery(search)).toEqual({ class: "audit", not: "class" });
    const typed = { tokens: [{ key: "-class", value: "audit" }], text: "" };
    expect(readAuditTokens(typed, {}, { nowMs: 0, zone: "utc" })).toMatchObject(search);
    const both = { tokens: [...typed.tokens, { key: "class", value: "access" }], text: "" };
    expect(readAuditTokens(both, search, { nowMs: 0, zone: "utc" })).toMatchObject({
      class: ["access"],
      not: undefined,
    });
  });

  it("selecting a plot mark clears the negation of its filter", () => {
    const search: AuditSearch = { slot: ["1-00"], action: ["a.b"], not: ["slot", "action"] };
    expect(toggledIn(search, "slot", "1-00")).toMatchObject({ slot: ["1-00"], not: ["action"] });
    expect(toggledIn({ slot: ["1-00"] }, "slot", "1-00").slot).toBeUndefined();
    expect(toggledIn({ slot: ["1-00"] }, "slot", "2-00").slot).toEqual(["1-00", "2-00"]);
  });

  it("a damaged URL opens the page without the unreadable parts", () => {
    expect(
      readAuditSearch({ outcome: "lost", from: "yesterday", event: "1", action: "X y", slot: "8-00" }),
    ).toEqual({});
  });
});

describe("audit live rows", () => {
  it.each([
    [{}, true],
    [{ actor: ["Priya Raman"] }, true],
    [{ actor: ["Priya"] }, false],
    [{ actor: ["u1"] }, true],
    [{ actor: ["Jonas"] }, false],
    [{ action: ["webhooks.delivery.replay" as const] }, true],
    [{ action: ["audit.trail.read" as const] }, false],
    [{ target: "order.paid to orders" }, true],
    [{ target: "d1" }, true],
    [{ target: "orders" }, false],
    [{ outcome: ["denied" as const] }, false],
    [{ from: "2026-11-19T10:00:00Z" }, false],
    [{ to: "2026-11-19T09:09:31.550Z" }, false],
    [{ q: "certificate" }, true],
    [{ outcome: ["denied" as const], not: ["outcome" as const] }, true],
    [{ action: ["webhooks.delivery.replay"], not: ["action" as const] }, false],
    [{ target: "d1", actor: ["u1"], not: ["target" as const] }, false],
    [{ not: ["class" as const] }, true],
  ])("%j lets the event in: %s", (filter, expected) => {
    expect(matchesAudit(filter, event)).toBe(expected);
  });

  it("an event that is missing between its neighbours is found, whatever their order", () => {
    const seqs = (...numbers: (number | null)[]) => numbers.map((seq) => ({ seq }));
    expect(missingEvent(seqs(703, 701, 700))).toBe(702);
    expect(missingEvent(seqs(702, 703, 701))).toBeUndefined();
    expect(missingEvent(seqs(null, 703, 702))).toBeUndefined();
    expect(missingEvent([])).toBeUndefined();
  });

  it("further targets are counted", () => {
    expect(targetName({ targets: [] })).toBe("");
    expect(targetName({ targets: [...event.targets, ...event.targets] })).toBe(
      "order.paid to orders and 1 more",
    );
  });
});

describe("before and after", () => {
  it("changed fields come first; added, removed and null are distinguished", () => {
    expect(fieldChanges(event)).toEqual([
      { field: "generation", before: "1", after: "2", changed: true },
      { field: "note", before: undefined, after: "null", changed: true },
      { field: "status", before: "dead_letter", after: "pending", changed: true },
      { field: "url", before: "https://a", after: "https://a", changed: false },
    ]);
  });

  it("a different key order is no change", () => {
    const changes = fieldChanges({ before: { x: { a: 1, b: [1] } }, after: { x: { b: [1], a: 1 } } });
    expect(changes[0]?.changed).toBe(false);
  });

  it("a creation has no before, a deletion no after", () => {
    expect(fieldChanges({ before: null, after: { a: 1 } })[0]).toMatchObject({
      before: undefined,
      after: "1",
    });
    expect(fieldChanges({ before: { a: 1 }, after: null })[0]).toMatchObject({
      before: "1",
      after: undefined,
    });
  });

  it("a hash is shortened so that both ends can be compared", () => {
    expect(shortHash(`b41f09d27ae8${"0".repeat(48)}5c30`)).toBe("b41f 09d2 7ae8 … 5c30");
  });
});
