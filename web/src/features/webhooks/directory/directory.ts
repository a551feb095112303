export { EndpointsTab } from "./endpoints-tab.tsx";
export { SourcesTab } from "./sources-tab.tsx";
