import type { HealthState } from "@wheelhouse/shared/health/health.ts";

/** A part of an instance, as the instance reports it. `id`: its path, e.g. `db` or `broker/rabbit`. */
export type CheckComponent = {
  id: string;
  state: HealthState;
  /** The status as the instance wrote it. */
  rawStatus: string;
  cause: string | null;
  details: Readonly<Record<string, string | number | boolean | null>>;
  /** When the instance itself checked the part last; null when it does not say. */
  observedAt: string | null;
};

/** A condition with the observed value. */
export type CheckCondition = { text: string; actual: string; passed: boolean };

/** Result of checking one instance once, before hysteresis is applied. */
export type Check = {
  serviceId: string;
  instanceId: string;
  atMs: number;
  /** State by this check alone. `unknown`: the check was not possible, or the response was not understood. */
  state: HealthState;
  /** Why it is not ok, in words. */
  cause: string | null;
  /** True when no second check is needed to be certain, such as after a missed deadline. */
  certain: boolean;
  /** The instance accepted the connection, or was silent, until the timeout. */
  timedOut: boolean;
  connected: boolean;
  latencyMs: number | null;
  httpStatus: number | null;
  components: readonly CheckComponent[];
  conditions: readonly CheckCondition[];
  version: string | null;
  certificateExpiresAt: string | null;
};
