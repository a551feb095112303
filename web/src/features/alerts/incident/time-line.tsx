import type { IncidentDetail } from "@wheelhouse/shared/alerts/incidents.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/page/button.tsx";
import { Time } from "#ui/text/time.tsx";
import { NoteDialog } from "./dialogs.tsx";
import css from "./incident.module.css";

/** Red square: a transition; solid: somebody did something or was notified; ring: the rest. */
const marks: Record<string, string | undefined> = {
  fired: css.bad,
  reopened: css.bad,
  flapping: css.bad,
  acknowledged: css.solid,
  assigned: css.solid,
  note: css.solid,
  snoozed: css.solid,
  resolved: css.solid,
  announced: css.solid,
  cause: css.accent,
};

/** All that happened, newest first, down to the change just before. */
export const TimeLine = ({ organization, incident }: { organization: string; incident: IncidentDetail }) => {
  const { zone } = usePreferences();
  const [isNoting, setNoting] = useState(false);
  const mayAct = useCan(organization, "alerts:act");
  const related = incident.changesBefore.find(({ isRelated }) => isRelated);
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">Time line</h3>
        <span className="t12 c3">{zoneName(zone)}, newest first</span>
        <span className="grow" />
        {mayAct && <Button onClick={() => setNoting(true)}>Add note…</Button>}
      </div>
      <ol className={css.line}>
        {incident.entries.map(({ id, at, kind, text, by }) => (
          <li key={id} className={marks[kind]}>
            <Time at={at} />
            <i />
            <div>
              {text}
              {by !== null && kind === "note" && <small>{by}</small>}
            </div>
          </li>
        ))}
        {related !== undefined && (
          <li className={css.accent}>
            <Time at={related.at} />
            <i />
            <div>
              {related.text}
              <small>{related.by}</small>
            </div>
          </li>
        )}
      </ol>
      {isNoting && (
        <NoteDialog organization={organization} number={incident.number} onClose={() => setNoting(false)} />
      )}
    </section>
  );
};
