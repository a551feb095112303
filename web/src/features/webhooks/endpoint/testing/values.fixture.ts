import type { EndpointValues } from "../values.ts";

/** An endpoint that leaves everything as the installation is configured. */
export const installed: EndpointValues = {
  name: "Fulfilment",
  url: "https://fulfilment.example/hooks",
  eventTypes: [],
  headers: [],
  description: "",
  labels: [],
  bodyFilter: [],
  timeoutMs: null,
  retryScheduleMs: null,
  ratePerSecond: null,
  concurrency: null,
  breaker: null,
  disableAfterMs: null,
  orderBy: null,
};

/** An endpoint with every setting, one of its headers with a secret value. */
export const values: EndpointValues = {
  name: "Fulfilment",
  url: "https://fulfilment.example/hooks",
  eventTypes: ["shipment.*", "!shipment.label.*", "two words"],
  headers: [
    { name: "x-tenant", value: "eu" },
    { name: "authorization", value: null },
  ],
  description: "Warehouse, north",
  labels: ["team:logistics", "eu"],
  bodyFilter: [
    { path: "data.warehouse", values: ["fra-1", "fra-2"] },
    { path: "data.note", values: ["a, b", "", 'say "yes"'] },
  ],
  timeoutMs: 15_000,
  retryScheduleMs: [5000, 300_000, 99_300_000],
  ratePerSecond: 20,
  concurrency: 8,
  breaker: { failures: 3, coolDownMs: 30_000 },
  disableAfterMs: 36_000_000,
  orderBy: "data.orderId",
};
