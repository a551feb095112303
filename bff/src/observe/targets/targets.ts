export { describeFailure } from "./describe-failure.ts";
export { createProbe, type Probe } from "./probe.ts";
export { createTargetRunner, type Target, type TargetResult, type TargetRunner } from "./runner.ts";
