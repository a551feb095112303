import { platformOrganization } from "#lib/http/request-context.ts";
import {
  type Aspect,
  aspectKey,
  type Board,
  type FoundProblem,
  type ObservedChange,
  type Owned,
} from "#observe/aspect.ts";
import type { BadFile } from "#observe/sources/sources.ts";

/**
 * The list of watched sources while its last edit is bad, as one organization may know of it: its mistakes may name
 * others' sources, so only the platform sees them.
 */
export type ObservedBadFile = Owned &
  Omit<BadFile, "organizations" | "problems"> & { problems: readonly string[] | null };

export const badFileRows = aspectKey<ObservedBadFile>("sourcesFile");

/** @param bad what is wrong with the list that this process watches by; null while it is good. */
export function createBadFileBoard(bad: () => BadFile | null): Board<ObservedBadFile> {
  let before: readonly ObservedBadFile[] = [];
  return {
    adopt(rows) {
      before = rows;
    },
    observe({ nowMs }) {
      const file = bad();
      const rows = file === null ? [] : rowsOf(file);
      const isBad = rows.length > 0;
      const concerned = isBad ? rows : before;
      const hasTurned = isBad !== before.length > 0;
      before = rows;
      return { rows, changes: hasTurned ? concerned.map((row) => changeOf(row, isBad, nowMs)) : [] };
    },
    rest() {},
  };
}

function rowsOf({ organizations, problems, ...file }: BadFile): ObservedBadFile[] {
  return [...new Set([platformOrganization.slug, ...organizations])].map((organization) => ({
    ...file,
    id: "file",
    organization,
    problems: organization === platformOrganization.slug ? problems : null,
  }));
}

function changeOf({ organization, name }: ObservedBadFile, isBad: boolean, nowMs: number): ObservedChange {
  const change = {
    at: new Date(nowMs).toISOString(),
    text: isBad ? `${name} was edited badly` : `${name} is good again`,
    by: "Observed",
    kind: "health" as const,
    state: isBad ? ("degraded" as const) : null,
  };
  return { organization, subject: name, change };
}

/** The list of watched sources, as far as its last edit is bad. */
export const createBadFileAspect = (board?: Board<ObservedBadFile>): Aspect<ObservedBadFile> => ({
  key: badFileRows.key,
  board,
  findings: (rows) =>
    rows.map((row) => ({
      node: "sources:file",
      state: "degraded",
      check: null,
      isExplained: false,
      problem: problemOf(row),
    })),
});

/** A bad edit changes nothing of what is watched, so that nobody would notice it. */
function problemOf({ name, problems, since, goodAt }: ObservedBadFile): FoundProblem {
  const [first, ...others] = problems ?? [];
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  const what = first === undefined ? "The platform's organization sees what is wrong" : `${first}${more}`;
  return {
    state: "degraded",
    label: "Bad file",
    subject: name,
    title: "its last edit is bad",
    cause: `${what}. The last good version is kept, read on ${goodAt.slice(0, 10)} at ${goodAt.slice(11, 19)} UTC`,
    affects: "what is watched",
    countsDependants: false,
    since,
    area: "health",
    path: "sources",
  };
}
