export type { CauseActs } from "./causes-row.tsx";
export { causesOf, type Grouping, verdictOf } from "./grouping.ts";
export { CausesPanel, DiscardDialog } from "./on-demand.ts";
export { deadLetterGroupsQuery, useCancelRetries, useRetryNow } from "./queries.ts";
