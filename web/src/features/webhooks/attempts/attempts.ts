export { AttemptList } from "./attempt-list.tsx";
export { AttemptMessage } from "./attempt-message.tsx";
export { attemptKey, attemptSeries } from "./attempt-view.ts";
