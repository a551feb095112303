import { onDemand } from "#lib/on-demand.ts";

export const JobDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).JobDrawer }));
export const JobDialogs = onDemand(async () => ({
  default: (await import("./dialogs.tsx")).JobDialogs,
}));
