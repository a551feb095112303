export { CausesPanel } from "./causes-panel.tsx";
export type { CauseActs } from "./causes-row.tsx";
export { DiscardDialog } from "./discard-dialog.tsx";
export { causesOf, type Grouping, verdictOf } from "./grouping.ts";
export { deadLetterGroupsQuery, useCancelRetries, useRetryNow } from "./queries.ts";
