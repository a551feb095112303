import { onDemand } from "#lib/on-demand.ts";

export const EventsTab = onDemand(async () => ({ default: (await import("./tab.tsx")).EventsTab }));
export const LateDialog = onDemand(async () => ({ default: (await import("./late-dialog.tsx")).LateDialog }));
