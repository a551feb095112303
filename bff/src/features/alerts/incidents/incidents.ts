export type { Notifications } from "./announcing.ts";
export { createChangesBefore, type ReadAnnotations, type Related } from "./changes.ts";
export { createIncidentReading } from "./reading.ts";
export { createRecorder } from "./recorder.ts";
export { incidentRoutes } from "./routes.ts";
export { createIncidentActs } from "./service.ts";
export { type AlertRecord, expireAlerts, readAlerts, readDue } from "./store.ts";
export type { Look } from "./texts.ts";
