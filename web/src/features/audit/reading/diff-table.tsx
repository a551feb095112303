import type { AuditEvent } from "@wheelhouse/shared/audit/audit.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import css from "../audit.module.css";
import { fieldChanges } from "./diff.ts";

const Side = ({
  text,
  className,
  word,
}: {
  text: string | undefined;
  className: string | undefined;
  word: string;
}) => (
  <td className={text === undefined ? "" : className}>
    {text === undefined ? (
      <span className="c3">–</span>
    ) : (
      <>
        {className !== undefined && <span className="vh">{word} </span>}
        {text}
      </>
    )}
  </td>
);

/** Fields that an action changed; unchanged fields on demand. */
export const AuditDiff = ({ event }: { event: AuditEvent }) => {
  const [showsAll, setShowsAll] = useState(false);
  const changes = fieldChanges(event);
  const changed = changes.filter((change) => change.changed);
  const rows = showsAll ? changes : changed;
  if (changes.length === 0) {
    return (
      <>
        <div className={`sec-h ${css.partHead}`}>
          <h3 className="h">Before and after</h3>
        </div>
        <p className="c2">This action changed nothing.</p>
      </>
    );
  }
  return (
    <>
      <div className={`sec-h ${css.partHead}`}>
        <h3 className="h">Before and after</h3>
        <span className="c3 t12">
          {event.before === null
            ? `${formatPlural(changes.length, "field")} set`
            : `${changed.length} of ${formatPlural(changes.length, "field")} changed`}
        </span>
        <span className="grow" />
        {changed.length < changes.length && (
          <button
            type="button"
            className={css.linkButton}
            aria-pressed={showsAll}
            onClick={() => setShowsAll(!showsAll)}
          >
            {showsAll ? "Changed fields" : "All fields"}
          </button>
        )}
      </div>
      <table className={css.diff}>
        <caption className="vh">{showsAll ? "All fields" : "Changed fields"}</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ field, before, after, changed: isChanged }) => (
            <tr key={field}>
              <td>{field}</td>
              <Side text={before} className={isChanged ? css.removed : undefined} word="removed" />
              <Side text={after} className={isChanged ? css.added : undefined} word="added" />
            </tr>
          ))}
        </tbody>
      </table>
      {changed.length === 0 && !showsAll && <p className="c2">No field changed.</p>}
    </>
  );
};
