export { judgeSeries, matcherOf } from "./conditions.ts";
export { type ActiveRule, type Alert, createEvaluator, type Evaluator, type Measured } from "./evaluator.ts";
export { advance, isFlapping, type Phase, type Verdict } from "./lifecycle.ts";
export { createWindow } from "./windows.ts";
