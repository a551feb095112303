export { ReplayDialog, ReplayPlanDialog, ReplaysTab } from "./on-demand.ts";
export { replaysSummaryQuery } from "./queries.ts";
export { replayFilterOf } from "./view.ts";
