import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { JobCauses as Causes, JobCause } from "@wheelhouse/shared/queues/find.ts";
import { useState } from "react";
import { formatCount, formatPercent, formatPlural, formatSpan } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { Filter } from "#ui/filter/filter-tokens.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Age, Time, TimeHeader } from "#ui/text/time.tsx";
import css from "./causes.module.css";
import { jobCausesQuery } from "./queries.ts";

/** Shown at first; the others follow on demand. */
const shownFirst = 8;
/** A cause without a failure for this long has stopped. */
const stoppedAfterMs = 300_000;
const lineClasses = [css.first, css.second, css.third, css.fourth];

const isGoingOn = ({ lastAt }: JobCause, nowMs: number) =>
  lastAt !== null && nowMs - Date.parse(lastAt) < stoppedAfterMs;

/** What most failed jobs have in common. */
const Verdict = ({ data, nowMs }: { data: Causes; nowMs: number }) => {
  const { explained, total, causes } = data;
  const explaining = causes.slice(0, explained.causes);
  const stopped = explaining.filter((cause) => !isGoingOn(cause, nowMs)).length;
  return (
    <div className={css.verdict}>
      <h2 className="t20 b">
        {formatPlural(explained.causes, "cause")} {explained.causes === 1 ? "explains" : "explain"}{" "}
        {formatCount(explained.jobs)} of {formatPlural(total, "failed job")}
      </h2>
      <p className="c2">
        {stopped === 0
          ? "Still failing within the last 5 minutes."
          : `${stopped} of ${explaining.length} ${stopped === 1 ? "has" : "have"} not failed for 5 minutes.`}
      </p>
    </div>
  );
};

const Bars = ({ data }: { data: Causes }) => {
  const { bars, causes } = data;
  const names = bars.shown.map((id) => causes.find((cause) => cause.id === id)?.message ?? id);
  const lines = [...names, "others"].map((name, index) => ({
    id: `${index} ${name}`,
    name,
    className: index < names.length ? lineClasses[index] : css.others,
    counts: bars.counts[index] ?? [],
  }));
  const columns = (bars.counts[0] ?? []).map((_, at) => ({
    id: at,
    total: bars.counts.reduce((sum, line) => sum + (line[at] ?? 0), 0),
  }));
  const most = Math.max(1, ...columns.map(({ total }) => total));
  return (
    <figure className={css.bars}>
      <figcaption>
        <b>Failed jobs by cause</b> <span className="c3 t12">{formatSpan(bars.stepMs)} per bar</span>
        <span className={css.legend}>
          {lines.map(({ id, name, className }) => (
            <span key={id} className="cut" title={name}>
              <i className={className} />
              {name}
            </span>
          ))}
        </span>
      </figcaption>
      <div className={css.chart} role="img" aria-label="Failed jobs by time and cause">
        {columns.map(({ id, total }) => (
          <span key={id} title={formatPlural(total, "failed job")}>
            {lines.map((line) => (
              <i
                key={line.id}
                className={line.className}
                style={{ height: `${((line.counts[id] ?? 0) / most) * 100}%` }}
              />
            ))}
          </span>
        ))}
      </div>
      <div className={`t12 c3 ${css.axis}`}>
        <Time at={bars.from} />
        <span>now</span>
      </div>
    </figure>
  );
};

const Row = (props: { organization: string; cause: JobCause; nowMs: number }) => {
  const { organization, cause, nowMs } = props;
  const goesOn = isGoingOn(cause, nowMs);
  return (
    <tr>
      <td className={css.cause}>
        <Link
          className="b t14"
          to="/o/$org/queues/find"
          params={{ org: organization }}
          search={{ q: `cause:${cause.id} queue:${cause.queue} state:failed` }}
          title="Show these jobs"
        >
          {cause.message}
        </Link>
        <small>
          <span className="mono">{cause.name}</span> in {cause.queueName}
        </small>
      </td>
      <td className={`num t16 b ${css.count}`}>{formatCount(cause.jobs)}</td>
      <td className={`num ${css.share}`}>{formatPercent(cause.share)}</td>
      <td className={css.bar}>
        <div className="meter" aria-hidden="true">
          <i className="acc" style={{ width: `${cause.share * 100}%` }} />
        </div>
      </td>
      <td className={`two ${css.seen}`}>
        {cause.firstAt === null || cause.lastAt === null ? (
          <span className="c3">–</span>
        ) : (
          <>
            <span>
              <Time at={cause.firstAt} /> – <Time at={cause.lastAt} />
            </span>
            <small>
              last <Age at={cause.lastAt} suffix="ago" />
            </small>
          </>
        )}
      </td>
      <td className={css.now}>
        {goesOn ? <b className="tx-warn">Still failing</b> : <span className="c2">None for 5 minutes</span>}
      </td>
    </tr>
  );
};

const Table = ({ organization, data, nowMs }: { organization: string; data: Causes; nowMs: number }) => {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? data.causes : data.causes.slice(0, shownFirst);
  const hidden = data.causes.slice(shown.length);
  return (
    <>
      <table className={`tb ${css.table}`}>
        <caption className="vh">Causes of failed jobs, most jobs first</caption>
        <thead>
          <tr>
            <th>Error × name</th>
            <th className={`num ${css.count}`} aria-sort="descending">
              Jobs ↓
            </th>
            <th className={`num ${css.share}`}>Share</th>
            <th className={css.bar}>
              <span className="vh">Share as a bar</span>
            </th>
            <th className={css.seen}>
              <TimeHeader label="First, last seen" />
            </th>
            <th className={css.now}>Now</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((cause) => (
            <Row key={`${cause.queue} ${cause.id}`} organization={organization} cause={cause} nowMs={nowMs} />
          ))}
        </tbody>
      </table>
      {hidden.length > 0 && (
        <div className={css.more}>
          <Button onClick={() => setWhole(true)}>
            Show {formatPlural(hidden.length, "more cause")},{" "}
            {formatPlural(
              hidden.reduce((sum, { jobs }) => sum + jobs, 0),
              "job",
            )}
          </Button>
        </div>
      )}
      {data.others.causes > 0 && (
        <p className={`t12 c3 ${css.more}`}>
          {formatPlural(data.others.causes, "cause")} with {formatPlural(data.others.jobs, "job")} are not
          listed. Filter by a queue to see them.
        </p>
      )}
    </>
  );
};

/** Failed jobs grouped by error and name; the filter's queue narrows them. */
export const JobCauses = ({ organization, filter }: { organization: string; filter: Filter }) => {
  const nowMs = useMinute();
  const queue = filter.tokens.find(({ key }) => key === "queue")?.value;
  const query = useQuery(jobCausesQuery(organization, queue));
  return (
    <Panel
      name="Causes"
      query={query}
      skeletonRows={6}
      isEmpty={({ total }) => total === 0}
      empty={
        <Empty title="No failed jobs">
          {queue === undefined ? "No queue" : queue} has a failed job in the index.
        </Empty>
      }
    >
      {(data) => (
        <>
          <Verdict data={data} nowMs={nowMs} />
          <Bars data={data} />
          <Table organization={organization} data={data} nowMs={nowMs} />
        </>
      )}
    </Panel>
  );
};
