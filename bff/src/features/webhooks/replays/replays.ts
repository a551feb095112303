export { createReplay } from "./replay.ts";
export { createReplays, type Replays } from "./service.ts";
export { createReplaysStore } from "./store.ts";
