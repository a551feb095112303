export { CausesPanel } from "./causes-panel.tsx";
export { DiscardDialog } from "./discard-dialog.tsx";
export { causesOf, type Grouping, groupings, verdictOf } from "./grouping.ts";
export { deadLetterGroupsQuery, useCancelRetries, useRetryNow } from "./queries.ts";
