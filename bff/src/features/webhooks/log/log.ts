export { createDeliveries, type Deliveries } from "./deliveries.ts";
export { createDetailStore } from "./detail-store.ts";
export { createPayloads, type Payloads } from "./payloads.ts";
export { type DeliveryRow, deliveryColumns, deliveryJoins, deliveryOf, knownErrorClass } from "./rows.ts";
export { conditionsOf, createDeliveryStore } from "./store.ts";
