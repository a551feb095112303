import type { JournalEntry } from "@wheelhouse/shared/history.ts";
import type { Aspect, Owned } from "#observe/aspect.ts";
import { noRows, type Tick } from "#observe/tick/tick.ts";

/** A state change as it is stored. */
export type JournalRow = Omit<JournalEntry, "id"> & { organizationId: string };

/** The state changes of a tick, with the states before and after where its rows show them. */
export function journalOf(aspects: readonly Aspect[], tick: Tick, before: Tick | null): JournalRow[] {
  const ids = new Map(tick.head.organizations.map(({ id, slug }) => [slug, id]));
  const told = aspects.flatMap(({ key, journal }) => (journal ? [{ key, ...journal }] : [])).reverse();
  return tick.head.changes.flatMap(({ organization, subject, subjectId, change }) => {
    const organizationId = ids.get(organization);
    const about = told.filter(({ kind }) => kind === change.kind);
    const kind = about[0]?.kind;
    if (organizationId === undefined || kind === undefined) return [];
    const rowIn = (of: Tick | null, isIt: (row: Owned, name: (of: Owned) => string) => boolean) => {
      for (const aspect of about) {
        const row = (of?.rows[aspect.key] ?? noRows).find((each) => isIt(each, aspect.name));
        if (row) return { id: row.id, word: aspect.word(row) };
      }
      return null;
    };
    const now = rowIn(
      tick,
      (row, name) =>
        row.organization === organization &&
        (subjectId === undefined ? name(row) === subject || row.id === subject : row.id === subjectId),
    );
    const was = now && rowIn(before, (row) => row.id === now.id);
    return [
      {
        organizationId,
        at: change.at,
        kind,
        subjectId: now?.id ?? null,
        subject,
        from: was?.word ?? null,
        to: now?.word ?? null,
        text: change.text,
        cause: change.by,
      },
    ];
  });
}
