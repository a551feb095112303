export { DeliveriesTab } from "./tab.tsx";
