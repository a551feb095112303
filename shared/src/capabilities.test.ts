import { expect, test } from "vitest";
import { type Capability, capabilities, capabilitiesOf, inheritedRoles, roles } from "./capabilities.ts";

const holds = (capability: Capability) => roles.filter((role) => capabilitiesOf[role].includes(capability));

test("capabilities are held by exactly the intended roles", () => {
  expect(holds("overview:read")).toEqual(["viewer", "operator", "admin", "auditor", "superadmin"]);
  expect(holds("queues:act")).toEqual(["operator", "admin", "superadmin"]);
  expect(holds("reports:write")).toEqual(["operator", "admin", "superadmin"]);
  expect(holds("webhooks:replay")).toEqual(["admin", "superadmin"]);
  expect(holds("webhooks:payload")).toEqual(["operator", "admin", "superadmin"]);
  expect(holds("webhooks:resend")).toEqual(["admin", "superadmin"]);
  expect(holds("webhooks:export")).toEqual(["admin", "auditor", "superadmin"]);
  expect(holds("alerts:act")).toEqual(["operator", "admin", "superadmin"]);
  expect(holds("alerts:configure")).toEqual(["admin", "superadmin"]);
  expect(holds("access:manage")).toEqual(["admin", "superadmin"]);
  expect(holds("audit:write")).toEqual(["admin", "superadmin"]);
  expect(holds("audit:sign-off")).toEqual(["auditor", "superadmin"]);
});

test("a viewer only reads, a superadmin has every capability", () => {
  expect(capabilitiesOf.viewer.filter((capability) => !capability.endsWith(":read"))).toEqual([]);
  expect([...capabilitiesOf.superadmin].sort()).toEqual([...capabilities].sort());
});

test("administration and audit extend to child organizations, daily work does not", () => {
  expect(inheritedRoles).toEqual(["admin", "auditor", "superadmin"]);
});
