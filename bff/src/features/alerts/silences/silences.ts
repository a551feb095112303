export { isMatched } from "./matching.ts";
export { silenceRoutes } from "./routes.ts";
export { createSilences } from "./service.ts";
