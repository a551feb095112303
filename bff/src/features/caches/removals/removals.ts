export { cacheRemovalsRoutes } from "./routes.ts";
export { createRemovals, type RemovalServer } from "./service.ts";
