export { type Check, type CheckComponent, createHealthChecks, type HealthChecks } from "./check.ts";
export { checkKey } from "./check-key.ts";
export { createHeartbeats, type HeartbeatsDeps } from "./heartbeats.ts";
