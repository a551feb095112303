import type { HealthState } from "@wheelhouse/shared/health/health.ts";

/** A part of an instance, as it tells of itself. `id`: its path, e.g. `db` or `broker/rabbit`. */
export type CheckComponent = {
  id: string;
  state: HealthState;
  /** As it was written. */
  rawStatus: string;
  cause: string | null;
  details: Readonly<Record<string, string | number | boolean | null>>;
  /** When the instance itself looked last, where it tells. */
  observedAt: string | null;
};

/** A condition with the value that was found. */
export type CheckCondition = { text: string; actual: string; passed: boolean };

/** What one instance said when it was asked once. Nothing of it has lasted yet: hysteresis is another's. */
export type Check = {
  serviceId: string;
  instanceId: string;
  atMs: number;
  /** Of this check alone. `unknown`: could not ask, or did not understand. */
  state: HealthState;
  /** Why it is not ok, in words. */
  cause: string | null;
  /** True when the state is certain at once, with no second check to wait for: a deadline that has passed. */
  certain: boolean;
  /** It accepted, or was silent, until its time was over. */
  timedOut: boolean;
  connected: boolean;
  latencyMs: number | null;
  httpStatus: number | null;
  components: readonly CheckComponent[];
  conditions: readonly CheckCondition[];
  version: string | null;
  certificateExpiresAt: string | null;
};
