export { AuditActivityPanel } from "./activity.tsx";
export { AuditDrawer } from "./drawer.tsx";
export { AuditFilterBar } from "./filter-bar.tsx";
export { AuditTable, Outcome } from "./table.tsx";
