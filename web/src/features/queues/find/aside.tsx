import type { FoundJobs, JobIndex } from "@wheelhouse/shared/queues/find.ts";
import type { ReactNode } from "react";
import { formatCount, formatDateTime, formatPlural, formatSpan } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import css from "./search.module.css";

const shownQueues = 12;
/** The index should not be further behind. */
const behindLimitMs = 2_000;

/** `0.8 s`; whole seconds from ten on. */
export const formatBehind = (behindMs: number): string =>
  behindMs < 10_000 ? `${(behindMs / 1000).toFixed(1)} s` : formatSpan(behindMs);

const Fact = ({ name, children }: { name: ReactNode; children: ReactNode }) => (
  <div className={css.fact}>
    <span className="cut">{name}</span>
    <span className={css.value}>{children}</span>
  </div>
);

/** What the index holds, in one line beside the number of matches. */
export const IndexLine = ({ index }: { index: JobIndex | undefined }) => {
  if (index === undefined) return null;
  const { behindMs, failures, keptDays, fill } = index;
  const isLate = behindMs === null || behindMs > behindLimitMs || failures.length > 0;
  return (
    <span className={`end ${css.index}${isLate ? ` ${css.isLate}` : ""}`}>
      <i />
      {behindMs === null ? "index has not begun" : `index ${formatBehind(behindMs)} behind`}, kept{" "}
      {formatPlural(keptDays, "day")}
      {fill.running > 0 && `, back-fill of ${formatPlural(fill.running, "queue")} running`}
    </span>
  );
};

const ByQueue = ({ summary }: { summary: NonNullable<FoundJobs["summary"]> }) => {
  const { queues, count, isBound } = summary;
  const rest = queues.slice(shownQueues);
  return (
    <>
      <div className="sec-h">
        <h2 className="h">By queue</h2>
        <span className="t12 c3">
          {formatCount(count)}
          {isBound && "+"} match
        </span>
      </div>
      {queues.slice(0, shownQueues).map(({ queue, name, jobs }) => (
        <Fact key={queue} name={name}>
          {formatCount(jobs)}
        </Fact>
      ))}
      {rest.length > 0 && (
        <Fact name={`${formatPlural(rest.length, "more queue")}`}>
          {formatCount(rest.reduce((sum, { jobs }) => sum + jobs, 0))}
        </Fact>
      )}
      {queues.length === 0 && <Fact name="All queues">0</Fact>}
    </>
  );
};

const Holds = ({ index }: { index: JobIndex }) => {
  const { zone } = usePreferences();
  const { fill } = index;
  return (
    <>
      <div className="sec-h">
        <h2 className="h">Index</h2>
      </div>
      <Fact name="Jobs">{formatCount(index.jobs)}</Fact>
      <Fact name="Behind">
        {index.behindMs === null ? "–" : `${formatBehind(index.behindMs)}, limit ${behindLimitMs / 1000} s`}
      </Fact>
      <Fact name="Kept">{formatPlural(index.keptDays, "day")}</Fact>
      <Fact name="Since">{formatDateTime(index.keptSince, zone)}</Fact>
      <Fact name="Queues">{formatCount(index.queues)}</Fact>
      <Fact name="Back-fill">
        {fill.running > 0
          ? `${formatPlural(fill.running, "queue")} left, ${formatCount(fill.readJobs)} jobs read`
          : fill.completeAt === null
            ? "–"
            : `complete, ${formatDateTime(fill.completeAt, zone).slice(5, 16)}`}
      </Fact>
    </>
  );
};

const list = (paths: readonly string[]) => {
  const first = paths.slice(0, 4).join(", ");
  return paths.length > 4 ? `${first} and ${paths.length - 4} more` : first;
};

const NotSearched = ({ index, onFields }: { index: JobIndex; onFields: (() => void) | null }) => {
  const pathsOf = (what: "out" | "hash") =>
    index.rules.filter((rule) => rule.what === what).map(({ path }) => path);
  return (
    <>
      <div className="sec-h">
        <h2 className="h">Not searched</h2>
      </div>
      {index.failures.map(({ source, reason }) => (
        <p key={source} className="t12 tx-warn">
          {source} cannot be read: {reason}
        </p>
      ))}
      <p className="t12 c2">Lists and queues of other systems have no ids and no fields.</p>
      <p className="t12 c2">
        <span className="mono">{list(pathsOf("out"))}</span> are left out;{" "}
        <span className="mono">{list(pathsOf("hash"))}</span> are found by their whole value only.{" "}
        {onFields !== null && (
          <button type="button" className="link" onClick={onFields}>
            Change fields…
          </button>
        )}
      </p>
      <p className="t12 c2">Nothing is read from Redis while you search.</p>
    </>
  );
};

/** Beside the results: matches by queue, and what the index holds and does not. */
export const FindAside = (props: {
  summary: FoundJobs["summary"] | undefined;
  index: JobIndex | undefined;
  /** Null without the right to change fields. */
  onFields: (() => void) | null;
}) => {
  const { summary, index, onFields } = props;
  return (
    <aside className={css.aside}>
      {summary != null && <ByQueue summary={summary} />}
      {index !== undefined && (
        <>
          <Holds index={index} />
          <NotSearched index={index} onFields={onFields} />
        </>
      )}
    </aside>
  );
};
