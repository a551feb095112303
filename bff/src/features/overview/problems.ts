import type { Turn } from "@wheelhouse/shared/live/flaps.ts";
import type { Overview, Problem, ProblemEffect } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Change, Finding, Part } from "#observe/aspect.ts";

/** A finding with the kind of thing that it is about. */
type Known = Finding & { noun: string };
/** The findings of one organization's aspects, and their dependencies. */
export type Found = {
  findings: readonly Known[];
  /** Nodes that a node depends on. */
  dependsOn: ReadonlyMap<string, readonly string[]>;
  /** Nodes for which a node makes its calls: it depends on what they depend on. */
  callsFor: ReadonlyMap<string, readonly string[]>;
  /** How many things of each kind depend on a node; a kind is listed even with no dependants. */
  dependants: readonly { noun: string; isOnlyOne: boolean; counts: ReadonlyMap<string, number> }[];
};
/** Newest first; `subject` is null for acts and deployments. */
export type RecentChanges = readonly {
  change: Change;
  subject: string | null;
  subjectId?: string;
  turn?: Turn;
}[];

const relatedWithinMs = 30 * 60_000;
/** An effect may be noticed this much before its cause, because a cause is checked less often. */
const noticedBeforeMs = 60_000;
const rank: Record<Problem["state"], number> = { down: 0, degraded: 1, unknown: 2, stale: 3 };
const mostProblems = 50;
const mostEffects = 20;

function addTo(lists: Map<string, string[]>, key: string, value: string) {
  const known = lists.get(key);
  if (known) known.push(value);
  else lists.set(key, [value]);
}

/** Collects every aspect's part of the graph. */
export function findAll(aspects: readonly Aspect[], part: Part): Found {
  const dependsOn = new Map<string, string[]>();
  const callsFor = new Map<string, string[]>();
  const dependants = aspects.flatMap(({ key, edges }) => {
    if (!edges) return [];
    const counts = new Map<string, number>();
    for (const { from, to, calledFor } of edges.of(part.rowsOf(key), part)) {
      addTo(calledFor ? callsFor : dependsOn, from, to);
      if (!calledFor) counts.set(to, (counts.get(to) ?? 0) + 1);
    }
    return [{ noun: edges.noun, isOnlyOne: edges.isOnlyOne ?? false, counts }];
  });
  const findings = aspects.flatMap(({ key, edges, findings: findingsOf }) =>
    (findingsOf?.(part.rowsOf(key), part) ?? []).map((finding) =>
      Object.assign({ noun: edges?.noun ?? "check" }, finding),
    ),
  );
  return { findings, dependsOn, callsFor, dependants };
}

/** Everything that a node depends on, directly or through others, the nearest first. */
export function neededBy({ dependsOn, callsFor }: Found, node: string): string[] {
  const direct = (of: string) => [
    ...(dependsOn.get(of) ?? []),
    ...(callsFor.get(of) ?? []).flatMap((caller) => dependsOn.get(caller) ?? []),
  ];
  const reached = new Set(direct(node));
  for (const each of reached) for (const next of direct(each)) reached.add(next);
  reached.delete(node);
  return [...reached];
}

/**
 * The root cause of each finding that another failure explains: the one that its aspect names, or a node that it
 * depends on and that is down since before it failed. What is unknown is explained by any that is down.
 */
export function rootCauses(found: Found): ReadonlyMap<string, string> {
  const known = new Map(found.findings.map((finding) => [finding.node, finding]));
  const causes = new Map<string, string>();
  const isCause = ({ check, problem }: Known, node: string) => {
    const needed = known.get(node);
    if (needed?.state !== "down") return false;
    if (check === "unknown" || !needed.problem || !problem) return true;
    return Date.parse(problem.since) >= Date.parse(needed.problem.since) - noticedBeforeMs;
  };
  for (const finding of found.findings) {
    const { node, state, check, problem, explainedBy } = finding;
    const isFailing = state !== "ok" && (problem !== null || check === "unknown");
    const cause =
      explainedBy ??
      (isFailing ? neededBy(found, node).find((needed) => isCause(finding, needed)) : undefined);
    if (cause !== undefined && cause !== node) causes.set(node, cause);
  }
  const rootOf = (node: string) => {
    const passed = new Set<string>();
    let at = node;
    for (let next = causes.get(at); next !== undefined; next = causes.get(at)) {
      // In a circle the first finding leads, so that a failure is never hidden.
      if (passed.has(next)) return [...passed].sort()[0] ?? node;
      passed.add(next);
      at = next;
    }
    return at;
  };
  const roots = new Map<string, string>();
  for (const { node } of found.findings) {
    const root = rootOf(node);
    if (root !== node) roots.set(node, root);
  }
  return roots;
}

const worstFirst = (a: Pick<Problem, "state" | "since" | "subject">, b: typeof a) =>
  rank[a.state] - rank[b.state] || a.since.localeCompare(b.since) || a.subject.localeCompare(b.subject);

/** What each root cause makes fail, worst first. */
export function effectsOf(found: Found, roots: ReadonlyMap<string, string>): Map<string, ProblemEffect[]> {
  const effects = new Map<string, ProblemEffect[]>();
  for (const { node, noun, problem } of found.findings) {
    const root = roots.get(node);
    if (root === undefined || problem === null) continue;
    const { state, label, subject, cause, since, path } = problem;
    const effect = { id: node, noun, state, label, subject, cause, since, path };
    const there = effects.get(root);
    if (there) there.push(effect);
    else effects.set(root, [effect]);
  }
  for (const each of effects.values()) each.sort(worstFirst);
  return effects;
}

