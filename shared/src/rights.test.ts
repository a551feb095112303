import { expect, test } from "vitest";
import { capabilities } from "./capabilities.ts";
import { endpoints } from "./endpoints.ts";
import { tokenCapabilities, usableCapabilities } from "./rights.ts";

test("a right is usable if an endpoint requires it", () => {
  const asked = new Set<string>(endpoints.map(({ access }) => access));
  expect(usableCapabilities).toEqual(capabilities.filter((capability) => asked.has(capability)));
});

test("a token can only have usable rights, and none that are reserved for people", () => {
  expect(tokenCapabilities.filter((capability) => !usableCapabilities.includes(capability))).toEqual([]);
  for (const capability of ["access:manage", "audit:sign-off", "sources:connect"])
    expect(tokenCapabilities).not.toContain(capability);
  expect(tokenCapabilities.length).toBeGreaterThan(10);
});
