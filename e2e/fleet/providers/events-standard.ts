import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { OutgoingEvent } from "./sender.ts";

const pick = <T>(values: readonly [T, ...T[]]): T =>
  values[Math.floor(Math.random() * values.length)] ?? values[0];
const between = (low: number, high: number) => Math.floor(low + Math.random() * (high - low + 1));
const number = (prefix: string, low: number, high: number) => `${prefix}_${between(low, high)}`;

const money = () => ({ amount: between(490, 48_900), currency: pick(["EUR", "EUR", "USD", "GBP"]) });
const sku = () => pick(["mug-blue", "notebook-a5", "lamp-desk", "chair-oak", "poster-harbour"]);
const customer = () => ({
  customer: number("cus", 1000, 1400),
  country: pick(["DE", "FR", "NL", "GB", "US", "IT"]),
});

export type Kind = { type: string; share: number; data: () => Record<string, unknown> };

/**
 * Events of the shop's payment provider, with each kind's share of the traffic. A receiver that always fails gets two
 * attempts a minute from an open breaker: its events must stay below that rate, or its backlog grows indefinitely.
 */
export const shopEvents: readonly Kind[] = [
  {
    type: "invoice.paid",
    share: 30,
    data: () => ({ invoice: number("inv", 10_000, 99_999), ...money(), ...customer() }),
  },
  {
    type: "invoice.payment_failed",
    share: 4,
    data: () => ({
      invoice: number("inv", 10_000, 99_999),
      ...money(),
      reason: pick(["card_declined", "insufficient_funds", "expired_card"]),
    }),
  },
  {
    type: "order.created",
    share: 30,
    data: () => ({
      order: number("ord", 10_000, 99_999),
      lines: Array.from({ length: between(1, 4) }, () => ({ sku: sku(), quantity: between(1, 3) })),
      ...money(),
      ...customer(),
    }),
  },
  {
    type: "order.cancelled",
    share: 4,
    data: () => ({ order: number("ord", 10_000, 99_999), by: pick(["customer", "fraud_check"]) }),
  },
  {
    type: "shipment.requested",
    share: 15,
    data: () => ({
      shipment: number("shp", 10_000, 99_999),
      order: number("ord", 10_000, 99_999),
      weightGrams: between(120, 9000),
      carrier: pick(["DHL", "DPD", "PostNL"]),
    }),
  },
  {
    type: "shipment.delivered",
    share: 10,
    data: () => ({ shipment: number("shp", 10_000, 99_999), signedBy: pick(["neighbour", "recipient"]) }),
  },
  { type: "customer.updated", share: 0.6, data: () => ({ ...customer(), newsletter: Math.random() < 0.5 }) },
  { type: "catalog.updated", share: 0.1, data: () => ({ sku: sku(), ...money() }) },
];

export const helpdeskEvents: readonly Kind[] = [
  {
    type: "ticket.opened",
    share: 3,
    data: () => ({
      ticket: number("tic", 1000, 9999),
      subject: pick(["Parcel is late", "Wrong colour", "Invoice address", "Where is my refund?"]),
    }),
  },
  {
    type: "ticket.solved",
    share: 2,
    data: () => ({ ticket: number("tic", 1000, 9999), minutes: between(3, 900) }),
  },
];

export const drawKind = (kinds: readonly Kind[]): Kind | undefined => {
  let left = Math.random() * kinds.reduce((sum, { share }) => sum + share, 0);
  return kinds.find(({ share }) => {
    left -= share;
    return left < 0;
  });
};

/** The three headers of the specification, signed by its reference library. */
export const standardHeaders = (
  secret: string,
  id: string,
  now: Date,
  body: string,
): Record<string, string> => ({
  "webhook-id": id,
  "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
  "webhook-signature": new Webhook(secret).sign(id, now, body),
});

/** One event in the format of the Standard Webhooks specification. */
export const standardEvent = (secret: string, kind: Kind): OutgoingEvent => {
  const id = `evt_${randomUUID().replaceAll("-", "")}`;
  const body = JSON.stringify({ type: kind.type, timestamp: new Date().toISOString(), data: kind.data() });
  return { body, headers: (now) => standardHeaders(secret, id, now, body) };
};
