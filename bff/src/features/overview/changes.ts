import { foldFlaps } from "@wheelhouse/shared/live/flaps.ts";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { Change } from "#observe/aspect.ts";
import type { RecentChanges } from "./problems.ts";

const mostLines = 20;
/** Acts and deployments keep these places, so that changes of state never push them out. */
const mostActs = 8;
const lanesMs = 60 * 60_000;

type RecentChange = RecentChanges[number];

/** Recent changes as Overview lists them, and those that belong to its problems. */
export function foldChanges(
  changes: RecentChanges,
  { isRelated, nowMs }: { isRelated(change: RecentChange): boolean; nowMs: number },
): Pick<Overview, "recentChanges" | "problemChanges"> {
  const lines = foldFlaps(
    changes.map((each, index) => ({
      each,
      at: each.change.at,
      text: each.change.text,
      thing: each.subject === null ? `act ${index}` : `${each.change.kind} ${each.subjectId ?? each.subject}`,
      turn: each.turn ?? null,
    })),
  ).map(({ last: { each }, text, fold }) => ({ each, line: lineOf(each.change, text, fold) }));
  const acts = lines.filter(({ each }) => each.subject === null).slice(0, mostActs);
  const turns = lines.filter(({ each }) => each.subject !== null);
  const lately = lines.filter(({ line }) => Date.parse(line.at) >= nowMs - lanesMs);
  const related = lately.filter(({ each }) => isRelated(each));
  return {
    recentChanges: [...acts, ...turns].slice(0, mostLines).map(({ line }) => line),
    problemChanges: {
      items: related.slice(0, mostLines).map(({ line }) => line),
      unrelated: lately.length - related.length,
    },
  };
}

/** A folded line has no cause of its own, because each of its changes had one. */
function lineOf(
  change: Change,
  text: string,
  fold: Overview["recentChanges"][number]["fold"],
): Overview["recentChanges"][number] {
  const { at, by, kind, state, about } = change;
  if (!fold) return { at, text, by, kind, state, ...(about ? { about } : {}) };
  return { at, text, by: state === null ? by : "", kind, state, fold };
}
