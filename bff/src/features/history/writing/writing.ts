export { unpack } from "./delta.ts";
export { createHistoryRetention } from "./retention.ts";
export { createRollup } from "./rollup.ts";
export { createHistoryStore } from "./store.ts";
export { createHistoryWriter } from "./writer.ts";
