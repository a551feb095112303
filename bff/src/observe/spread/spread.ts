export { createListAnswers, type ListAnswers, sendEncoded } from "./answers.ts";
export { keptKey } from "./keys.ts";
export { createLeaderLease } from "./lease.ts";
export { noSeries, type Past, readFrame } from "./past.ts";
export { createReplication } from "./replication.ts";
export {
  createPublicRows,
  createSnapshotStore,
  createViews,
  divide,
  type SnapshotStore,
} from "./snapshots.ts";
export { createTrends, sumOfSeries } from "./trends.ts";
