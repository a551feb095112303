import type { RuleDefinition } from "@wheelhouse/shared/alerts/rules.ts";
import { globExpression } from "@wheelhouse/shared/reporter/glob.ts";
import { type Judged, judgeProblem, judgeSeries, matcherOf, type ReadFigure } from "./conditions.ts";
import { advance, type Phase, shifted, type Timing } from "./lifecycle.ts";
import { createWindow, type Window } from "./windows.ts";

/** Measured of one thing now, in the order of `metrics`; null means unknown. */
export type Measured = {
  organizationId: string;
  kind: string;
  entity: string;
  metrics: readonly string[];
  values: readonly (number | null)[];
};

/** A rule as it is in force. */
export type ActiveRule = { key: string; version: number; definition: RuleDefinition };

/** What the graph of an organization says of a node. */
export type Seen = {
  of(node: string): {
    problem: { state: "down" | "degraded" | "unknown" | "stale"; label: string } | null;
    check: string | null;
    name: string | null;
  };
  nodes: readonly string[];
};

/** The alert of one rule and one thing, as this process knows it. */
export type Alert = {
  rule: ActiveRule;
  node: string;
  /** Null: it is over, and its row goes. */
  phase: Phase | null;
  value: number | null;
  incidentId: string | null;
  /** When the condition began to hold, of what fires. */
  heldSinceMs: number | null;
  /** Differs from what is stored. */
  isDirty: boolean;
  /** Its rule is gone, or no longer watches the thing. */
  isRuleGone: boolean;
};

type Compiled = { rule: ActiveRule; timing: Timing; matches(id: string, name: string | null): boolean };
type Watched = {
  compiled: Compiled;
  node: string;
  window: Window | null;
  alert: Alert | null;
  seenMs: number;
};

const keyOf = (ruleKey: string, node: string) => `${ruleKey} ${node}`;

