import type { Overview, Problem, ProblemEffect } from "@wheelhouse/shared/overview.ts";
import { formatClock, formatSpanShort, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status } from "#ui/page/status.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Age } from "#ui/text/time.tsx";
import { type Lanes, placeLanes } from "./lanes.ts";
import styles from "./overview.module.css";

const Before = ({ problem }: { problem: Problem }) => {
  const { changedBefore, since } = problem;
  if (changedBefore === null) {
    return (
      <span className={styles.before}>
        <span className="c3">Nothing known changed before</span>
        <small />
      </span>
    );
  }
  const beforeMs = Date.parse(since) - Date.parse(changedBefore.at);
  return (
    <span className={styles.before}>
      <span>{changedBefore.text}</span>
      <small>{[`${formatSpanShort(beforeMs)} before`, changedBefore.by].filter(Boolean).join(", ")}</small>
    </span>
  );
};

const Row = ({
  problem,
  organization,
  isFresh,
}: {
  problem: Problem;
  organization: string;
  isFresh: boolean;
}) => {
  const { zone } = usePreferences();
  return (
    <li className={styles.problem}>
      <PageLink href={`/o/${organization}/${problem.path.replace(/^\//, "")}`}>
        <span className={styles.state}>
          <Status
            tone={isFresh ? problem.state : "stale"}
            label={isFresh ? problem.label : `Was ${problem.label.toLowerCase()}`}
          />
        </span>
        <span className={styles.what}>
          <b>
            {problem.subject}: {problem.title}
          </b>
          <span title={problem.cause}>{problem.cause}</span>
        </span>
        <Before problem={problem} />
        <span className={styles.affects}>{problem.affects}</span>
        <span className={styles.since}>
          <b>
            <Age at={problem.since} short />
          </b>
          <small>{formatClock(problem.since, zone)}</small>
        </span>
      </PageLink>
      <Effects problem={problem} organization={organization} isFresh={isFresh} />
    </li>
  );
};

const Effect = (props: { effect: ProblemEffect; organization: string; isFresh: boolean }) => {
  const { effect, organization, isFresh } = props;
  return (
    <li>
      <Status
        tone={isFresh ? effect.state : "stale"}
        label={isFresh ? effect.label : `Was ${effect.label.toLowerCase()}`}
        inRow
      />
      <span className={styles.effectName}>
        <PageLink href={`/o/${organization}/${effect.path}`}>{effect.subject}</PageLink>{" "}
        <span className="c3">{effect.noun}</span>
      </span>
      <span className={styles.effectCause} title={effect.cause}>
        {effect.cause}
      </span>
      <span className="num">
        <Age at={effect.since} short />
      </span>
    </li>
  );
};

/** What fails because of a problem, opened on demand; these are no problems of their own. */
const Effects = (props: { problem: Problem; organization: string; isFresh: boolean }) => {
  const { problem, organization, isFresh } = props;
  const effects = problem.effects ?? [];
  if (effects.length === 0) return null;
  return (
    <details className={styles.effects}>
      <summary>Show what {problem.subject} affects</summary>
      <ul aria-label={`Affected by ${problem.subject}`}>
        {effects.map((effect) => (
          <Effect key={effect.id} effect={effect} organization={organization} isFresh={isFresh} />
        ))}
      </ul>
    </details>
  );
};

/** Current problems, worst first, each with cause, preceding change, impact and start. */
export const ProblemList = (props: {
  problems: readonly Problem[];
  organization: string;
  isFresh: boolean;
}) => {
  const { zone } = usePreferences();
  return (
    <>
      <div className={`${styles.head} t12 c3`} aria-hidden="true">
        <span>State</span>
        <span>Problem and cause</span>
        <span>Changed just before</span>
        <span>Affects</span>
        <span className="num">Since, {zoneName(zone)}</span>
      </div>
      <ol className={props.isFresh ? "" : "hatch"} aria-label="Problems, worst first">
        {props.problems.map((problem) => (
          <Row key={problem.id} problem={problem} organization={props.organization} isFresh={props.isFresh} />
        ))}
      </ol>
    </>
  );
};

const markTopUnits = 2;
const laneHeightUnits = 15;

/** Changes as hairlines under the lanes, labelled where there is room and on hover. */
const Marks = (props: { marks: Lanes["marks"]; unrelated: number; heightPx: number }) => {
  const { marks, unrelated, heightPx } = props;
  return (
    <>
      {unrelated > 0 && (marks[0]?.at ?? 1) > 0.25 && (
        <em className="c3" style={{ left: -5 }}>
          {unrelated} unrelated, not shown
        </em>
      )}
      {marks.map(({ key, at, text }) => (
        <i
          key={key}
          className={styles.mark}
          title={text}
          style={{ left: `${at * 100}%`, height: heightPx }}
        />
      ))}
      {marks.map(({ key, at, room, text, side }) =>
        side === null ? null : (
          <em
            key={key}
            style={{
              maxWidth: `${room * 100}%`,
              ...(side === "right" ? { left: `${at * 100}%` } : { right: `${(1 - at) * 100}%` }),
            }}
          >
            {text}
          </em>
        ),
      )}
    </>
  );
};

/** Problems and changes on one timeline; a problem that began before the range extends past its left edge. */
export const ProblemLanes = ({ overview }: { overview: Overview }) => {
  const { zone } = usePreferences();
  const endMs = Date.parse(overview.observedAt ?? "");
  if (Number.isNaN(endMs)) return null;
  const related = overview.problemChanges ?? { items: [], unrelated: 0 };
  const { bars, marks, startMs } = placeLanes(overview.problems, related.items, endMs);
  const clock = (part: number) =>
    formatClock(new Date(startMs + (endMs - startMs) * part).toISOString(), zone);
  const markHeight = markTopUnits + laneHeightUnits + bars.length * laneHeightUnits;
  return (
    <section
      className={styles.lanes}
      aria-label={`Problems and changes on one timeline, ${clock(0)} to ${clock(1)} ${zoneName(zone)}`}
    >
      <div className={`${styles.lane} ${styles.changeLane}`}>
        <span className="c3">Changes</span>
        <span className={styles.track}>
          <Marks marks={marks} unrelated={related.unrelated} heightPx={markHeight} />
        </span>
      </div>
      {bars.map(({ id, subject, state, isEffect, from, startsEarlier }) => (
        <div key={id} className={styles.lane}>
          <span className={`cut ${isEffect ? styles.laneEffect : ""}`}>{subject}</span>
          <span className={styles.track}>
            <i
              className={`${styles.bar} ${isEffect ? styles.explained : styles[state]}`}
              style={{ left: startsEarlier ? -8 : `${from * 100}%` }}
            />
          </span>
        </div>
      ))}
      <div className={`${styles.lane} ${styles.axisLane}`}>
        <span />
        <span className={`${styles.track} axis`}>
          {[0, 0.25, 0.5, 0.75].map((part) => (
            <span key={part}>{clock(part)}</span>
          ))}
          <span>
            {clock(1)} {zoneName(zone)}
          </span>
        </span>
      </div>
    </section>
  );
};
