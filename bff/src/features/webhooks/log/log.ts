export { createDeliveries, type Deliveries } from "./deliveries.ts";
export { createDetailStore } from "./detail-store.ts";
export { createPayloads, type Payloads } from "./payloads.ts";
export { createRetention } from "./retention.ts";
export {
  conditionsOf,
  createDeliveryStore,
  type DeliveryRow,
  deliveryColumns,
  deliveryJoins,
  deliveryOf,
  knownErrorClass,
  searchFilter,
} from "./store.ts";
