import { zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Time } from "#ui/text/time.tsx";
import css from "./run.module.css";

export type JournalEntry = { at: string; text: string; detail: string | null; isWarning: boolean };

/** What happened in a run, newest first. */
export const RunJournal = ({ entries }: { entries: readonly JournalEntry[] }) => {
  const { zone } = usePreferences();
  return (
    <>
      <div className="sec-h">
        <h3 className="h">Journal</h3>
        <span className="c3 t12">{zoneName(zone)}, newest first</span>
      </div>
      <ol className={`t12 ${css.journal}`}>
        {entries.map(({ at, text, detail, isWarning }) => (
          <li key={`${at} ${text}`}>
            <Time at={at} />
            <div>
              <span className={isWarning ? "tx-warn" : undefined}>{text}</span>
              {detail !== null && <small>{detail}</small>}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
};
