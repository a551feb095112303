export { LimitsSection } from "./on-demand.ts";
