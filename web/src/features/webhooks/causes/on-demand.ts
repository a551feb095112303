import { onDemand } from "#lib/on-demand.ts";

export const CausesPanel = onDemand(async () => ({
  default: (await import("./causes-panel.tsx")).CausesPanel,
}));
export const DiscardDialog = onDemand(async () => ({
  default: (await import("./discard-dialog.tsx")).DiscardDialog,
}));
