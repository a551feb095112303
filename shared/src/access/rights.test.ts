import { expect, test } from "vitest";
import { capabilities } from "../capabilities.ts";
import { endpoints } from "../endpoints.ts";
import { tokenCapabilities } from "./rights.ts";

test("every right is required by an endpoint, so that none is granted without an effect", () => {
  const asked = new Set<string>(endpoints.map(({ access }) => access));
  expect(capabilities.filter((capability) => !asked.has(capability))).toEqual([]);
});

test("a token can have no right that is reserved for people", () => {
  for (const capability of ["access:manage", "audit:sign-off", "sources:connect"])
    expect(tokenCapabilities).not.toContain(capability);
  expect(tokenCapabilities.length).toBeGreaterThan(10);
});
