import { useQuery } from "@tanstack/react-query";
import type { IncidentDetail } from "@wheelhouse/shared/alerts/incidents.ts";
import { formatFigure, isShare } from "@wheelhouse/shared/alerts/words.ts";
import type { HistoryKind } from "@wheelhouse/shared/live/history-kinds.ts";
import { useCan } from "#lib/api/session.ts";
import { formatClock, formatSpanShort, zoneName } from "#lib/format.ts";
import { seriesQuery } from "#lib/history/history-queries.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { incidentQuery } from "../queries.ts";
import type { AlertsSearch } from "../search.ts";
import { headlineOf, IncidentStatus, nameOf } from "../words.tsx";
import { IncidentActs, ThumbActs } from "./acts.tsx";
import css from "./incident.module.css";
import { Side } from "./side.tsx";
import { TimeLine } from "./time-line.tsx";

const beforeMs = 1_800_000;
const afterMs = 900_000;
const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Who handles it, or that nobody does. */
const Handling = ({ incident }: { incident: IncidentDetail }) => {
  const { zone } = usePreferences();
  const { acknowledgedBy, acknowledgedAt, status, heldBy, resolvedBy } = incident;
  if (status === "resolved")
    return <>{resolvedBy === null ? "Cleared by itself." : `Resolved by ${resolvedBy}.`}</>;
  if (acknowledgedBy !== null && acknowledgedAt !== null)
    return (
      <>
        Acknowledged by <b className="b">{acknowledgedBy}</b> at {formatClock(acknowledgedAt, zone)}, until it
        clears.
      </>
    );
  return (
    <>
      <b className="b tx-warn">Nobody has acknowledged.</b>
      {heldBy !== null && ` Nobody is notified: ${heldBy}.`}
    </>
  );
};

const Head = (props: { incident: IncidentDetail; organization: string }) => {
  const { incident, organization } = props;
  const { status, startedAt, resolvedAt, cause, severity, isFlapping, hasData } = incident;
  return (
    <section className={css.top}>
      <div className="row">
        <IncidentStatus incident={incident} />
        <span className="c2">
          since <Time at={startedAt} />
          {resolvedAt === null ? (
            <>
              ,{" "}
              <b className="b tx-down">
                <Age at={startedAt} short />
              </b>
            </>
          ) : (
            <>
              , for {formatSpanShort(Date.parse(resolvedAt) - Date.parse(startedAt))}, until{" "}
              <Time at={resolvedAt} />
            </>
          )}
        </span>
        <span className="c3 no-phone">
          {nameOf(incident)} · {severity}
          {isFlapping && " · flapping"}
        </span>
      </div>
      <h2 className="t20 b">{headlineOf(incident)}</h2>
      <p className="c2">{cause}</p>
      {status === "open" && !hasData && (
        <p className="c2">
          No data now. The incident stays open until there is some, because silence proves nothing.
        </p>
      )}
      {status === "open" && <IncidentActs organization={organization} incident={incident} />}
      <p className={`c2 t12 ${css.handling}`}>
        <Handling incident={incident} />
      </p>
    </section>
  );
};

const ChangesBefore = ({ incident, organization }: { incident: IncidentDetail; organization: string }) => {
  const { changesBefore, startedAt, subject } = incident;
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">What changed just before</h3>
        <span className="t12 c3 no-phone">related first, then nearest</span>
        <span className="grow" />
        <PageLink
          className="link t12"
          href={`/o/${organization}/overview?at=${encodeURIComponent(startedAt)}`}
        >
          Rewind to its start
        </PageLink>
      </div>
      {changesBefore.length === 0 ? (
        <p className="c3">Nothing known in the hour before.</p>
      ) : (
        <table className={css.changes}>
          <caption className="vh">Changes before the incident</caption>
          <tbody>
            {changesBefore.map(({ at, text, by, isRelated }, place) => (
              <tr key={`${at} ${text}`} className={isRelated && place === 0 ? css.nearest : undefined}>
                <td className="num c2" title={at}>
                  {formatSpanShort(Date.parse(startedAt) - Date.parse(at))}
                </td>
                <td className={isRelated ? undefined : "c2"}>
                  {isRelated && place === 0 ? <b className="b">{text}</b> : text}
                  <small>{by}</small>
                </td>
                <td className="c3 no-phone">{isRelated ? "related" : `no path to ${subject}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

/** The figure of the rule, from before the incident to after it. */
const Chart = (props: { organization: string; incident: IncidentDetail }) => {
  const { organization, incident } = props;
  const { chart, startedAt, resolvedAt } = incident;
  const nowMs = useMinute();
  const { zone } = usePreferences();
  const from = new Date(Date.parse(startedAt) - beforeMs).toISOString();
  const endMs = resolvedAt === null ? nowMs : Math.min(nowMs, Date.parse(resolvedAt) + afterMs);
  const to = new Date(Math.max(endMs, Date.parse(startedAt) + 60_000)).toISOString();
  // The kind comes from the server, which knows it.
  const kind = (chart?.kind ?? "service") as HistoryKind;
  const of = { kind, id: chart?.id ?? "", metrics: [chart?.metric ?? ""] };
  const series = useQuery({ ...seriesQuery(organization, of, { from, to }), enabled: chart !== null });
  if (chart === null) return null;
  const { metric, threshold } = chart;
  const share = ((Date.parse(startedAt) - Date.parse(from)) / (Date.parse(to) - Date.parse(from))) * 100;
  const values = series.data?.series[0]?.values ?? [];
  const last = values.findLast((value) => value !== null);
  const most = Math.max(...values.map((value) => value ?? 0), threshold ?? 0);
  return (
    <section className={css.section}>
      <div className="sec-h">
        <h3 className="h">{upper(incident.ruleName)}</h3>
        {last !== undefined && last !== null && <span className="t12 b">{formatFigure(metric, last)}</span>}
        {threshold !== null && <span className="t12 c3">threshold {formatFigure(metric, threshold)}</span>}
      </div>
      <div className={css.chart}>
        <em style={{ left: `${share}%` }}>began</em>
        <Sparkline
          values={values}
          label={`${incident.ruleName}, from half an hour before the incident`}
          tone="bad"
          height={96}
          top={isShare(metric) ? 1 : most * 1.1}
          isFilled
          {...(threshold === null ? {} : { threshold })}
        />
      </div>
      <div className={css.axis}>
        <span>{formatClock(from, zone)}</span>
        <span>
          {formatClock(to, zone)} {zoneName(zone)}
        </span>
      </div>
    </section>
  );
};

/** One incident: what it is, what changed before, its figure, what happened, and what it affects. */
export const Incident = (props: {
  organization: string;
  number: number;
  address: PageAddress<AlertsSearch>;
}) => {
  const { organization, number, address } = props;
  const incident = useQuery(incidentQuery(organization, number));
  const mayAct = useCan(organization, "alerts:act");
  return (
    <Panel name={nameOf({ number })} query={incident} skeletonRows={12}>
      {(detail) => (
        <div className={css.layout}>
          <div className={css.main}>
            <Head incident={detail} organization={organization} />
            <ChangesBefore incident={detail} organization={organization} />
            <Chart organization={organization} incident={detail} />
            <TimeLine organization={organization} incident={detail} />
          </div>
          <Side organization={organization} incident={detail} address={address} />
          {mayAct && detail.status === "open" && <ThumbActs organization={organization} incident={detail} />}
        </div>
      )}
    </Panel>
  );
};
