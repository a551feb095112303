export { createDeliveryActs, type DeliveryActs } from "./acts.ts";
export { createDeliveries, type Deliveries } from "./deliveries.ts";
export { createDetailStore } from "./detail-store.ts";
export { createDeliveryExport, type DeliveryExport } from "./export.ts";
export { createDeadLetterGroups, type DeadLetterGroups } from "./groups.ts";
export { createOutcomes, type Outcomes } from "./outcomes.ts";
export { createPayloads, type Payloads } from "./payloads.ts";
export { createResend, type Resend } from "./resend.ts";
export { createRetention } from "./retention.ts";
export { assertRange, organizationsOf } from "./scope.ts";
export {
  conditionsOfSet,
  createDeliveryStore,
  type DeliveryRow,
  deliveryColumns,
  deliveryJoins,
  deliveryOf,
  knownErrorClass,
  searched,
  searchFilter,
  someOf,
} from "./store.ts";
export { createDeliveryViews, type DeliveryViews } from "./views.ts";
