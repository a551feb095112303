import type { Condition, RuleDefinition, Side } from "@wheelhouse/shared/alerts/rules.ts";
import type { Problem } from "@wheelhouse/shared/overview.ts";
import { globExpression } from "@wheelhouse/shared/reporter/glob.ts";
import type { Verdict } from "./lifecycle.ts";
import type { Window } from "./windows.ts";

type SeriesCondition = Extract<Condition, { kind: "series" }>;
type ProblemCondition = Extract<Condition, { kind: "problem" }>;

export type Judged = { verdict: Verdict; value: number | null };
/** Reads a figure of a thing by its name; null while it has no value. */
export type ReadFigure = (metric: string) => number | null;

const isBeyond = (value: number, when: Side, threshold: number) =>
  when === "over" ? value > threshold : value < threshold;
/** Part of a window proves these, too, when they hold. */
const provedByPart: ReadonlySet<string> = new Set(["max", "rise", "last"]);

/** What a figure says of a condition. The window, if the condition has one, takes the value. */
export function judgeSeries(
  condition: SeriesCondition,
  read: ReadFigure,
  { window, atMs }: { window: Window | null; atMs: number },
): Judged {
  const now = currentOf(condition, read);
  if (now === "never") return { verdict: "clear", value: null };
  window?.add(atMs, now);
  if (now === null) return { verdict: "unknown", value: null };
  const { and, when, threshold, resolveAt = threshold, aggregate } = condition;
  const { value, isWarm } = window?.value(aggregate, atMs) ?? { value: now, isWarm: true };
  if (and) {
    const other = read(and.metric);
    if (other === null) return { verdict: "unknown", value };
    if (!isBeyond(other, and.when, and.threshold)) return { verdict: "clear", value };
  }
  const holds = isBeyond(value, when, threshold);
  if (!isWarm && !(holds && when === "over" && provedByPart.has(aggregate)))
    return { verdict: "warming", value };
  if (holds) return { verdict: "holds", value };
  const isClear = when === "over" ? value <= resolveAt : value >= resolveAt;
  return { verdict: isClear ? "clear" : "between", value };
}

/** `never`: nothing to divide by, such as the limit of a memory that has none. */
function currentOf({ metric, dividedBy }: SeriesCondition, read: ReadFigure): number | "never" | null {
  const value = read(metric);
  if (dividedBy === undefined || value === null) return value;
  const by = read(dividedBy);
  if (by === null) return null;
  return by === 0 ? "never" : value / by;
}

/** @param found null when nothing is found at the node. */
export function judgeProblem(
  { states, labels, absent }: ProblemCondition,
  found: { problem: Pick<Problem, "state" | "label"> | null; check: string | null } | null,
): Judged {
  const of = (verdict: Verdict): Judged => ({ verdict, value: null });
  if (found === null) return of(absent);
  const { problem, check } = found;
  const isWanted =
    problem !== null &&
    (states?.includes(problem.state) ?? true) &&
    (labels?.includes(problem.label) ?? true);
  if (isWanted) return of("holds");
  return of(check === "unknown" || check === "stale" ? "unknown" : "clear");
}

/** Whether a rule watches a thing. */
export function matcherOf({ things }: Pick<RuleDefinition, "things">) {
  if (things.length === 0) return () => true;
  const left = things.filter((each) => each.startsWith("!")).map((each) => globExpression(each.slice(1)));
  const taken = things.filter((each) => !each.startsWith("!")).map(globExpression);
  const isOneOf = (patterns: readonly RegExp[], names: readonly string[]) =>
    patterns.some((pattern) => names.some((name) => pattern.test(name)));
  return (id: string, name: string | null) => {
    const names = name === null ? [id] : [id, name];
    return (taken.length === 0 || isOneOf(taken, names)) && !isOneOf(left, names);
  };
}
