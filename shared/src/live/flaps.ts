import { z } from "zod";
import { timestamp } from "../endpoint.ts";
import { formatSpanShort } from "../span.ts";

/** Which way a change went; `probing`: half-open. Null for an act or a deployment, which always has a line of its own. */
export type Turn = "worse" | "probing" | "better" | null;
/** What folding reads of a change. `thing`: names what changed, uniquely. */
export type Foldable = { at: string; text: string; thing: string; turn: Turn };
/** The changes behind one line, the oldest at `from`. */
export const fold = z.object({ from: timestamp, changes: z.number() });
/** `last`: the newest change of the line; `fold`: null for a single one. */
export type Line<T> = { last: T; text: string; fold: z.infer<typeof fold> | null };

/** Changes of one thing that are further apart than this are separate events. */
const apartMs = 5 * 60_000;

/**
 * The one rule by which every list shows a flapping thing as one line ("CRM opened 11 times in 8 m"), and a breaker
 * whose probes fail as one ("CRM open, 7 failed probes in 39 s").
 * @param changes in any order. @returns newest first.
 */
export function foldFlaps<T extends Foldable>(changes: readonly T[]): Line<T>[] {
  const oldestFirst = changes.toSorted((a, b) => a.at.localeCompare(b.at));
  const runs = new Map<string, T[][]>();
  for (const change of oldestFirst) {
    const known = runs.get(change.thing) ?? [];
    runs.set(change.thing, known);
    const run = known.at(-1);
    const before = run?.at(-1);
    if (run && before && isNext(before, change)) run.push(change);
    else known.push([change]);
  }
  return [...runs.values()]
    .flat()
    .flatMap(linesOf)
    .sort((a, b) => b.last.at.localeCompare(a.last.at));
}

const isNext = (before: Foldable, change: Foldable) =>
  before.turn !== null && change.turn !== null && Date.parse(change.at) - Date.parse(before.at) <= apartMs;

/** Lines of changes of one thing that follow each other closely, oldest first. */
function linesOf<T extends Foldable>(run: readonly T[]): Line<T>[] {
  const isProbe = ({ turn }: T, index: number) => turn === "worse" && run[index - 1]?.turn === "probing";
  const failed = run.filter(isProbe);
  // Degraded, then down, is one fall.
  const fallen = run.filter(
    ({ turn }, index) => turn === "worse" && (run[index - 1]?.turn ?? "better") === "better",
  );
  const [first] = fallen;
  if (fallen.length > 1 && first) return [lineOf(run, first, `${fallen.length} times`)];
  if (failed.length === 0) return run.map((last) => ({ last, text: last.text, fold: null }));
  // What ended the probes, such as the recovery, is an event of its own.
  const end = run.findLastIndex(({ turn }) => turn === "worse" || turn === "probing") + 1;
  const after = run.slice(end).map((last): Line<T> => ({ last, text: last.text, fold: null }));
  return [probesOf(run.slice(0, end), failed.length), ...after];
}

/** "Queue mail has no worker" three times: "Queue mail had no worker 3 times in 6 m". */
function lineOf<T extends Foldable>(run: readonly T[], named: T, count: string): Line<T> {
  const { last, from, span } = rangeOf(run, named);
  const deed = withoutPlace(named.text).replace(/ (is|has) /, (verb) =>
    verb === " is " ? " was " : " had ",
  );
  return { last, text: `${deed} ${count} in ${span}`, fold: { from, changes: run.length } };
}

function probesOf<T extends Foldable>(run: readonly T[], failed: number): Line<T> {
  const named = run.find(({ turn }) => turn === "worse");
  const { last, from, span } = rangeOf(run, run[0]);
  const deed = withoutPlace(named?.text ?? "").replace(/\b(o)pened$/i, "$1pen");
  return {
    last,
    text: `${deed}, ${failed} failed ${failed === 1 ? "probe" : "probes"} in ${span}`,
    fold: { from, changes: run.length },
  };
}

function rangeOf<T extends Foldable>(run: readonly T[], first: T | undefined) {
  const last = run.at(-1) ?? first;
  if (!last) throw new Error("a run has at least one change");
  const from = run[0]?.at ?? last.at;
  return { last, from, span: formatSpanShort(Date.parse(last.at) - Date.parse(from)) };
}

/** How many instances opened differs each time. */
const withoutPlace = (text: string) => text.replace(/ on \d+ of \d+$/, "");

/** How serious a state is, by the label under which the journal keeps it. */
export const stateOfLabel = (to: string | null): "down" | "degraded" | null => {
  if (to === null || /^(ok|closed|resumed|all ok)$|^0 of \d+ (open|at their limit)/i.test(to)) return null;
  return /down|no worker|^open|^[1-9]\d* of \d+ open|forced/i.test(to) ? "down" : "degraded";
};

/** Which way a change to a label of the journal went: overrides and pauses are acts, and what is unknown is neither. */
export function turnOfLabel(to: string | null): Turn {
  if (to === null || /forced|paused|unknown|without data$/i.test(to)) return null;
  if (/half[-_]open/i.test(to) && !/^[1-9]\d* of \d+ open/i.test(to)) return "probing";
  return stateOfLabel(to) === null ? "better" : "worse";
}
