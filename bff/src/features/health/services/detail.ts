import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import type { CheckComponent } from "../checks/checks.ts";
import type { Instance } from "./instance.ts";

type InstanceDetail = ServiceDetail["instances"][number];

const mostComponents = 60;
const mostFigures = 4;
/** Fields of health+json that are shown elsewhere. */
const untold = new Set(["componentType", "componentId", "time"]);
const longestText = 160;

/**
 * All details an instance reported last, in the order of its response. For a failing instance: those of its
 * last response.
 */
export function instanceDetail(
  id: string,
  target: string | null,
  instance: Instance | undefined,
): InstanceDetail {
  const checkedAtMs = instance?.checkedAtMs ?? null;
  const answer = instance?.answer;
  return {
    id,
    target,
    observedAt: checkedAtMs === null ? null : new Date(checkedAtMs).toISOString(),
    components: (answer?.components ?? []).slice(0, mostComponents).map(componentView),
    conditions: (instance?.last?.conditions ?? []).map(({ text, actual, passed }) => ({
      text,
      passed,
      observed: actual.slice(0, longestText),
    })),
  };
}

function componentView({
  id,
  state,
  rawStatus,
  cause,
  details,
}: CheckComponent): InstanceDetail["components"][number] {
  const path = id.split("/");
  const { observedValue, observedUnit, ...rest } = details;
  const observed = [observedValue ?? null, observedUnit ?? null].filter((word) => word !== null).join(" ");
  const figures = [
    ...(observed === "" ? [] : [observed]),
    ...Object.entries(rest)
      .filter(([name, value]) => value !== null && !untold.has(name))
      .map(([name, value]) => `${name} ${value}`),
  ].slice(0, mostFigures);
  const detail = [...(cause === null ? [] : [cause]), ...figures].join(" · ").slice(0, longestText);
  return {
    id,
    name: path.at(-1) ?? id,
    depth: path.length - 1,
    state,
    status: rawStatus,
    detail: detail === "" ? null : detail,
  };
}
