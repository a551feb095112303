export { AuditReviewPage } from "./on-demand.ts";
export { AuditReviewPanel } from "./panel.tsx";
export { AuditViews } from "./views-button.tsx";
