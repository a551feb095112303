import { conditionSubject, firesWhen, formatFigure } from "@wheelhouse/shared/alerts/words.ts";
import type { FoundProblem } from "#observe/aspect.ts";
import type { Alert } from "../evaluation/evaluation.ts";

/** What the graph says; handed in by the overview. */
export type Look = {
  of(node: string): {
    problem: Pick<FoundProblem, "state" | "label" | "subject" | "title" | "cause" | "path"> | null;
    check: string | null;
    root: string;
    name: string | null;
  };
  nodes: readonly string[];
  needs(node: string): readonly string[];
  effects(root: string): readonly { id: string; subject: string; state: string; path: string }[];
};

/** The headline and evidence of a thing that alerts. */
export type Headline = { subject: string; title: string; cause: string; path: string };

const places: Readonly<Record<string, (id: string) => string>> = {
  breaker: (id) => `breakers?breaker=${id}`,
  cache: (id) => `caches?cache=${id}`,
  service: (id) => `services?service=${id}`,
  server: (id) => `services?service=${id}`,
  queue: (id) => `queues?queue=${id}`,
  schedule: () => "schedules",
  webhooks: () => "webhooks",
  audit: () => "audit",
  access: () => "access",
};

const partsOf = (node: string): [kind: string, id: string] => {
  const at = node.indexOf(":");
  return [node.slice(0, at), node.slice(at + 1)];
};

/** Where the evidence of a node is, below `/o/:org/`. */
export function pathOf(node: string): string {
  const [kind, id] = partsOf(node);
  return places[kind]?.(encodeURIComponent(id)) ?? "overview";
}

/** Webhook delivery as a whole has its dead letters as a finding of their own. */
export function problemNodeOf({ rule, node }: Pick<Alert, "rule" | "node">): string {
  const { condition } = rule.definition;
  const isDeadLetters = condition.kind !== "problem" && condition.metric === "deadLetters";
  return isDeadLetters && node === "webhooks:webhooks" ? "webhooks:dead-letters" : node;
}

/** The name of a thing; its id while nothing is known of it. */
export const nameOf = (node: string, look: Look): string => {
  const [kind, id] = partsOf(node);
  return look.of(node).name ?? (kind === id ? kind : id);
};

/** The condition of an alert in words, with its value when it fired. */
export function textOf({ rule, value, node }: Pick<Alert, "rule" | "value" | "node">, look: Look): string {
  const { condition } = rule.definition;
  if (condition.kind === "problem") {
    const { problem } = look.of(node);
    return problem ? problem.title : rule.definition.name;
  }
  if (condition.kind === "absence") return `${conditionSubject(condition)}`;
  const shown = value === null ? "" : ` ${formatFigure(condition.metric, value, condition.dividedBy)}`;
  return `${conditionSubject(condition)}${shown}, ${firesWhen(rule.definition)}`;
}

/** The headline of an incident: the problem of its root cause, or the alert where the board shows none. */
export function headlineOf(
  root: string,
  alert: Pick<Alert, "rule" | "value" | "node">,
  look: Look,
): Headline {
  const { problem } = look.of(root);
  if (problem) {
    const { subject, title, cause, path } = problem;
    return { subject, title, cause, path };
  }
  const text = textOf(alert, look);
  return {
    subject: nameOf(root, look),
    title: alert.rule.definition.name.toLowerCase(),
    cause: text,
    path: pathOf(root),
  };
}

/** Labels that silences and routes match. */
export function labelsOf({ rule, node }: Pick<Alert, "rule" | "node">, look: Look): Record<string, string> {
  const [kind, id] = partsOf(node);
  const { severity, labels } = rule.definition;
  return Object.assign({ rule: rule.key, severity, kind, id, name: nameOf(node, look), [kind]: id }, labels);
}
