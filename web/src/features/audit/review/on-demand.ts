import { onDemand } from "#lib/on-demand.ts";

export const AuditReviewPage = onDemand(async () => ({
  default: (await import("./review-page.tsx")).AuditReviewPage,
}));
export const AuditViewsMenu = onDemand(async () => ({
  default: (await import("./views.tsx")).AuditViewsMenu,
}));
