import { onDemand } from "#lib/on-demand.ts";

export const EndpointsTab = onDemand(async () => ({
  default: (await import("./endpoints-tab.tsx")).EndpointsTab,
}));
export const SourcesTab = onDemand(async () => ({ default: (await import("./sources-tab.tsx")).SourcesTab }));
