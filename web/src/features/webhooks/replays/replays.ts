export { replaysSummaryQuery } from "./queries.ts";
export { ReplayDialog } from "./replay-dialog.tsx";
export { ReplayPlanDialog } from "./replay-plan-dialog.tsx";
export { ReplaysTab } from "./tab.tsx";
export { replayFilterOf } from "./view.ts";
