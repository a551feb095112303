import {
  readFigure,
  readLabels,
  readSpan,
  writeFigure,
  writeLabels,
  writeSpan,
} from "@wheelhouse/shared/alerts/inputs.ts";
import type {
  Aggregate,
  Condition,
  RuleDefinition,
  Severity,
  Side,
} from "@wheelhouse/shared/alerts/rules.ts";

/** A rule as the form holds it: what is typed stays text until it can be read. */
export type Draft = {
  name: string;
  isEnabled: boolean;
  kind: Condition["kind"];
  of: string;
  metric: string;
  dividedBy: string;
  aggregate: Aggregate;
  window: string;
  when: Side;
  threshold: string;
  resolveAt: string;
  things: string;
  severity: Severity;
  forText: string;
  resolveFor: string;
  keepFiring: string;
  noData: RuleDefinition["noData"];
  noDataAfter: string;
  flapHold: string;
  labels: string;
  owner: string;
  runbook: string;
};
export type DraftField = keyof Draft;

const emptyCondition = {
  of: "queue",
  metric: "oldestWaitingMs",
  dividedBy: "",
  aggregate: "last",
  window: "0 s",
} as const;

function conditionFields(condition: Condition) {
  const base = {
    ...emptyCondition,
    kind: condition.kind,
    when: "over" as Side,
    threshold: "",
    resolveAt: "",
  };
  if (condition.kind === "problem") return base;
  if (condition.kind === "absence") return { ...base, of: condition.of, metric: condition.metric };
  const { of, metric, dividedBy, aggregate, windowMs, when, threshold, resolveAt } = condition;
  return {
    kind: condition.kind,
    of,
    metric,
    dividedBy: dividedBy ?? "",
    aggregate,
    window: writeSpan(windowMs),
    when,
    threshold: writeFigure(metric, threshold, dividedBy),
    resolveAt: resolveAt === undefined ? "" : writeFigure(metric, resolveAt, dividedBy),
  };
}

export const draftOf = (definition: RuleDefinition): Draft => ({
  ...conditionFields(definition.condition),
  name: definition.name,
  isEnabled: definition.isEnabled,
  things: definition.things.join(", "),
  severity: definition.severity,
  forText: writeSpan(definition.forMs),
  resolveFor: writeSpan(definition.resolveForMs),
  keepFiring: writeSpan(definition.keepFiringForMs),
  noData: definition.noData,
  noDataAfter: writeSpan(definition.noDataAfterMs),
  flapHold: writeSpan(definition.flapHoldMs),
  labels: writeLabels(definition.labels),
  owner: definition.owner ?? "",
  runbook: definition.runbook ?? "",
});

export const newDraft: Draft = {
  ...emptyCondition,
  kind: "series",
  name: "",
  isEnabled: true,
  when: "over",
  threshold: "5 m",
  resolveAt: "",
  things: "",
  severity: "warning",
  forText: "5 m",
  resolveFor: "0 s",
  keepFiring: "0 s",
  noData: "keep",
  noDataAfter: "5 m",
  flapHold: "10 m",
  labels: "",
  owner: "",
  runbook: "",
};

export type Read = { definition: RuleDefinition | null; errors: ReadonlyMap<DraftField, string> };

const spanHint = "A span, such as 15 m or 1 h 30 m";
const listOf = (text: string) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

/** What a draft says; with the fields that cannot be read. `was`: the rule before, of which a problem stays. */
export function readDraft(draft: Draft, was: RuleDefinition | null): Read {
  const errors = new Map<DraftField, string>();
  const span = (field: DraftField, text: string): number => {
    const ms = readSpan(text);
    if (ms === null) errors.set(field, spanHint);
    return ms ?? 0;
  };
  const figure = (field: DraftField, text: string): number => {
    const value = readFigure(draft.metric, text, draft.dividedBy || undefined);
    if (value === null) errors.set(field, "A value with its unit, such as 5 m, 50% or 1,000");
    return value ?? 0;
  };
  const condition = (): Condition => {
    if (draft.kind === "problem" && was?.condition.kind === "problem") return was.condition;
    if (draft.kind === "absence") return { kind: "absence", of: draft.of, metric: draft.metric };
    const kept =
      was?.condition.kind === "series" && was.condition.of === draft.of ? was.condition.and : undefined;
    return {
      kind: "series",
      of: draft.of,
      metric: draft.metric,
      when: draft.when,
      threshold: figure("threshold", draft.threshold),
      aggregate: draft.aggregate,
      windowMs: draft.aggregate === "last" ? 0 : span("window", draft.window),
      ...(draft.dividedBy === "" ? {} : { dividedBy: draft.dividedBy }),
      ...(draft.resolveAt.trim() === "" ? {} : { resolveAt: figure("resolveAt", draft.resolveAt) }),
      ...(kept === undefined ? {} : { and: kept }),
    };
  };
  const labels = readLabels(draft.labels);
  if (labels === null) errors.set("labels", "name=value, separated by commas; names are lowercase");
  if (draft.name.trim() === "") errors.set("name", "A name");
  if (draft.runbook.trim() !== "" && !/^https?:\/\/\S+$/.test(draft.runbook.trim()))
    errors.set("runbook", "An address that begins with https://");
  const definition: RuleDefinition = {
    name: draft.name.trim(),
    isEnabled: draft.isEnabled,
    condition: condition(),
    things: listOf(draft.things),
    severity: draft.severity,
    forMs: span("forText", draft.forText),
    resolveForMs: span("resolveFor", draft.resolveFor),
    keepFiringForMs: span("keepFiring", draft.keepFiring),
    noData: draft.noData,
    noDataAfterMs: span("noDataAfter", draft.noDataAfter),
    flapHoldMs: span("flapHold", draft.flapHold),
    labels: labels ?? {},
    owner: draft.owner.trim() === "" ? null : draft.owner.trim(),
    runbook: draft.runbook.trim() === "" ? null : draft.runbook.trim(),
  };
  return { definition: errors.size === 0 ? definition : null, errors };
}

/** Fields in which two drafts differ. */
export const changedFields = (before: Draft, now: Draft): ReadonlySet<DraftField> =>
  new Set((Object.keys(now) as DraftField[]).filter((field) => before[field] !== now[field]));

/** `Queue latency, email` becomes `queue-latency-email`. */
export const keyOfName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
