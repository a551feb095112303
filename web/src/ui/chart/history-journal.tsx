import { useInfiniteQuery } from "@tanstack/react-query";
import type { JournalEntry } from "@wheelhouse/shared/history.ts";
import { foldFlaps, turnOfLabel } from "@wheelhouse/shared/live/flaps.ts";
import type { JournalKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { formatDate, formatPlural, formatTime, zoneName } from "#lib/format.ts";
import { journalQuery } from "#lib/history/history-queries.ts";
import { useMoment } from "#lib/live/moment.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import css from "./history-charts.module.css";

/** A flapping thing is one line among the loaded entries. */
const linesOf = (entries: readonly JournalEntry[]) =>
  foldFlaps(
    entries.map((entry) => ({
      entry,
      at: entry.at,
      text: entry.text,
      thing: entry.subjectId ?? entry.subject,
      turn: turnOfLabel(entry.to),
    })),
  );

const toneOf = (to: string | null): string =>
  to === null ? "" : /^down$/i.test(to) ? "tx-down" : /^(degraded|unknown)$/i.test(to) ? "tx-warn" : "";

/**
 * State changes of one subject as far back as they are kept, newest first; for a past moment, those up to it.
 */
export const HistoryJournal = (props: { organization: string; kind: JournalKind; id: string }) => {
  const { organization, kind, id } = props;
  const { zone } = usePreferences();
  const moment = useMoment();
  const journal = useInfiniteQuery(journalQuery(organization, { kind, id }, moment));
  return (
    <section className={css.charts} aria-label="State journal">
      <div className="sec-h">
        <h3 className="h">State journal</h3>
        <span className="t12 c3">{zoneName(zone)}, kept for 13 months</span>
      </div>
      <Panel
        name="The journal"
        query={journal}
        skeletonRows={3}
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={<p className="t12 c3">No state changes{moment === null ? "" : " until then"}.</p>}
      >
        {({ pages }) => (
          <>
            <ul className={css.changes}>
              {linesOf(pages.flatMap(({ items }) => items)).map(({ last: { entry }, text, fold }) => (
                <li key={entry.id}>
                  <time dateTime={entry.at}>
                    {formatDate(entry.at, zone)} {formatTime(entry.at, zone)}
                  </time>
                  <div>
                    <span className={toneOf(entry.to)}>{text}</span>
                    <small>
                      {fold === null
                        ? entry.cause
                        : `${formatPlural(fold.changes, "change")} since ${formatTime(fold.from, zone)}`}
                    </small>
                  </div>
                </li>
              ))}
            </ul>
            {journal.hasNextPage && (
              <Button disabled={journal.isFetchingNextPage} onClick={() => void journal.fetchNextPage()}>
                Load older
              </Button>
            )}
          </>
        )}
      </Panel>
    </section>
  );
};
