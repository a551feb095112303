export {
  createTimings,
  type Timings,
  windowMinutes,
} from "./durations.ts";
export { forgetTimings, keepTimings, readTimings } from "./store.ts";
