import type { HealthState, ServiceRow } from "@wheelhouse/shared/health/health.ts";
import { type Steady, settle, type Verdict } from "#observe/tick/tick.ts";
import type { Check } from "../checks/checks.ts";

export const labels: Record<HealthState, string> = {
  ok: "OK",
  degraded: "Degraded",
  down: "Down",
  unknown: "Unknown",
};

/** After a different result an instance is checked this many times within one interval. */
const asksInDoubt = 3;
// A part that was reported once is expected this long.
const componentExpectedMs = 3_600_000;
const neverAsked: Verdict = { state: "unknown", label: labels.unknown, cause: "Not checked yet" };

/** One instance over time. */
export type Instance = {
  steady: Steady;
  /** The verdict of the last check alone. */
  raw: HealthState;
  /** When its last check ended, whatever its result; null before the first. */
  checkedAtMs: number | null;
  /** The last check with a response. */
  answer: Check | null;
  last: Check | null;
  /** Ids of components with the time of their last report. */
  components: ReadonlyMap<string, number>;
};

type Rhythm = { intervalMs: number; timeoutMs: number; downAfter: number; upAfter: number };

export const newInstance = (nowMs: number): Instance => ({
  steady: { ...neverAsked, sinceMs: nowMs, pending: null },
  raw: "unknown",
  checkedAtMs: null,
  answer: null,
  last: null,
  components: new Map(),
});

/** The instance as the previous collector knew it. */
export function adoptInstance(part: ServiceRow["instances"][number], sinceMs: number): Instance {
  const { state, cause, observedAt } = part;
  return {
    steady: { state, label: labels[state], cause, sinceMs, pending: null },
    raw: state,
    answer: null,
    last: null,
    components: new Map(),
    checkedAtMs: observedAt === null ? null : Date.parse(observedAt),
  };
}

/**
 * The number of checks that one check counts for. A timeout uses up the time of further checks, so without
 * this weight a hanging instance would be down later than others. One check alone never suffices to be down.
 */
function weightOf(check: Check, { intervalMs, timeoutMs, downAfter }: Rhythm): number {
  if (!check.timedOut) return 1;
  const weight = Math.ceil(timeoutMs / (intervalMs / asksInDoubt));
  return Math.max(1, Math.min(weight, downAfter - 1));
}

/** Adds the latest check. @returns the same instance if the check was already added. */
export function observeInstance(instance: Instance, check: Check | undefined, rhythm: Rhythm): Instance {
  if (check === undefined || (instance.checkedAtMs ?? 0) >= check.atMs) return instance;
  const components = check.connected ? reported(instance, check) : instance.components;
  const verdict = verdictOf(check, components);
  const { downAfter, upAfter } = rhythm;
  const before = instance.checkedAtMs === null ? undefined : instance.steady;
  const options = { downAfter, upAfter, weight: weightOf(check, rhythm), atOnce: check.certain };
  return {
    steady: settle(before, verdict, check.atMs, options),
    raw: verdict.state,
    checkedAtMs: check.atMs,
    answer: check.connected ? check : instance.answer,
    last: check,
    components,
  };
}

/** Components by id with the time of their last report; another version can have other components. */
function reported({ components, answer }: Instance, check: Check) {
  const isSameVersion = answer === null || answer.version === check.version;
  const known = [...components].filter(
    ([, lastMs]) => isSameVersion && check.atMs - lastMs < componentExpectedMs,
  );
  return new Map([...known, ...check.components.map(({ id }): [string, number] => [id, check.atMs])]);
}

function verdictOf(check: Check, components: ReadonlyMap<string, number>): Verdict {
  const { state, cause, atMs } = check;
  const lost = check.connected ? [...components].find(([, lastMs]) => lastMs !== atMs)?.[0] : undefined;
  if (state === "ok" && lost !== undefined)
    return { state: "unknown", label: labels.unknown, cause: `${lost} is no longer reported` };
  return { state, label: labels[state], cause };
}
