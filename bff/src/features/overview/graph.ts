import type { Aspect, Part } from "#observe/aspect.ts";
import { type Found, findAll, neededBy } from "./problems.ts";

/** A thing as the journal and the trail name it. */
export type Thing = { kind: string; id: string; name: string };
/** A thing, those for which it makes its calls, and all that they depend on. */
export type Related = { own: Thing[]; callers: Thing[]; needed: Thing[] };
/** The graph of one organization. */
export type Graph = { relatedTo(node: string): Related };

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
  };
}

function prefixesOf({ findings, dependsOn, callsFor }: Found): ReadonlySet<string> {
  const nodes = [...findings.map(({ node }) => node), ...dependsOn.keys(), ...callsFor.keys()];
  return new Set(nodes.map((node) => partsOf(node)[0]));
}
