import { onDemand } from "#lib/on-demand.ts";

export const ActsMenu = onDemand(() => import("./menus.tsx"));
