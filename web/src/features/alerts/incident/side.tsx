import type { IncidentDetail } from "@wheelhouse/shared/alerts/incidents.ts";
import { formatPlural, formatSpanShort } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Status, type Tone } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import type { AlertsSearch } from "../search.ts";
import { nameOf } from "../words.tsx";
import css from "./incident.module.css";

type Props = { organization: string; incident: IncidentDetail; address: PageAddress<AlertsSearch> };

const stateTones: Record<string, Tone> = {
  down: "down",
  degraded: "degraded",
  unknown: "unknown",
  stale: "stale",
};
const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const factsOf = ({ organization, incident, address }: Props) => {
  const { similar, runbook, owner } = incident;
  return [
    { label: "Assigned", value: incident.assignedTo ?? "nobody" },
    {
      label: "Rule",
      value: (
        <AddressLink className="link" address={address} to={{ tab: "rules", rule: incident.rule }}>
          {incident.rule}
        </AddressLink>
      ),
    },
    { label: "Clears", value: incident.clears },
    { label: "Owner", value: owner ?? "–" },
    {
      label: "Runbook",
      value:
        runbook === null ? (
          "–"
        ) : (
          <a className="link" href={runbook} target="_blank" rel="noreferrer">
            Open runbook
          </a>
        ),
    },
    {
      label: "Evidence",
      value: (
        <PageLink className="link" href={`/o/${organization}/${incident.path}`}>
          {incident.subject}
        </PageLink>
      ),
    },
    {
      label: "Similar",
      value:
        similar === null ? (
          "none known"
        ) : (
          <>
            <AddressLink className="link" address={address} to={{ incident: similar.number }}>
              {nameOf(similar)}
            </AddressLink>
            , {similar.startedAt.slice(5, 10)}, {formatSpanShort(similar.lastedMs)}
          </>
        ),
    },
  ];
};

const Alerts = ({ incident }: { incident: IncidentDetail }) => {
  const { alertList, alerts } = incident;
  const firing = alertList.filter(({ state }) => state === "firing");
  return (
    <>
      <div className="sec-h">
        <h3 className="h">Alerts</h3>
        <span className="t12 c3">
          {firing.length} of {formatPlural(alerts, "alert")} firing
        </span>
      </div>
      <ul className={css.alerts}>
        {alertList.slice(0, 8).map(({ rule, node, name, text, state, since, noDataSince }) => (
          <li key={`${rule} ${node}`} className={state === "resolved" ? "c3" : undefined}>
            <b>{name}</b>
            <Time at={since} />
            <small>
              {noDataSince !== null && state === "firing" ? "no data; " : ""}
              {state === "resolved" ? "cleared: " : ""}
              {text}
            </small>
          </li>
        ))}
      </ul>
      {alertList.length > 8 && <p className="t12 c3">and {alerts - 8} more</p>}
    </>
  );
};

/** What it affects, its alerts, and who handles it how. */
export const Side = (props: Props) => {
  const { organization, incident } = props;
  const { affected, affectedCount } = incident;
  return (
    <aside className={css.side}>
      <div className="sec-h">
        <h3 className="h">Affects</h3>
        <span className="t12 c3">{affectedCount === 0 ? "nothing else" : affectedCount}</span>
      </div>
      <ul className={css.list}>
        {affected.slice(0, 10).map(({ name, state, path }) => (
          <li key={`${name} ${path}`}>
            <PageLink href={`/o/${organization}/${path}`}>{name}</PageLink>
            <Status tone={stateTones[state] ?? "neutral"} label={upper(state)} inRow />
          </li>
        ))}
      </ul>
      {affectedCount > 10 && (
        <p className="t12 c3">and {affectedCount - Math.min(10, affected.length)} more</p>
      )}
      <Alerts incident={incident} />
      <div className="sec-h">
        <h3 className="h">Handling</h3>
      </div>
      <Facts facts={factsOf(props)} />
    </aside>
  );
};
