import { onDemand } from "#lib/on-demand.ts";

export const StatisticsTab = onDemand(async () => ({ default: (await import("./tab.tsx")).StatisticsTab }));
