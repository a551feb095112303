import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";

/** One replay event as the API returns it, for tests. */
export const auditEventExample: AuditEvent = {
  id: "019a8b00-0000-7000-8000-000000000001",
  seq: 7,
  organizationId: "019a8b00-0000-7000-8000-0000000000aa",
  organizationName: "Northwind",
  recordedAt: "2026-11-19T09:09:31.550Z",
  occurredAt: null,
  action: "webhooks.delivery.replay",
  class: "webhooks",
  crud: "update",
  outcome: "success",
  reason: "Certificate renewed",
  actor: { type: "user", id: "u1", display: "Priya Raman", authMethod: "password" },
  impersonator: null,
  reportedBy: null,
  targets: [{ type: "delivery", id: "d1", name: "order.paid to orders" }],
  before: { status: "dead_letter", generation: 1, url: "https://a" },
  after: { status: "pending", generation: 2, url: "https://a", note: null },
  address: "10.20.4.22",
  userAgent: null,
  requestId: "req",
  schemaVersion: 2,
};
