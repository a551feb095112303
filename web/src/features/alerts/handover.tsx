import { useQuery } from "@tanstack/react-query";
import type { IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import { useState } from "react";
import { formatDateTime, formatPlural, formatSpanShort } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import css from "./alerts.module.css";
import { handoverQuery } from "./queries.ts";
import type { AlertsSearch } from "./search.ts";
import { headlineOf, IncidentStatus, nameOf } from "./words.tsx";

const hourMs = 3_600_000;
const shifts = [
  { value: "8", label: "8 h" },
  { value: "12", label: "12 h" },
  { value: "24", label: "1 day" },
  { value: "168", label: "1 week" },
] as const;
type Address = PageAddress<AlertsSearch>;

const Row = ({ incident, address }: { incident: IncidentRow; address: Address }) => {
  const { zone } = usePreferences();
  const nowMs = useMinute();
  const { startedAt, resolvedAt, acknowledgedBy } = incident;
  const lastedMs = (resolvedAt === null ? nowMs : Date.parse(resolvedAt)) - Date.parse(startedAt);
  return (
    <tr>
      <td className="nw">
        <AddressLink className="link" address={address} to={{ incident: incident.number }}>
          {nameOf(incident)}
        </AddressLink>
      </td>
      <td className="nw">
        <IncidentStatus incident={incident} />
      </td>
      <td className={`c2 ${css.cut}`}>{headlineOf(incident)}</td>
      <td className="nw">{acknowledgedBy ?? "nobody"}</td>
      <td className="num nw">{formatSpanShort(lastedMs)}</td>
      <td className="num nw">{formatDateTime(startedAt, zone).slice(5, 16)}</td>
    </tr>
  );
};

const List = (props: { title: string; rows: readonly IncidentRow[]; address: Address }) => {
  const { title, rows, address } = props;
  return (
    <section className={css.foot}>
      <div className="sec-h">
        <h3 className="h">{title}</h3>
        <span className="t12 c3">{formatPlural(rows.length, "incident")}</span>
      </div>
      {rows.length > 0 && (
        <table className={css.mini}>
          <caption className="vh">{title}</caption>
          <thead>
            <tr>
              <th scope="col">Incident</th>
              <th scope="col">State</th>
              <th scope="col">What</th>
              <th scope="col">Acknowledged</th>
              <th scope="col" className="num">
                Lasted
              </th>
              <th scope="col" className="num">
                Began
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((incident) => (
              <Row key={incident.id} incident={incident} address={address} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

/** For the next shift: what is open, what happened in this one, and its notes. */
export const Handover = ({ organization, address }: { organization: string; address: Address }) => {
  const [hours, setHours] = useState<(typeof shifts)[number]["value"]>("8");
  const toMs = useMinute();
  const range = {
    from: new Date(toMs - Number(hours) * hourMs).toISOString(),
    to: new Date(toMs).toISOString(),
  };
  const handover = useQuery({ ...handoverQuery(organization, range), placeholderData: (before) => before });
  return (
    <div className={css.body}>
      <div className="sec-h">
        <h3 className="h">Hand-over</h3>
        <span className="grow" />
        <Segments options={shifts} value={hours} onChange={setHours} group={{ label: "Shift" }} />
        {handover.data !== undefined && (
          <Button onClick={() => void navigator.clipboard.writeText(handover.data.markdown)}>
            Copy Markdown
          </Button>
        )}
      </div>
      <Panel name="The hand-over" query={handover}>
        {({ open, happened, notes }) => (
          <>
            <List title="Open" rows={open} address={address} />
            <List title="In this shift" rows={happened} address={address} />
            {notes.length > 0 && (
              <section className={css.foot}>
                <div className="sec-h">
                  <h3 className="h">Notes</h3>
                </div>
                <ul>
                  {notes.map(({ id, number, text, by }) => (
                    <li key={id}>
                      {nameOf({ number })}: {text} <span className="c3">{by}</span>
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </Panel>
    </div>
  );
};
