import { onDemand } from "#lib/on-demand.ts";

export const EndpointDrawer = onDemand(async () => ({
  default: (await import("./drawer.tsx")).EndpointDrawer,
}));