/** Evaluates the rules of one organization against each tick, in memory; storing what changed is left to others. */
export function createEvaluator() {
  let rules: readonly ActiveRule[] = [];
  let ofKind = new Map<string, Compiled[]>();
  let ofProblems: (Compiled & { nodes: readonly RegExp[] })[] = [];
  let watched = new Map<string, Watched[]>();
  let problems = new Map<string, Watched>();
  const alerts = new Map<string, Alert>();
  const dirty = new Set<Alert>();

  const touch = (alert: Alert) => {
    alert.isDirty = true;
    dirty.add(alert);
  };

  const step = (of: Watched, judged: Judged, { seen, nowMs }: { seen: Seen; nowMs: number }) => {
    of.seenMs = nowMs;
    const phase = of.alert?.phase ?? null;
    let { verdict } = judged;
    // What is not watched for now neither begins nor keeps anything from ending.
    if (verdict === "holds" && phase?.state !== "firing" && seen.of(of.node).check === "maintenance")
      verdict = "clear";
    if (phase === null && verdict !== "holds") return;
    const next = advance(phase, verdict, of.compiled.timing, nowMs);
    if (next === phase) return;
    const alert = of.alert ?? newAlert(of.compiled.rule, of.node);
    const isNewFire = next?.state === "firing" && phase?.state !== "firing";
    if (isNewFire) {
      alert.incidentId = null;
      alert.heldSinceMs = phase?.state === "pending" ? phase.sinceMs : nowMs;
    }
    if (next?.state !== phase?.state) alert.value = judged.value;
    alert.phase = next;
    if (of.alert === null) alerts.set(keyOf(alert.rule.key, alert.node), alert);
    of.alert = next === null ? null : alert;
    touch(alert);
  };

  const compile = () => {
    ofKind = new Map();
    ofProblems = [];
    watched = new Map();
    problems = new Map();
    for (const rule of rules) {
      const { condition, isEnabled } = rule.definition;
      if (!isEnabled) continue;
      const compiled = { rule, timing: rule.definition, matches: matcherOf(rule.definition) };
      if (condition.kind === "problem")
        ofProblems.push(Object.assign(compiled, { nodes: condition.nodes.map(globExpression) }));
      else ofKind.set(condition.of, [...(ofKind.get(condition.of) ?? []), compiled]);
    }
    const inForce = new Map(rules.map((rule) => [rule.key, rule]));
    for (const alert of alerts.values()) {
      const rule = inForce.get(alert.rule.key);
      if (rule?.definition.isEnabled) alert.rule = rule;
      else end(alert);
    }
  };
  const end = (alert: Alert) => {
    alert.phase = null;
    alert.isRuleGone = true;
    touch(alert);
  };

  const watchedOf = (figures: Measured, seen: Seen): Watched[] => {
    const id = `${figures.kind}:${figures.entity}`;
    const known = watched.get(id);
    if (known) return known;
    const made = (ofKind.get(figures.kind) ?? []).flatMap((compiled): Watched[] => {
      const alert = alerts.get(keyOf(compiled.rule.key, id)) ?? null;
      if (!compiled.matches(figures.entity, seen.of(id).name)) {
        if (alert !== null) end(alert);
        return [];
      }
      return [{ compiled, node: id, window: windowOf(compiled.rule), alert, seenMs: 0 }];
    });
    watched.set(id, made);
    return made;
  };

  const series = (figures: readonly Measured[], of: { seen: Seen; nowMs: number }) => {
    for (const each of figures) {
      if (!ofKind.has(each.kind)) continue;
      const mine = watchedOf(each, of.seen);
      if (mine.length === 0) continue;
      const read: ReadFigure = (metric) => each.values[each.metrics.indexOf(metric)] ?? null;
      for (const one of mine) step(one, judge(one, read, of.nowMs), of);
    }
  };

  const states = (of: { seen: Seen; nowMs: number }) => {
    const found = new Set(of.seen.nodes);
    for (const compiled of ofProblems) {
      const { condition } = compiled.rule.definition;
      if (condition.kind !== "problem") continue;
      for (const node of of.seen.nodes) {
        if (!compiled.nodes.some((pattern) => pattern.test(node))) continue;
        const { problem, check, name } = of.seen.of(node);
        const key = keyOf(compiled.rule.key, node);
        if (problem === null && !alerts.has(key)) continue;
        if (!compiled.matches(node.slice(node.indexOf(":") + 1), name)) continue;
        const one = problems.get(key) ?? unwatched(compiled, node, alerts.get(key) ?? null);
        problems.set(key, one);
        step(one, judgeProblem(condition, { problem, check }), of);
        if (one.alert === null) problems.delete(key);
      }
    }
    for (const alert of alerts.values()) {
      const { condition } = alert.rule.definition;
      if (condition.kind !== "problem" || found.has(alert.node) || alert.phase === null) continue;
      const key = keyOf(alert.rule.key, alert.node);
      const compiled = ofProblems.find(({ rule }) => rule.key === alert.rule.key);
      if (compiled)
        step(problems.get(key) ?? unwatched(compiled, alert.node, alert), judgeProblem(condition, null), of);
    }
  };

  /** What has no figures at all any more has no data. */
  const vanished = (of: { seen: Seen; nowMs: number }) => {
    for (const alert of alerts.values()) {
      const { condition } = alert.rule.definition;
      if (condition.kind === "problem" || alert.phase === null) continue;
      const one = (watched.get(alert.node) ?? []).find((each) => each.alert === alert);
      if (one?.seenMs === of.nowMs) continue;
      const compiled = (ofKind.get(condition.of) ?? []).find(({ rule }) => rule === alert.rule);
      if (compiled)
        step(
          one ?? unwatched(compiled, alert.node, alert),
          { verdict: condition.kind === "absence" ? "holds" : "unknown", value: null },
          of,
        );
    }
  };

  return {
    /** Alerts of rules that are gone end; those of changed rules go on under the new terms. */
    setRules(next: readonly ActiveRule[]) {
      rules = next;
      compile();
    },
    /** Takes over what another process has stored. */
    adopt(stored: readonly Alert[]) {
      alerts.clear();
      dirty.clear();
      for (const alert of stored) alerts.set(keyOf(alert.rule.key, alert.node), alert);
      compile();
    },
    evaluate(figures: readonly Measured[], of: { seen: Seen; nowMs: number }) {
      series(figures, of);
      states(of);
      vanished(of);
    },
    /** The clock was set: what is being timed moves with it. */
    shift(byMs: number) {
      for (const alert of alerts.values()) if (alert.phase) alert.phase = shifted(alert.phase, byMs);
    },
    alerts: () => alerts,
    /** Alerts that differ from what is stored. */
    dirty: (): readonly Alert[] => [...dirty],
    /** These have been stored as they were when `phases` were read. */
    settle(stored: readonly { alert: Alert; phase: Phase | null }[]) {
      for (const { alert, phase } of stored) {
        if (alert.phase !== phase) continue;
        alert.isDirty = false;
        dirty.delete(alert);
        const key = keyOf(alert.rule.key, alert.node);
        // It may have begun anew meanwhile.
        if (phase === null && alerts.get(key) === alert) alerts.delete(key);
      }
    },
  };
}
export type Evaluator = ReturnType<typeof createEvaluator>;

const newAlert = (rule: ActiveRule, node: string): Alert => ({
  rule,
  node,
  phase: null,
  value: null,
  incidentId: null,
  heldSinceMs: null,
  isDirty: false,
  isRuleGone: false,
});

const unwatched = (compiled: Compiled, node: string, alert: Alert | null): Watched => ({
  compiled,
  node,
  window: null,
  alert,
  seenMs: 0,
});

function windowOf({ definition: { condition } }: ActiveRule): Window | null {
  return condition.kind === "series" && condition.windowMs > 0 ? createWindow(condition.windowMs) : null;
}

function judge({ compiled, window }: Watched, read: ReadFigure, atMs: number): Judged {
  const { condition } = compiled.rule.definition;
  if (condition.kind === "series") return judgeSeries(condition, read, { window, atMs });
  if (condition.kind === "problem") return { verdict: "unknown", value: null };
  const value = read(condition.metric);
  return { verdict: value === null ? "holds" : "clear", value };
}
