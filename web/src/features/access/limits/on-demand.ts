import { onDemand } from "#lib/on-demand.ts";

export const LimitsSection = onDemand(async () => ({
  default: (await import("./limits-section.tsx")).LimitsSection,
}));
