import { onDemand } from "#lib/on-demand.ts";

export const AuditDrawer = onDemand(async () => ({ default: (await import("./drawer.tsx")).AuditDrawer }));
