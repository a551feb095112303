import { onDemand } from "#lib/on-demand.ts";

export const RefusedTab = onDemand(async () => ({ default: (await import("./tab.tsx")).RefusedTab }));
