export { AuditReviewPanel } from "./panel.tsx";
export { AuditReviewPage } from "./review-page.tsx";
export { AuditViews } from "./views.tsx";
