import type { Overview, Problem } from "@wheelhouse/shared/overview.ts";
import type { Aspect, Change, Finding, Part } from "#observe/aspect.ts";

/** What one organization's aspects found, and what depends on what among it. */
export type Found = {
  findings: readonly Finding[];
  /** Nodes that a node depends on. */
  dependsOn: ReadonlyMap<string, readonly string[]>;
  /** How many things of each kind depend on a node; a kind is named also where there are none. */
  dependants: readonly { noun: string; counts: ReadonlyMap<string, number> }[];
};
/** Newest first; `subject` null where it is about nothing that is observed. */
export type RecentChanges = readonly { change: Change; subject: string | null }[];

const relatedWithinMs = 30 * 60_000;
const rank: Record<Problem["state"], number> = { down: 0, degraded: 1, unknown: 2, stale: 3 };
const mostProblems = 50;

/** Asks every aspect for its part of the graph. */
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

/** Tells whether something that fails explains a finding: what needs a node that is down cannot be known itself. */
function explainer({ findings, dependsOn }: Found) {
  const down = new Set(findings.flatMap(({ node, state }) => (state === "down" ? node : [])));
  return ({ node, check, isExplained }: Finding) =>
    isExplained || (check === "unknown" && (dependsOn.get(node) ?? []).some((needed) => down.has(needed)));
}

/**
 * All that is wrong now, worst first, then the oldest. What a root cause explains is no problem of its own, nor is
 * what depends on something that is away.
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

/** `3 queues`, kind by kind; where nothing depends on it, the first kind is named. */
function dependantsOf({ dependants }: Found, node: string): string[] {
  const counted = dependants.map(({ noun, counts }) => ({ noun, count: counts.get(node) ?? 0 }));
  const present = counted.filter(({ count }) => count > 0);
  return (present.length > 0 ? present : counted.slice(0, 1)).map(
    ({ noun, count }) => `${count.toLocaleString("en-GB")} ${count === 1 ? noun : `${noun}s`}`,
  );
}

/** The newest change before the problem began, at most 30 min before it, that is not the problem itself. */
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

/** How many checks are in which state, each counted once. */
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
