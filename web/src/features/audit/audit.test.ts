import type { AuditEvent } from "@wheelhouse/shared/audit.ts";
import { describe, expect, it } from "vitest";
import { fieldChanges, shortHash } from "./audit-diff.ts";
import { auditFilterCount, auditQuery, byDay, matchesAudit, targetName } from "./audit-filter.ts";
import { readAuditSearch } from "./audit-search.ts";

const event: AuditEvent = {
  id: "019a8b00-0000-7000-8000-000000000001",
  seq: 7,
  organizationId: "019a8b00-0000-7000-8000-0000000000aa",
  organizationName: "Northwind",
  recordedAt: "2026-11-19T09:09:31.550Z",
  action: "webhooks.delivery.replay",
  outcome: "success",
  reason: "Certificate renewed",
  actor: { type: "user", id: "u1", display: "Priya Raman", authMethod: "password" },
  targets: [{ type: "delivery", id: "d1", name: "order.paid to orders" }],
  before: { status: "dead_letter", generation: 1, url: "https://a" },
  after: { status: "pending", generation: 2, url: "https://a", note: null },
  address: "10.20.4.22",
  userAgent: null,
  requestId: "req",
  schemaVersion: 1,
};

describe("audit address", () => {
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

  it("a mangled address opens the page without what it cannot read", () => {
    expect(readAuditSearch({ outcome: "lost", from: "yesterday", event: "1", action: "x.y.z" })).toEqual({});
  });
});

describe("audit live rows", () => {
  it.each([
    [{}, true],
    [{ actor: ["priya"] }, true],
    [{ actor: ["u1"] }, true],
    [{ actor: ["Jonas"] }, false],
    [{ action: ["webhooks.delivery.replay" as const] }, true],
    [{ action: ["audit.trail.read" as const] }, false],
    [{ target: "orders" }, true],
    [{ outcome: ["denied" as const] }, false],
    [{ from: "2026-11-19T10:00:00Z" }, false],
    [{ to: "2026-11-19T09:09:31.550Z" }, false],
    [{ q: "certificate" }, true],
  ])("%j lets the event in: %s", (filter, expected) => {
    expect(matchesAudit(filter, event)).toBe(expected);
  });

  it("days are grouped in the order of the list", () => {
    const other = { ...event, id: "b", recordedAt: "2026-11-18T23:00:00.000Z" };
    const groups = byDay([event, { ...event, id: "c" }, other], (iso) => iso.slice(0, 10));
    expect(groups.map((group) => [group.day, group.events.length])).toEqual([
      ["2026-11-19", 2],
      ["2026-11-18", 1],
    ]);
  });

  it("more than one target is counted", () => {
    expect(targetName({ targets: [] })).toBe("");
    expect(targetName({ targets: [...event.targets, ...event.targets] })).toBe(
      "order.paid to orders and 1 more",
    );
  });
});

describe("before and after", () => {
  it("changed fields come first; added, removed and null are told apart", () => {
    expect(fieldChanges(event)).toEqual([
      { field: "generation", before: "1", after: "2", changed: true },
      { field: "note", before: undefined, after: "null", changed: true },
      { field: "status", before: "dead_letter", after: "pending", changed: true },
      { field: "url", before: "https://a", after: "https://a", changed: false },
    ]);
  });

  it("the order of keys is no change", () => {
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
