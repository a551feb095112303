export { createCollector } from "./collector.ts";
export { noRows, observationsOf, type Tick, tickSchema, tickVersion } from "./format.ts";
export { type Steady, settle, type Verdict } from "./steady-state.ts";
