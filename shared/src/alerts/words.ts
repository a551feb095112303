import { formatSpan } from "../span.ts";
import type { Condition, RuleDefinition } from "./rules.ts";

/** Figures whose names do not say it. */
const names: Readonly<Record<string, string>> = {
  oldestWaitingMs: "oldest waiting job",
  failureRatio: "failed calls",
  hitRatio: "hit ratio",
  deadLetters: "dead letters",
  failedPerMinute: "failed",
  workers: "workers",
  up: "availability",
  open: "open instances",
  certificateDaysLeft: "certificate lifetime",
  longestTransactionMs: "longest transaction",
  replicationLagMs: "replication lag",
  usedMemoryBytes: "used memory",
  unobservedMs: "time without observation",
  failedSignIns: "failed sign-ins",
  isBroken: "broken chain",
  usedDiskRatio: "used disk",
  burnFast: "budget burn rate",
  burnSlow: "budget burn rate",
};

/** A figure in words: `oldest waiting job`, `latency p95`. */
export function figureName(metric: string): string {
  const known = names[metric];
  if (known !== undefined) return known;
  return metric
    .replace(/(?:Ms|Bytes|Ratio|PerMinute|PerSecond|Seconds)(?=P\d|$)/, "")
    .replace(/([a-z])([A-Z0-9])/g, "$1 $2")
    .toLowerCase();
}

const bytesUnits = ["B", "kB", "MB", "GB", "TB"] as const;
const rounded = (value: number, digits: number) => String(Number(value.toFixed(digits)));

function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (Math.abs(value) >= 1_000 && unit < bytesUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${rounded(value, 1)} ${bytesUnits[unit]}`;
}

/** Whether a figure is a share of one, which is shown as per cent. */
export const isShare = (metric: string, dividedBy?: string): boolean =>
  dividedBy !== undefined || /Ratio$/.test(metric) || metric === "up";
export const isSpan = (metric: string): boolean => /Ms(?:P\d+|Mean|Max)?$/.test(metric);

/** A value of a figure with its unit: `18 m 40 s`, `61.4%`, `12 /min`. */
export function formatFigure(metric: string, value: number, dividedBy?: string): string {
  if (isShare(metric, dividedBy)) return `${rounded(value * 100, 1)}%`;
  if (isSpan(metric)) return Math.abs(value) < 1_000 ? `${rounded(value, 0)} ms` : formatSpan(value);
  if (/Bytes$/.test(metric)) return formatBytes(value);
  if (/PerMinute$/.test(metric)) return `${rounded(value, 1)} /min`;
  if (/PerSecond$/.test(metric)) return `${rounded(value, 1)} /s`;
  if (/Days/.test(metric)) return `${rounded(value, 0)} d`;
  if (/^burn/.test(metric)) return `${rounded(value, 1)} ×`;
  return value.toLocaleString("en-GB", { maximumFractionDigits: 2 });
}

const span = (ms: number) => (ms === 0 ? "0 s" : formatSpan(ms));
const aggregates = {
  last: "",
  mean: "mean of",
  max: "maximum of",
  min: "minimum of",
  sum: "sum of",
  rise: "rise of",
  risePerMinute: "rise per minute of",
} as const;

/** What a condition compares: `maximum of oldest waiting job over 1 m`. */
export function conditionSubject(condition: Condition): string {
  if (condition.kind === "problem") return "a problem";
  const name = figureName(condition.metric);
  if (condition.kind === "absence") return `no data of ${name}`;
  const { aggregate, windowMs, dividedBy } = condition;
  const ratio = dividedBy === undefined ? name : `${name} of ${figureName(dividedBy)}`;
  return windowMs === 0 || aggregate === "last" ? ratio : `${aggregates[aggregate]} ${ratio}`;
}

/** When a rule fires: `over 5 m for 15 m`. */
export function firesWhen({ condition, forMs }: RuleDefinition): string {
  const during = forMs === 0 ? "" : ` for ${span(forMs)}`;
  if (condition.kind === "absence") return `there is none${during}`;
  if (condition.kind === "problem")
    return `${condition.states === undefined ? "there is one" : condition.states.join(" or ")}${during}`;
  const { metric, when, threshold, dividedBy, windowMs, aggregate } = condition;
  const within = windowMs === 0 || aggregate === "last" ? "" : ` within ${span(windowMs)}`;
  return `${when} ${formatFigure(metric, threshold, dividedBy)}${within}${during}`;
}

/** When a rule resolves: `under 2 m for 2 m`. */
export function clearsWhen({ condition, resolveForMs, keepFiringForMs }: RuleDefinition): string {
  const neededMs = Math.max(resolveForMs, keepFiringForMs);
  const during = neededMs === 0 ? "" : ` for ${span(neededMs)}`;
  if (condition.kind === "absence") return `with data${during}`;
  if (condition.kind === "problem") return `without the problem${during}`;
  const { metric, when, threshold, resolveAt = threshold, dividedBy } = condition;
  return `${when === "over" ? "at most" : "at least"} ${formatFigure(metric, resolveAt, dividedBy)}${during}`;
}
