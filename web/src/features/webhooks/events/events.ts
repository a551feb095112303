export { EventViews } from "./event-views.tsx";
export { EventsTab, LateDialog } from "./on-demand.ts";
export { missedEventsQuery } from "./queries.ts";
