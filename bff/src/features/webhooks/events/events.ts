export { createLate, type Late } from "./late.ts";
export { createLateStore } from "./late-store.ts";
export { createEventPayload, type EventPayload } from "./payload.ts";
export { createEventReading, type EventReading } from "./reading.ts";
export { createEventStore } from "./store.ts";
