import type { ProblemEffect } from "@wheelhouse/shared/overview.ts";
import type { Aspect, CheckState, FoundProblem, Part } from "#observe/aspect.ts";
import { effectsOf, type Found, findAll, neededBy, rootCauses } from "./problems.ts";

/** A thing as the journal and the trail name it. */
export type Thing = { kind: string; id: string; name: string };
/** A thing, those for which it makes its calls, and all that they depend on. */
export type Related = { own: Thing[]; callers: Thing[]; needed: Thing[] };
/** What is known of one node, and of its root cause. */
export type Folded = {
  problem: FoundProblem | null;
  check: CheckState | null;
  /** The node that causes its failure, or that it depends on and that is down; itself when there is none. */
  root: string;
  /** The name of the thing; null when it is not observed now. */
  name: string | null;
};
/** The problems of one organization, folded over the graph; without the limits of what Overview shows. */
export type FoldedGraph = {
  of(node: string): Folded;
  /** Nodes of all findings. */
  nodes: readonly string[];
  /** All that a node depends on, the nearest first. */
  needs(node: string): readonly string[];
  /** What fails because of a node, worst first. */
  effects(root: string): readonly ProblemEffect[];
};
/** The graph of one organization. */
export type Graph = { relatedTo(node: string): Related; folded(): FoldedGraph };

const partsOf = (node: string): [prefix: string, id: string] => {
  const at = node.indexOf(":");
  return [node.slice(0, at), node.slice(at + 1)];
};

/** What the things of an organization depend on, by the nodes of their findings and edges. */
export function graphOf(aspects: readonly Aspect[], part: Part): Graph {
  const found = findAll(aspects, part);
  const things = new Map<string, Thing[]>();
  for (const { key, journal } of aspects) {
    if (!journal) continue;
    for (const row of part.rowsOf(key)) {
      const there = things.get(row.id) ?? [];
      things.set(row.id, there);
      there.push({ kind: journal.kind, id: row.id, name: journal.name(row) });
    }
  }
  const prefixes = prefixesOf(found);
  const kinds = new Set<string>(aspects.flatMap(({ journal }) => journal?.kind ?? []));
  const thingsOf = (node: string): Thing[] => {
    const [prefix, id] = partsOf(node);
    // A queue and a service may have the same id; several kinds of nodes may share a kind of the journal.
    return (things.get(id) ?? []).filter(
      ({ kind }) => kind === prefix || !(prefixes.has(kind) || kinds.has(prefix)),
    );
  };
  const all = (nodes: readonly string[]) => [
    ...new Map(nodes.flatMap(thingsOf).map((thing) => [`${thing.kind} ${thing.id}`, thing])).values(),
  ];
  return {
    relatedTo: (node) => ({
      own: all([node]),
      callers: all(found.callsFor.get(node) ?? []),
      needed: all(neededBy(found, node)),
    }),
    folded: () => foldedOf(found, (node) => thingsOf(node)[0]?.name ?? null),
  };
}

function foldedOf(found: Found, nameOf: (node: string) => string | null): FoldedGraph {
  const roots = rootCauses(found);
  const effects = effectsOf(found, roots);
  const findings = new Map(found.findings.map((finding) => [finding.node, finding]));
  const causeOf = (node: string) => {
    const root = roots.get(node);
    if (root !== undefined) return root;
    // A thing without a problem of its own may be late only because of what it depends on.
    const down = findings.get(node)?.problem
      ? undefined
      : neededBy(found, node).find((needed) => findings.get(needed)?.state === "down");
    return down === undefined ? node : (roots.get(down) ?? down);
  };
  return {
    of(node) {
      const finding = findings.get(node);
      const problem = finding?.problem ?? null;
      return {
        problem,
        check: finding?.check ?? null,
        root: causeOf(node),
        name: problem?.subject ?? nameOf(node),
      };
    },
    nodes: [...findings.keys()],
    needs: (node) => neededBy(found, node),
    effects: (root) => effects.get(root) ?? [],
  };
}

function prefixesOf({ findings, dependsOn, callsFor }: Found): ReadonlySet<string> {
  const nodes = [...findings.map(({ node }) => node), ...dependsOn.keys(), ...callsFor.keys()];
  return new Set(nodes.map((node) => partsOf(node)[0]));
}
