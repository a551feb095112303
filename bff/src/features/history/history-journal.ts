import type { JournalEntry } from "@wheelhouse/shared/history.ts";
import type { Tick } from "#observe/tick.ts";

/** A change of state as it is stored. */
export type JournalRow = Omit<JournalEntry, "id"> & { organizationId: string };

type Seen = { organization: string; id: string; name: string; state: string; label?: string };

const wordOf = (row: Seen | undefined) =>
  row === undefined ? null : row.label === undefined || row.label === "" ? row.state : row.label;

/** The rows that a change of this kind may be about. */
const rowsOf = (tick: Tick, kind: JournalEntry["kind"]): readonly Seen[] => {
  if (kind === "queue") return tick.queues;
  if (kind === "breaker") return tick.breakers;
  if (kind === "cache") return tick.caches;
  return [...tick.services, ...tick.servers];
};

const isJournalKind = (kind: string): kind is JournalEntry["kind"] =>
  kind === "health" || kind === "queue" || kind === "breaker" || kind === "cache";

/** The changes that a tick saw, with what they were about before and after as far as its rows tell it. */
export function journalOf(tick: Tick, before: Tick | null): JournalRow[] {
  const ids = new Map(tick.organizations.map(({ id, slug }) => [slug, id]));
  return tick.changes.flatMap(({ organization, subject, change }) => {
    const organizationId = ids.get(organization);
    const { kind } = change;
    if (organizationId === undefined || !isJournalKind(kind)) return [];
    const about = (row: Seen) =>
      row.organization === organization && (row.name === subject || row.id === subject);
    const now = rowsOf(tick, kind).find(about);
    const was = before && now ? rowsOf(before, kind).find(({ id }) => id === now.id) : undefined;
    return [
      {
        organizationId,
        at: change.at,
        kind,
        subjectId: now?.id ?? null,
        subject,
        from: wordOf(was),
        to: wordOf(now),
        text: change.text,
        cause: change.by,
      },
    ];
  });
}
