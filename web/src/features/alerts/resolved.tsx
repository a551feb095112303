import { useInfiniteQuery } from "@tanstack/react-query";
import type { IncidentRow } from "@wheelhouse/shared/alerts/incidents.ts";
import { formatDateTime, formatPlural, formatSpanShort, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import css from "./alerts.module.css";
import { incidentsQuery } from "./queries.ts";
import type { AlertsSearch } from "./search.ts";
import { headlineOf, nameOf } from "./words.tsx";

const lastedMs = ({ startedAt, resolvedAt }: IncidentRow): number =>
  resolvedAt === null ? 0 : Date.parse(resolvedAt) - Date.parse(startedAt);

const Row = ({ incident, address }: { incident: IncidentRow; address: PageAddress<AlertsSearch> }) => {
  const { zone } = usePreferences();
  return (
    <tr>
      <td className="nw">
        <AddressLink className="link" address={address} to={{ incident: incident.number }}>
          {nameOf(incident)}
        </AddressLink>
      </td>
      <td className={`c2 ${css.cut}`}>
        {headlineOf(incident)}
        {incident.mergedInto === null ? "" : ` (part of INC-${incident.mergedInto})`}
      </td>
      <td className="num nw">{formatSpanShort(lastedMs(incident))}</td>
      <td className="num nw">
        {incident.resolvedAt === null ? "–" : formatDateTime(incident.resolvedAt, zone).slice(5, 16)}
      </td>
    </tr>
  );
};

/** Incidents that ended, newest first; `most` shows only the first of them. */
export const Resolved = (props: {
  organization: string;
  address: PageAddress<AlertsSearch>;
  most?: number;
}) => {
  const { organization, address, most } = props;
  const { zone } = usePreferences();
  const incidents = useInfiniteQuery(incidentsQuery(organization, "resolved"));
  return (
    <Panel
      name="Resolved incidents"
      query={incidents}
      isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
      empty={<Empty title="No incident has ended yet">Incidents stay here after they are resolved.</Empty>}
    >
      {({ pages }) => (
        <>
          <table className={css.mini}>
            <caption className="vh">Resolved incidents, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Incident</th>
                <th scope="col">What</th>
                <th scope="col" className="num">
                  Lasted
                </th>
                <th scope="col" className="num">
                  Ended, {zoneName(zone)}
                </th>
              </tr>
            </thead>
            <tbody>
              {pages
                .flatMap(({ items }) => items)
                .slice(0, most)
                .map((incident) => (
                  <Row key={incident.id} incident={incident} address={address} />
                ))}
            </tbody>
          </table>
          {most === undefined && (
            <LoadOlder name="Older incidents" list={incidents}>
              {formatPlural(pages.flatMap(({ items }) => items).length, "incident")}
            </LoadOlder>
          )}
        </>
      )}
    </Panel>
  );
};
