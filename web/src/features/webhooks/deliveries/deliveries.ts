export { OutcomeChart, type OutcomeRange, outcomeSeries, rangeOf } from "./outcome-chart.tsx";
export {
  activeTab,
  causeOf,
  countedFilter,
  type DeliveryFilter,
  deadLetters,
  deliveryQuery,
  errorWords,
  filterCount,
  histogramRange,
  isReplayable,
  lastAnswer,
  matchCount,
  matchesFilter,
  newestFirst,
  statusLine,
  statusWords,
  unansweredWords,
  unplannedWords,
} from "./search.ts";
export {
  receivedColumn,
  type Selection,
  SelectionProvider,
  selectColumn,
  useSelection,
} from "./selection.tsx";
export { BreakerStatus, DeliveryStatus } from "./status.tsx";
export { DeliveryTable, urlText } from "./table.tsx";
