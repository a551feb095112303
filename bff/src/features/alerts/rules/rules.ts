export { createPreview } from "./preview.ts";
export { ruleRoutes } from "./routes.ts";
export { createRulesInForce, createRulesService, type RulesInForce } from "./service.ts";
