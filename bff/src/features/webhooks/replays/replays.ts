export { createReplay } from "./replay.ts";
export { createReplayRunner } from "./runner.ts";
export { createReplays, type Replays } from "./runs.ts";
export { createReplaysStore } from "./store.ts";
