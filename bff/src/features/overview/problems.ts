import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Change, Finding, Part } from "#observe/aspect.ts";

/** The findings of one organization's aspects, and their dependencies. */
export type Found = {
  findings: readonly Finding[];
  /** Nodes that a node depends on. */
  dependsOn: ReadonlyMap<string, readonly string[]>;
  /** How many things of each kind depend on a node; a kind is listed even with no dependants. */
  dependants: readonly { noun: string; counts: ReadonlyMap<string, number> }[];
};
/** Newest first; `subject` is null for changes to something that is not observed. */
export type RecentChanges = readonly { change: Change; subject: string | null }[];

const relatedWithinMs = 30 * 60_000;
const rank: Record<Problem["state"], number> = { down: 0, degraded: 1, unknown: 2, stale: 3 };
const mostProblems = 50;

/** Collects every aspect's part of the graph. */
export function findAll(aspects: readonly Aspect[], part: Part): Found {
  const dependsOn = new Map<string, string[]>();
  const dependants = aspects.flatMap(({ key, edges }) => {
    if (!edges) return [];
    const counts = new Map<string, number>();
    for (const { from, to } of edges.of(part.rowsOf(key), part)) {
      counts.set(to, (counts.get(to) ?? 0) + 1);
      const known = dependsOn.get(from);
      if (known) known.push(to);
      else dependsOn.set(from, [to]);
    }
    return [{ noun: edges.noun, counts }];
  });
  const findings = aspects.flatMap((aspect) => aspect.findings?.(part.rowsOf(aspect.key), part) ?? []);
  return { findings, dependsOn, dependants };
}

/**
 * Decides whether another failure explains a finding: the state of a node cannot be known while a node it
 * needs is down.
 */
function explainer({ findings, dependsOn }: Found) {
  const down = new Set(findings.flatMap(({ node, state }) => (state === "down" ? node : [])));
  return ({ node, check, isExplained }: Finding) =>
    isExplained || (check === "unknown" && (dependsOn.get(node) ?? []).some((needed) => down.has(needed)));
}

/**
 * All current problems, worst first, then the oldest. A failure explained by a root cause is not a problem of
 * its own.
 */
export function foldProblems(found: Found, changes: RecentChanges): Problem[] {
  const isExplained = explainer(found);
  return found.findings
    .filter((finding) => finding.problem !== null && !isExplained(finding))
    .flatMap(({ node, problem }) => (problem === null ? [] : [{ node, problem }]))
    .sort(
      ({ problem: a }, { problem: b }) =>
        rank[a.state] - rank[b.state] || a.since.localeCompare(b.since) || a.subject.localeCompare(b.subject),
    )
    .slice(0, mostProblems)
    .map(({ node, problem }) => {
      const { countsDependants, ...rest } = problem;
      const suffers = [
        ...(problem.affects === null ? [] : [problem.affects]),
        ...(countsDependants ? dependantsOf(found, node) : []),
      ];
      return {
        id: node,
        ...rest,
        affects: suffers.length === 0 ? "nothing else" : suffers.join(", "),
        changedBefore: changeBefore(problem, changes),
      };
    });
}

/** `3 queues`, by kind; without dependants, the first kind is named. */
function dependantsOf({ dependants }: Found, node: string): string[] {
  const counted = dependants.map(({ noun, counts }) => ({ noun, count: counts.get(node) ?? 0 }));
  const present = counted.filter(({ count }) => count > 0);
  return (present.length > 0 ? present : counted.slice(0, 1)).map(
    ({ noun, count }) => `${count.toLocaleString("en-GB")} ${count === 1 ? noun : `${noun}s`}`,
  );
}

/** The latest change at most 30 min before the problem began that is not the problem itself. */
function changeBefore(
  problem: { since: string; subject: string },
  changes: RecentChanges,
): Problem["changedBefore"] {
  const beganMs = Date.parse(problem.since);
  const before = changes.find(({ change, subject }) => {
    const beforeMs = beganMs - Date.parse(change.at);
    return subject !== problem.subject && beforeMs >= 0 && beforeMs <= relatedWithinMs;
  });
  return before ? { text: before.change.text, at: before.change.at, by: before.change.by } : null;
}

/** Number of checks in each state, each counted once. */
export function countChecks(found: Found): Overview["checks"] {
  const isExplained = explainer(found);
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
    if (isExplained(finding)) counts.explained += 1;
  }
  return counts;
}
