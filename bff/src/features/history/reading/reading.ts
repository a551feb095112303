export { type ActsBetween, createAnnotationsReader } from "./annotations.ts";
export { createDeployments } from "./deployments.ts";
export { createJournalReader } from "./events.ts";
export { createMovesReader } from "./moves.ts";
export { createPast } from "./past.ts";
export { historyRoutes, type RelatedTo } from "./routes.ts";
export { createSeriesReader } from "./series.ts";
