export { AuditActivityPanel } from "./activity.tsx";
export { AuditFilterBar } from "./filter-bar.tsx";
export { AuditDrawer } from "./on-demand.ts";
export { AuditTable, Outcome } from "./table.tsx";
