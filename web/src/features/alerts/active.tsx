import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { AlertsSummary, AlertView, IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import { formatClock, formatCount, formatPlural, formatTime, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./alerts.module.css";
import { alertsQuery, incidentsQuery } from "./queries.ts";
import type { AlertsSearch } from "./search.ts";
import { headlineOf, IncidentStatus, nameOf } from "./words.tsx";

const severest = { critical: 0, warning: 1, info: 2 } as const;
const worstFirst = (a: IncidentRow, b: IncidentRow) =>
  severest[a.severity] - severest[b.severity] || a.startedAt.localeCompare(b.startedAt);

const Acknowledged = ({ incident }: { incident: IncidentRow }) => {
  const { zone } = usePreferences();
  const { acknowledgedBy, acknowledgedAt, heldBy, assignedTo, snoozedUntil } = incident;
  const assigned = assignedTo === null ? "" : `assigned to ${assignedTo}`;
  if (acknowledgedBy !== null && acknowledgedAt !== null)
    return (
      <span className={css.two}>
        {acknowledgedBy}
        <small>{[formatClock(acknowledgedAt, zone), assigned].filter(Boolean).join(", ")}</small>
      </span>
    );
  const held =
    snoozedUntil !== null && heldBy === "Snoozed"
      ? `Snoozed until ${formatClock(snoozedUntil, zone)}`
      : heldBy;
  return (
    <span className={css.two}>
      <b className="tx-warn">Nobody</b>
      <small title={held ?? undefined}>{held ?? assigned}</small>
    </span>
  );
};

const Since = ({ at }: { at: string }) => {
  const { zone } = usePreferences();
  return (
    <span className={css.since}>
      <b>
        <Age at={at} short />
      </b>
      <small>{formatClock(at, zone)}</small>
    </span>
  );
};

const detailOf = (incident: IncidentRow): string =>
  [
    `${nameOf(incident)}, ${incident.severity}${incident.isFlapping ? ", flapping" : ""}.`,
    incident.cause,
  ].join(" ");

const Incident = ({ incident, address }: { incident: IncidentRow; address: PageAddress<AlertsSearch> }) => (
  <li className={css.row}>
    <AddressLink address={address} to={{ incident: incident.number }}>
      <span>
        <IncidentStatus incident={incident} />
      </span>
      <span className={css.what}>
        <b>{headlineOf(incident)}</b>
        <span title={incident.cause}>{detailOf(incident)}</span>
      </span>
      <span className={css.two}>
        {formatPlural(incident.alerts, "alert")}
        <small>
          {incident.affectedCount === 0 ? "nothing else" : `affects ${formatCount(incident.affectedCount)}`}
        </small>
      </span>
      <Acknowledged incident={incident} />
      <Since at={incident.startedAt} />
    </AddressLink>
  </li>
);

/** It is neutral: nothing has happened yet. */
const Pending = ({ alert, organization }: { alert: AlertView; organization: string }) => {
  const { zone } = usePreferences();
  return (
    <li className={css.row}>
      <PageLink href={`/o/${organization}/${alert.path}`}>
        <span>
          <Status tone="neutral" label="Pending" />
        </span>
        <span className={css.what}>
          <b>{alert.name}</b>
          <span title={alert.text}>{`${alert.severity}. ${alert.text}`}</span>
        </span>
        <span className={css.two}>
          1 alert<small>{alert.rule}</small>
        </span>
        <span className={css.two}>
          Not yet notified
          <small>{alert.firesAt === null ? "" : `fires at ${formatTime(alert.firesAt, zone)}`}</small>
        </span>
        <Since at={alert.since} />
      </PageLink>
    </li>
  );
};

/** The answer of the page, for somebody who is tired. */
export const Verdict = ({ summary }: { summary: AlertsSummary }) => {
  const { open, unacknowledged, pending, alerts, held } = summary;
  const active = open + pending.length;
  if (active === 0)
    return (
      <section className={css.verdict}>
        <h2 className="t20 b">Nothing fires</h2>
        <p className="c2">
          {formatPlural(summary.rules, "rule")} evaluated
          {summary.evaluatedAt === null ? "" : " with each observation"}.
        </p>
      </section>
    );
  return (
    <section className={css.verdict}>
      <h2 className="t20 b">
        {formatCount(active)} active
        {unacknowledged > 0 && (
          <>
            , <span className="tx-warn">{formatCount(unacknowledged)} not acknowledged</span>
          </>
        )}
      </h2>
      <p className="c2">
        {formatCount(open)} firing, {formatCount(pending.length)} pending. {formatPlural(alerts, "alert")}{" "}
        {alerts === 1 ? "has" : "have"}{" "}
        {open === 1 ? "this root cause" : `these ${formatCount(open)} root causes`}.
        {held > 0 && ` Nobody is notified of ${formatCount(held)}.`}
      </p>
    </section>
  );
};

/** Incidents that fire, then alerts that are pending. */
export const ActiveTab = ({
  organization,
  address,
}: {
  organization: string;
  address: PageAddress<AlertsSearch>;
}) => {
  const { zone } = usePreferences();
  const incidents = useInfiniteQuery(incidentsQuery(organization, "open"));
  const summary = useQuery(alertsQuery(organization));
  const pending = summary.data?.pending ?? [];
  return (
    <Panel
      name="Incidents"
      query={incidents}
      isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0) && pending.length === 0}
      empty={
        <Empty title="Nothing fires">
          When a rule fires, its incident appears here: one for each root cause, however many alerts it has.
        </Empty>
      }
    >
      {({ pages }) => (
        <>
          <div className={css.head} aria-hidden="true">
            <span>State</span>
            <span>Root cause</span>
            <span>Alerts grouped</span>
            <span>Acknowledged</span>
            <span className="num">Since, {zoneName(zone)}</span>
          </div>
          <ol aria-label="Active incidents, worst first">
            {pages
              .flatMap(({ items }) => items)
              .toSorted(worstFirst)
              .map((incident) => (
                <Incident key={incident.id} incident={incident} address={address} />
              ))}
            {pending.map((alert) => (
              <Pending key={`${alert.rule} ${alert.node}`} alert={alert} organization={organization} />
            ))}
          </ol>
          <LoadOlder name="Older incidents" list={incidents}>
            {formatPlural(pages.flatMap(({ items }) => items).length, "incident")}
          </LoadOlder>
        </>
      )}
    </Panel>
  );
};
