import { onDemand } from "#lib/on-demand.ts";

export const ReplayDialog = onDemand(async () => ({
  default: (await import("./replay-dialog.tsx")).ReplayDialog,
}));
export const ReplayPlanDialog = onDemand(async () => ({
  default: (await import("./replay-plan-dialog.tsx")).ReplayPlanDialog,
}));
export const ReplaysTab = onDemand(async () => ({ default: (await import("./tab.tsx")).ReplaysTab }));
