import { platformOrganization } from "#lib/http/request-context.ts";
import { formatUtcTime } from "#lib/time/utc.ts";
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
 * The list of watched sources while its last edit is invalid, as visible to one organization: the errors can
 * name sources of others, so only the platform sees them.
 */
export type ObservedBadFile = Owned &
  Omit<BadFile, "organizations" | "problems"> & { problems: readonly string[] | null };

export const badFileRows = aspectKey<ObservedBadFile>("sourcesFile");

/** @param bad the errors in the list that this process watches by; null while it is valid. */
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
    text: isBad ? `${name} is invalid` : `${name} is valid again`,
    by: "",
    kind: "health" as const,
    state: isBad ? ("degraded" as const) : null,
  };
  return { organization, subject: name, change };
}

/** The list of watched sources, while its last edit is invalid. */
export const createBadFileAspect = (board?: Board<ObservedBadFile>): Aspect<ObservedBadFile> => ({
  key: badFileRows.key,
  board,
  findings: (rows) =>
    rows.map((row) => ({
      node: "sources:file",
      state: "degraded",
      check: null,
      explainedBy: null,
      problem: problemOf(row),
    })),
});

/** An invalid edit changes nothing that is watched, so without a problem nobody would notice it. */
function problemOf({ name, problems, since, goodAt }: ObservedBadFile): FoundProblem {
  const [first, ...others] = problems ?? [];
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  const what = first === undefined ? "The platform organization sees the errors" : `${first}${more}`;
  return {
    state: "degraded",
    label: "Invalid file",
    subject: name,
    title: "last edit is invalid",
    cause: `${what}. The last valid version stays in effect, read on ${goodAt.slice(0, 10)} at ${formatUtcTime(goodAt)}`,
    affects: "watched sources",
    countsDependants: false,
    since,
    area: "health",
    path: "sources",
  };
}