/**
 * All current problems, worst first, then the oldest. A failure explained by a root cause is an effect of it, not a
 * problem of its own.
 */
export function foldProblems(found: Found, changes: RecentChanges): Problem[] {
  const roots = rootCauses(found);
  const effects = effectsOf(found, roots);
  const names = namesByNode(found);
  return found.findings
    .filter(({ node, problem }) => problem !== null && !roots.has(node))
    .flatMap(({ node, check, problem }) => (problem === null ? [] : [{ node, check, problem }]))
    .sort((a, b) => worstFirst(a.problem, b.problem))
    .slice(0, mostProblems)
    .map(({ node, check, problem }) => {
      const { countsDependants, affects, ...rest } = problem;
      const suffering = effects.get(node) ?? [];
      const suffers = [
        ...(affects === null ? [] : [affects]),
        ...countsOf(found, node, { suffering, countsDependants }),
      ];
      const own = namesOf(found, names, node);
      return {
        id: node,
        ...rest,
        affects: suffers.length === 0 ? "nothing else" : suffers.join(", "),
        isCheck: check !== null,
        effects: suffering.slice(0, mostEffects),
        changedBefore: changeBefore(problem.since, own, changes),
      };
    });
}

/** The id of what a node stands for. */
const idOf = (node: string) => node.slice(node.indexOf(":") + 1);

/** Ids and names of a thing and of what it makes its calls for, and of all that it depends on. */
type Named = { own: ReadonlySet<string>; needed: ReadonlySet<string> };

const namesByNode = ({ findings }: Found): ReadonlyMap<string, readonly string[]> =>
  new Map(findings.map(({ node, problem }) => [node, problem === null ? [] : [problem.subject]]));

function namesOf(found: Found, names: ReadonlyMap<string, readonly string[]>, node: string): Named {
  const all = (nodes: readonly string[]) =>
    new Set(nodes.flatMap((each) => [idOf(each), ...(names.get(each) ?? [])]));
  // A deployment of its service can open a breaker.
  return { own: all([node, ...(found.callsFor.get(node) ?? [])]), needed: all(neededBy(found, node)) };
}

/** Whether a change is one of these problems, of their effects, or of what they depend on. */
export function relatedTo(found: Found, problems: readonly Problem[]) {
  const names = namesByNode(found);
  const related = new Set(
    problems.flatMap(({ id, effects = [] }) => {
      const { own, needed } = namesOf(found, names, id);
      return [...own, ...needed, ...effects.flatMap((effect) => [idOf(effect.id), effect.subject])];
    }),
  );
  return ({ change, subject, subjectId }: RecentChanges[number]) =>
    [subject ?? "", subjectId ?? "", ...(change.about ?? [])].some((each) => related.has(each));
}

/** `3 queues`, by kind; without dependants, the first kind is named where they are counted. */
function countsOf(
  { dependants }: Found,
  node: string,
  of: { suffering: readonly ProblemEffect[]; countsDependants: boolean },
): string[] {
  const counted = dependants.map(({ noun, isOnlyOne, counts }) => {
    const failing = of.suffering.filter((effect) => effect.noun === noun).length;
    return { noun, isOnlyOne, count: Math.max(failing, of.countsDependants ? (counts.get(node) ?? 0) : 0) };
  });
  const others = of.suffering.filter(({ noun }) => !dependants.some((each) => each.noun === noun)).length;
  const present = [...counted, { noun: "check", isOnlyOne: false, count: others }].filter(
    ({ count }) => count > 0,
  );
  const named = present.length > 0 || !of.countsDependants ? present : counted.slice(0, 1);
  return named.map(({ noun, isOnlyOne, count }) =>
    isOnlyOne ? noun : `${count.toLocaleString("en-GB")} ${count === 1 ? noun : `${noun}s`}`,
  );
}

/**
 * The latest change at most 30 min before a problem began that can have caused it. A recovery never is, nor is a
 * change of something that it does not depend on.
 */
function changeBefore(
  since: string,
  { own, needed }: Named,
  changes: RecentChanges,
): Problem["changedBefore"] {
  const beganMs = Date.parse(since);
  const isRelated = ({ change: { about, state }, subject, subjectId }: RecentChanges[number]) =>
    subject === null
      ? (about ?? []).some((each) => own.has(each) || needed.has(each))
      : state !== null &&
        // A breaker may have the name of the service that it guards: its own flaps are no cause of it.
        ![subject, subjectId ?? subject].some((each) => own.has(each)) &&
        [subject, subjectId ?? subject].some((each) => needed.has(each));
  const before = changes.find((each) => {
    const beforeMs = beganMs - Date.parse(each.change.at);
    return beforeMs >= 0 && beforeMs <= relatedWithinMs && isRelated(each);
  });
  return before ? { text: before.change.text, at: before.change.at, by: before.change.by } : null;
}

/** Number of checks in each state, each counted once. */
export function countChecks(found: Found): Overview["checks"] {
  const roots = rootCauses(found);
  const counts = {
    total: 0,
    ok: 0,
    degraded: 0,
    down: 0,
    unknown: 0,
    stale: 0,
    maintenance: 0,
    pending: 0,
    explained: 0,
  };
  for (const finding of found.findings) {
    if (finding.check === null) continue;
    counts.total += 1;
    counts[finding.check] += 1;
    if (roots.has(finding.node)) counts.explained += 1;
  }
  return counts;
}
