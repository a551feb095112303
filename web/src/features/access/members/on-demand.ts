import { onDemand } from "#lib/on-demand.ts";

export const MemberDrawer = onDemand(async () => ({
  default: (await import("./member-drawer.tsx")).MemberDrawer,
}));
