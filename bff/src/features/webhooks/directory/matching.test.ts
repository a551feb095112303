import { describe, expect, test } from "vitest";
import { jsonScalar } from "./json-field.ts";
import { matches } from "./matching.ts";

const body = Buffer.from(
  JSON.stringify({
    type: "x",
    data: { warehouse: "fra-1", total: 12.5, isPaid: true, lines: [1], none: null },
  }),
);
const takes = (eventTypes: string[], type: string) => matches({ eventTypes, bodyFilter: [] }, type, body);
const holds = (path: string, ...values: string[]) =>
  matches({ eventTypes: [], bodyFilter: [{ path, values }] }, "x", body);

describe("an endpoint takes an event", () => {
  test("of each type, unless it names patterns, in which * stands for any text", () => {
    expect(takes([], "shipment.sent")).toBe(true);
    expect(takes(["shipment.*"], "shipment.sent")).toBe(true);
    expect(takes(["shipment.*"], "order.sent")).toBe(false);
    expect(takes(["*.sent"], "order.sent")).toBe(true);
    expect(takes(["a*b*c"], "a-b-c")).toBe(true);
    expect(takes(["a*b*c"], "a-c-b")).toBe(false);
    expect(takes(["ab*ba"], "aba")).toBe(false);
    expect(takes(["order"], "order.sent")).toBe(false);
  });

  test("unless an excluding pattern matches", () => {
    expect(takes(["shipment.*", "!shipment.label.*"], "shipment.label.made")).toBe(false);
    expect(takes(["shipment.*", "!shipment.label.*"], "shipment.sent")).toBe(true);
    expect(takes(["!shipment.label.*"], "order.sent")).toBe(true);
  });

  test("if each field of the body has one of the values", () => {
    expect(holds("data.warehouse", "fra-1", "fra-2")).toBe(true);
    expect(holds("data.warehouse", "fra-2")).toBe(false);
    expect(holds("data.total", "12.5")).toBe(true);
    expect(holds("data.isPaid", "true")).toBe(true);
    expect(holds("data.lines", "[1]")).toBe(false);
    expect(holds("data.missing", "x")).toBe(false);
    expect(
      matches({ eventTypes: [], bodyFilter: [{ path: "a", values: ["1"] }] }, "x", Buffer.from("a=1")),
    ).toBe(false);
  });

  test("in time linear in its name, whatever the pattern", () => {
    const started = performance.now();
    expect(takes([`${"*a".repeat(90)}b`], "a".repeat(200))).toBe(false);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

test("a scalar is found as text, and nothing that is null, a list or an object", () => {
  expect(jsonScalar(body, ["data", "none"])).toBe(undefined);
  expect(jsonScalar(body, ["data"])).toBe(undefined);
  expect(jsonScalar(Buffer.from('{"a":-1e3 }'), ["a"])).toBe("-1e3");
});
