export { createDeployments } from "./deployments.ts";
export { type ActLine, createHistoryEvents } from "./events.ts";
export { createPast } from "./past.ts";
export { historyRoutes } from "./routes.ts";
export { createSeriesReader } from "./series.ts";
