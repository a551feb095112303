export { EndpointsTab, SourcesTab } from "./on-demand.ts";
