export { RefusedTab } from "./tab.tsx";
