export { LateDialog } from "./late-dialog.tsx";
export { missedEventsQuery } from "./queries.ts";
export { EventsTab, EventViews } from "./tab.tsx";
