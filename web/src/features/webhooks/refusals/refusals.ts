export { RefusedTab } from "./on-demand.ts";
