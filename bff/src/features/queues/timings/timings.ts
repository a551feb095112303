export {
  createTimings,
  type NameTimings,
  type QueueTimings,
  type Timings,
  windowMinutes,
} from "./durations.ts";
export { forgetTimings, keepTimings, readTimings } from "./store.ts";
