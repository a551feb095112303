import type { AuditFields } from "#lib/change.ts";

export const places = ["orders", "invoices", "stock", "mail", "billing", "search", "images", "reports"];

/** `app:` marks actions that a platform reports; the others are the product's own, with the fields that it stores. */
export type Kind = {
  action: string;
  weight: number;
  target: string;
  before?: (a: number, b: number) => AuditFields;
  after?: (a: number, b: number) => AuditFields;
};
// Field keys in alphabetical order.
const endpoint = (n: number): AuditFields => ({ enabled: n % 9 > 0, name: places[n % 8] ?? "" });
export const kinds: readonly Kind[] = [
  {
    action: "audit.trail.read",
    weight: 16,
    target: "audit-trail",
    after: () => ({ includeChildren: false }),
  },
  { action: "access.session.create", weight: 15, target: "user" },
  { action: "access.session.delete", weight: 5, target: "user" },
  { action: "access.session.switch-organization", weight: 3, target: "organization" },
  {
    action: "webhooks.delivery.replay",
    weight: 12,
    target: "delivery",
    after: (a) => ({ generation: a % 5, status: "queued" }),
  },
  {
    action: "webhooks.source.create",
    weight: 2,
    target: "source",
    after: (a) => ({ name: places[a % 8] ?? "", scheme: "standard", slug: `in-${a % 40}` }),
  },
  {
    action: "webhooks.source.update",
    weight: 3,
    target: "source",
    before: (a) => ({ scheme: a % 2 ? "standard" : "github" }),
    after: () => ({ scheme: "standard" }),
  },
  { action: "webhooks.endpoint.create", weight: 2, target: "endpoint", after: endpoint },
  {
    action: "webhooks.endpoint.update",
    weight: 6,
    target: "endpoint",
    before: endpoint,
    after: (_, b) => endpoint(b),
  },
  { action: "webhooks.endpoint.delete", weight: 1, target: "endpoint", before: endpoint },
  {
    action: "audit.trail.verify",
    weight: 1,
    target: "audit-trail",
    after: (a) => ({ problem: null, verifiedToSeq: a }),
  },
  {
    action: "audit.trail.export",
    weight: 1,
    target: "audit-export",
    after: (a) => ({ format: "csv", rows: a % 9_999 }),
  },
  {
    action: "access.member.update",
    weight: 2,
    target: "user",
    before: () => ({ role: "viewer" }),
    after: () => ({ role: "operator" }),
  },
  {
    action: "cache.entries.invalidate",
    weight: 6,
    target: "cache",
    after: (a) => ({ by: "tag", count: a % 600, value: places[a % 8] ?? "" }),
  },
  { action: "health.service.check", weight: 1, target: "service" },
  {
    action: "breakers.breaker.reset",
    weight: 1,
    target: "breaker",
    after: (a) => ({ command: "reset", instances: a % 4 }),
  },
  {
    action: "app:order.refund",
    weight: 9,
    target: "order",
    after: (a, b) => ({ amount: (a % 90_000) / 100, currency: b % 2 ? "EUR" : "USD" }),
  },
  {
    action: "app:price.update",
    weight: 6,
    target: "product",
    before: (a) => ({ price: (a % 9_000) / 100 }),
    after: (_, b) => ({ price: (b % 9_000) / 100 }),
  },
  {
    action: "app:stock.move",
    weight: 6,
    target: "product",
    before: (a) => ({ place: places[a % 8] ?? "" }),
    after: (_, b) => ({ pieces: b % 400, place: places[b % 8] ?? "" }),
  },
  { action: "app:invoice.cancel", weight: 1, target: "invoice", after: () => ({ status: "cancelled" }) },
  {
    action: "app:user.export",
    weight: 1,
    target: "user",
    after: (a) => ({ fields: ["name", "email"], rows: a % 700 }),
  },
];
