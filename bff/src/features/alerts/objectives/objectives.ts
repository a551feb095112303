export { objectiveRoutes } from "./routes.ts";
export { createObjectives } from "./service.ts";
