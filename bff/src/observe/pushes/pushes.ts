export { createPushReader, type Pushed } from "./reader.ts";
export { createPushStore, type PushedSeries, type PushStore, type PushToKeep } from "./store.ts";
