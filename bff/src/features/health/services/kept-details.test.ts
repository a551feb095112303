import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import { expect, test } from "vitest";
import { createKeptDetails, readKeptDetails } from "./kept-details.ts";

const told = (figure: number, state: "ok" | "down" = "ok"): ServiceDetail["instances"] => [
  {
    id: "1",
    target: null,
    observedAt: null,
    components: [{ id: "db", name: "db", depth: 0, state, status: "UP", detail: `${figure} open` }],
    conditions: [{ text: "[STATUS] == 200", observed: String(figure), passed: state === "ok" }],
  },
];
const of = (...entries: [string, ServiceDetail["instances"]][]) => new Map(entries);

test("figures of healthy parts do not change the details; a change of state does, with its cause", () => {
  const details = createKeptDetails();
  details.keep(of(["a", told(1)], ["b", told(1)]));
  const first = details.of("acme", ["a", "b"]);
  details.keep(of(["a", told(2)], ["b", told(3)]));
  expect(details.of("acme", ["a", "b"])).toBe(first);
  details.keep(of(["b", told(4, "down")]));
  const turned = details.of("acme", ["a", "b"]);
  expect(turned).not.toBe(first);
  expect(readKeptDetails(turned.toString(), "b").get("1")).toEqual({
    components: [{ id: "db", name: "db", depth: 0, state: "down", status: "UP", detail: "4 open" }],
    conditions: [{ text: "[STATUS] == 200", observed: "4", passed: false }],
  });
});

test("an organization has only its own services, and nothing of removed ones", () => {
  const details = createKeptDetails();
  details.keep(of(["a", told(1)], ["b", told(1)]));
  const mine = details.of("acme", ["a"]);
  expect(Object.keys(JSON.parse(mine.toString()))).toEqual(["a"]);
  details.keep(of(["b", told(1, "down")]));
  expect(details.of("acme", ["a"])).toBe(mine);
  details.retain(new Set(["b"]));
  details.keep(of(["b", told(1)]));
  expect(details.of("acme", ["a"]).toString()).toBe("{}");
});

test("details that exceed the limit are omitted as a whole", () => {
  const details = createKeptDetails();
  const long = told(1).map((instance) => ({
    ...instance,
    components: Array.from({ length: 15_000 }, (_, at) => ({
      id: `part ${at}`,
      name: "",
      depth: 0,
      state: "down" as const,
      status: "DOWN",
      detail: "x".repeat(150),
    })),
  }));
  details.keep(of(["a", told(1)], ["b", long], ["c", long]));
  expect(Object.keys(JSON.parse(details.of("acme", ["a", "b", "c"]).toString()))).toEqual(["a", "b"]);
});
