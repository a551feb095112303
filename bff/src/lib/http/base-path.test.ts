import { expect, test } from "vitest";
import { withoutBase } from "./base-path.ts";

test.each([
  ["/ops/o/acme/queues?q=1", "/o/acme/queues?q=1"],
  ["/ops", "/"],
  ["/ops/", "/"],
  ["/ops?x=1", "/?x=1"],
  ["/o/acme/queues", "/o/acme/queues"],
  ["/opsy/x", "/opsy/x"],
  ["//evil.example/ops", "//evil.example/ops"],
])("below /ops, %s is answered as %s", (url, own) => {
  expect(withoutBase(url, "/ops")).toBe(own);
});

test("at the root of a host, nothing is taken off", () => {
  expect(withoutBase("/ops/x", "")).toBe("/ops/x");
});
