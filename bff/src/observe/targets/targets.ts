export { describeFailure } from "./describe-failure.ts";
export { createProbe, createProbes, type Probe } from "./probe.ts";
export { createTargetRunner, type Target, type TargetResult } from "./runner.ts";
