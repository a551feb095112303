import { useQuery } from "@tanstack/react-query";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { listRefusals, Refusal } from "@wheelhouse/shared/webhooks/refusals.ts";
import type { ReactNode } from "react";
import { publicAddress } from "#lib/base-path.ts";
import { formatCount, formatDate, formatPlural, formatTime, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Age, Time, TimeHeader } from "#ui/text/time.tsx";
import { sourcesQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { RefusedFilter } from "./filter.tsx";
import { refusalsQuery } from "./queries.ts";
import { RefusedRequest } from "./request.tsx";
import {
  causeWords,
  fieldName,
  fieldWords,
  mainCause,
  reasonWords,
  refusalKey,
  remedyOf,
  sampleOf,
} from "./words.ts";

type Address = PageAddress<WebhooksSearch>;
type Answer = EndpointResult<typeof listRefusals>;

const defaultHours = 24;

/** "in 24 h" by default, else the range that was counted. */
const RangeWords = ({ answer, search }: { answer: Answer; search: WebhooksSearch }) => {
  const { zone } = usePreferences();
  if (search.from === undefined && search.to === undefined) return <>in {defaultHours} h</>;
  const at = (iso: string) => `${formatDate(iso, zone)} ${formatTime(iso, zone)}`;
  return (
    <>
      from {at(answer.from)} to {at(answer.to)} {zoneName(zone)}
    </>
  );
};

const Lead = ({ answer, search }: { answer: Answer; search: WebhooksSearch }) => {
  const cause = mainCause(answer.items, answer.total);
  return (
    <section className={css.verdict}>
      <h2 className="t20 b">
        {answer.total === 0 ? "No request refused" : `${formatCount(answer.total)} refused`}{" "}
        <RangeWords answer={answer} search={search} />
        {cause !== undefined && (
          <>
            , <span className="tx-warn">{`${formatCount(cause.count)} ${causeWords[cause.reason]}`}</span>
          </>
        )}
      </h2>
      <p className="c2">
        Kept for {formatPlural(answer.keptDays, "day")}, without values of headers and without bodies. Senders
        received the status shown and may retry.
      </p>
    </section>
  );
};

const Act = ({ row, address }: { row: Refusal; address: Address }) => {
  const sample = sampleOf(row, publicAddress);
  if (sample !== undefined) return <CopyButton text={sample} label="Copy sample" />;
  if (row.reason !== "unknown_source") return null;
  return (
    <AddressLink address={address} to={{ tab: "sources" }} className="btn">
      Show sources
    </AddressLink>
  );
};

const From = ({ addresses: [first, ...others] }: Refusal) => (
  <>
    {first ?? "unknown"}
    {others.length > 0 && <small>and {others.length} more</small>}
  </>
);

const Span = ({ row }: { row: Refusal }) => (
  <>
    <Time at={row.firstAt} />
    {Date.parse(row.lastAt) - Date.parse(row.firstAt) >= 1_000 && (
      <>
        {" – "}
        <Time at={row.lastAt} />
      </>
    )}
    <small>
      last <Age at={row.lastAt} short suffix="ago" />
    </small>
  </>
);

const columnsOf = (address: Address, slugs: readonly string[] | undefined): readonly Column<Refusal>[] => [
  {
    id: "source",
    header: "Source, answer",
    card: "title",
    className: `two ${css.colStatus}`,
    cell: ({ source, status }) => (
      <>
        <b>{source?.slug ?? "unknown"}</b>
        <small>{status}</small>
      </>
    ),
  },
  {
    id: "count",
    header: "Refused",
    num: true,
    sorted: "descending",
    card: "badge",
    className: `t16 b ${css.colAttempts}`,
    cell: ({ count }) => formatCount(count),
  },
  {
    id: "reason",
    header: "Reason and header",
    card: "detail",
    className: `two ${css.colEvent}`,
    cell: (row) => (
      <>
        {reasonWords[row.reason]}
        <small>
          {row.reason === "unknown_source" ? (
            <span className="mono">{row.newest.path ?? "no valid path"}</span>
          ) : (
            <>
              {row.field !== null && <span className="mono">{fieldName(row.field)}</span>} {fieldWords(row)}
            </>
          )}
        </small>
      </>
    ),
  },
  {
    id: "time",
    header: <TimeHeader label="First, last" />,
    drop: "second",
    className: `two ${css.colTime}`,
    cell: (row) => <Span row={row} />,
  },
  { id: "from", header: "From", drop: "first", className: `two c2 ${css.colAnswer}`, cell: From },
  {
    id: "remedy",
    header: "What to do",
    card: "age",
    className: css.remedy,
    cell: (row) => remedyOf(row, slugs),
  },
  {
    id: "act",
    header: <span className="vh">Act</span>,
    num: true,
    className: css.colTime,
    cell: (row) => <Act row={row} address={address} />,
  },
];

const Rows = ({
  organization,
  answer,
  address,
}: {
  organization: string;
  answer: Answer;
  address: Address;
}) => {
  const { search } = address;
  const slugs = useQuery(sourcesQuery(organization)).data?.items.map(({ slug }) => slug);
  const opened = answer.items.find((row) => refusalKey(row) === search.refusal) ?? answer.items[0];
  return (
    <>
      <Table
        caption="Refused requests by source and reason, most first"
        className={`cards ${css.table} ${css.refused}`}
        columns={columnsOf(address, slugs)}
        rows={answer.items}
        keyOf={refusalKey}
        openKey={opened === undefined ? undefined : refusalKey(opened)}
        hrefOf={(key) => address.hrefOf({ ...search, refusal: key })}
        onOpen={(key) => address.go({ ...search, refusal: key }, { replace: true })}
      />
      {answer.nextCursor !== null && (
        <p className="more t12">
          The {formatCount(answer.items.length)} most frequent are shown. Filter by source or reason to see
          others.
        </p>
      )}
      {opened !== undefined && <RefusedRequest row={opened} toleranceMs={answer.toleranceMs} />}
    </>
  );
};

/** Requests that the intake refused, by source and reason, with what to do about each. */
export const RefusedTab = (props: {
  organization: string;
  address: Address;
  /** Beside the filter: the way to the received events. */
  views: ReactNode;
}) => {
  const { organization, address, views } = props;
  const { search } = address;
  const query = useQuery(refusalsQuery(organization, search));
  const sources = useQuery(sourcesQuery(organization)).data?.items ?? [];
  const isFiltered = search.source !== undefined || search.reason !== undefined;
  return (
    <>
      {query.data !== undefined && <Lead answer={query.data} search={search} />}
      <div className={`tool ${css.toolAfterVerdict}`}>
        <RefusedFilter address={address} slugs={sources.map(({ slug }) => slug)} />
        {views}
      </div>
      <Panel
        name="Refused requests"
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <Empty title={isFiltered ? "No refused request matches" : "No request was refused"}>
            {isFiltered
              ? "Remove a filter, or choose a longer time."
              : "Requests with a wrong signature, clock, body or path appear here within a second."}
          </Empty>
        }
      >
        {(answer) => <Rows organization={organization} answer={answer} address={address} />}
      </Panel>
    </>
  );
};
