import { Link } from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import { formatDate, formatPlural, formatTime, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import styles from "./overview.module.css";

type Change = Overview["recentChanges"][number];

/** A kind as it begins a line: `queue` is "Queue". */
const kindText = (kind: string): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
const tones = { down: "tx-down", degraded: "tx-warn" } as const;
const isAct = ({ kind }: Change) => kind === "audit" || kind === "deployment";

const Line = ({ change, today }: { change: Change; today: string }) => {
  const { zone } = usePreferences();
  const { at, text, by, kind, state, fold = null } = change;
  const date = formatDate(at, zone);
  const about =
    fold === null ? by : `${formatPlural(fold.changes, "change")} since ${formatTime(fold.from, zone)}`;
  return (
    <li>
      <time dateTime={at} title={date === today ? undefined : date}>
        {formatTime(at, zone)}
        {date !== today && <small>{date.slice(5)}</small>}
      </time>
      <div>
        <span className={state === null ? "" : tones[state]}>{text}</span>
        <small>{[kindText(kind), about].filter(Boolean).join(" · ")}</small>
      </div>
    </li>
  );
};

const Group = (props: { name: string; changes: readonly Change[]; today: string }) =>
  props.changes.length === 0 ? null : (
    <>
      <h3 className={`${styles.changesHead} t12 c3`}>{props.name}</h3>
      <ol className={styles.changes} aria-label={props.name}>
        {props.changes.map((change) => (
          <Line key={`${change.at} ${change.text}`} change={change} today={props.today} />
        ))}
      </ol>
    </>
  );

/** What people, pipelines and the platform itself changed; a flapping thing is one line. */
export const RecentChanges = ({ overview, organization }: { overview: Overview; organization: string }) => {
  const { zone } = usePreferences();
  const { recentChanges, observedAt } = overview;
  const today = observedAt === null ? "" : formatDate(observedAt, zone);
  return (
    <aside className={styles.side} aria-label="Recent changes">
      <div className="sec-h">
        <h2 className="h">Recent changes</h2>
        <span className="t12 c3">{zoneName(zone)}, flaps folded</span>
      </div>
      {recentChanges.length === 0 && <p className="t12 c3">No changes yet.</p>}
      <Group name="Acts and deployments" changes={recentChanges.filter(isAct)} today={today} />
      <Group
        name="Changes of state"
        changes={recentChanges.filter((change) => !isAct(change))}
        today={today}
      />
      <Link className="link" to="/o/$org/audit" params={{ org: organization }}>
        All changes in the audit trail
      </Link>
    </aside>
  );
};
