import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerInstance, BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { formatUtcTime } from "#lib/time/utc.ts";
import { type BreakerFigures, noFigures } from "./reading.ts";

/** Worst first. An operator's override ranks below automatic states, but above closed. */
const severity: readonly BreakerState[] = ["open", "half_open", "forced_open", "disabled", "closed"];
const words: Record<BreakerState, string> = {
  open: "open",
  half_open: "half-open",
  forced_open: "forced open",
  disabled: "forced closed",
  closed: "closed",
  unknown: "without data",
};

/** The worst state among the instances with data; unknown when there is none. */
export const worstOf = (instances: readonly { state: BreakerState }[]): BreakerState =>
  severity.find((state) => instances.some((each) => each.state === state)) ?? "unknown";

const countOf = (instances: readonly { state: BreakerState }[], state: BreakerState) =>
  instances.filter((each) => each.state === state).length;

/**
 * Label such as "2 of 5 open, 1 without data". An open breaker whose cool-down has passed is labelled "probe
 * due".
 */
export function labelOf(
  instances: readonly Pick<BreakerInstance, "state" | "nextProbeAt">[],
  kind: BreakerRow["kind"],
  nowMs: number,
): string {
  const wordOf = (state: BreakerState) =>
    kind === "concurrency" && state === "open" ? "at their limit" : words[state];
  const total = instances.length;
  const worst = worstOf(instances);
  const shown = worst === "closed" ? "open" : worst;
  const parts = [`${countOf(instances, shown)} of ${total} ${wordOf(shown)}`];
  const also = severity.filter((state) => state !== worst && state !== "closed");
  for (const state of also) {
    const count = countOf(instances, state);
    if (count > 0) parts.push(`${count} ${wordOf(state)}`);
  }
  const open = instances.filter(({ state }) => state === "open");
  const isDue = ({ nextProbeAt }: (typeof open)[number]) =>
    nextProbeAt !== null && Date.parse(nextProbeAt) <= nowMs;
  if (open.length > 0 && open.every(isDue)) parts.push("probe due");
  const lost = countOf(instances, "unknown");
  if (lost > 0 && worst !== "unknown") parts.push(`${lost} without data`);
  return parts.join(", ");
}

const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
const sumOf = (values: readonly (number | null)[]) => {
  const told = known(values);
  return told.length === 0 ? null : told.reduce((sum, value) => sum + value, 0);
};
const largestOf = (values: readonly (number | null)[]) => {
  const told = known(values);
  return told.length === 0 ? null : Math.max(...told);
};

/**
 * Mean of a ratio, weighted by calls where these are known: 100 % of 2 calls matters less than 10 % of 2 000.
 */
function meanRatio(
  instances: readonly BreakerFigures[],
  ratioOf: (figures: BreakerFigures) => number | null,
): number | null {
  const told = instances.flatMap((figures) => {
    const ratio = ratioOf(figures);
    return ratio === null ? [] : [{ ratio, calls: figures.callsPerMinute }];
  });
  if (told.length === 0) return null;
  const calls = told.reduce((sum, each) => sum + (each.calls ?? 0), 0);
  const isWeighed = calls > 0 && told.every((each) => each.calls !== null);
  const sum = told.reduce((all, each) => all + each.ratio * (isWeighed ? (each.calls ?? 0) : 1), 0);
  return sum / (isWeighed ? calls : told.length);
}

/** Figures over the instances with data. Percentiles cannot be averaged, so the slowest instance counts. */
export function rollUpFigures(instances: readonly BreakerInstance[]): BreakerFigures {
  const heard = instances.filter(({ state }) => state !== "unknown");
  if (heard.length === 0) return noFigures;
  const all = (key: keyof BreakerFigures) => heard.map((each) => each[key]);
  return {
    failureRatio: meanRatio(heard, ({ failureRatio }) => failureRatio),
    slowRatio: meanRatio(heard, ({ slowRatio }) => slowRatio),
    callsPerMinute: sumOf(all("callsPerMinute")),
    failedPerMinute: sumOf(all("failedPerMinute")),
    refusedPerMinute: sumOf(all("refusedPerMinute")),
    latencyMsP50: largestOf(all("latencyMsP50")),
    latencyMsP95: largestOf(all("latencyMsP95")),
    latencyMsP99: largestOf(all("latencyMsP99")),
  };
}

const percent = (ratio: number) => `${(ratio * 100).toFixed(1)}%`;

/** Why the breaker is not simply closed, in words; null when it is. */
export function causeOf(
  row: {
    state: BreakerState;
    library: string;
    failureRatio: number | null;
    threshold: number | null;
    instances: readonly BreakerInstance[];
  },
  nowMs: number,
): string | null {
  const { state, instances } = row;
  const inState = instances.filter((each) => each.state === state);
  const note = inState.find((each) => each.note !== null)?.note ?? null;
  if (state === "closed") return note;
  if (state === "unknown") {
    const last = instances
      .flatMap(({ observedAt }) => observedAt ?? [])
      .sort()
      .at(-1);
    return note ?? (last === undefined ? "No data yet" : `No data since ${formatUtcTime(last)}`);
  }
  if (state === "forced_open") return "Forced open by an operator: all calls are rejected until it is reset";
  if (state === "disabled") return note ?? "Forced closed: calls pass even when they fail";
  const openedAt = inState.flatMap(({ moves }) => moves.at(-1)?.failureRatio ?? []);
  const ratio = row.failureRatio ?? openedAt.at(-1) ?? null;
  const failing =
    ratio === null || row.library === "Envoy"
      ? []
      : [
          `${percent(ratio)} of calls failed${row.threshold === null ? "" : `, threshold ${percent(row.threshold)}`}`,
        ];
  const told = note === null ? failing : [...failing, note];
  if (state === "half_open") return ["Probing", ...told].join(". ");
  const probes = inState.flatMap(({ nextProbeAt }) => nextProbeAt ?? []).sort();
  const [next] = probes;
  const probe =
    next === undefined
      ? []
      : [Date.parse(next) <= nowMs ? "Probe due with the next call" : `Next probe at ${formatUtcTime(next)}`];
  return [...told, ...probe].join(". ") || "Calls failed";
}
