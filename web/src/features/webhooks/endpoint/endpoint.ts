import { onDemand } from "#lib/on-demand.ts";

export const EndpointPage = onDemand(async () => ({
  default: (await import("./page.tsx")).EndpointPage,
}));
