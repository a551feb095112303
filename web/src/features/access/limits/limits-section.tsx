import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type LimitsView, readLimits } from "@wheelhouse/shared/access/limits.ts";
import { listRefusals } from "@wheelhouse/shared/webhooks/refusals.ts";
import { call } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Note } from "#ui/page/note.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../access.module.css";

const everyMs = 10_000;

const limitsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["access", organization, "limits"],
    queryFn: ({ signal }) => call(readLimits, {}, { organization, signal }),
    refetchInterval: everyMs,
  });

/** Requests to this organization's webhook addresses that were refused in the last 24 hours. */
const refusalsQuery = (organization: string) =>
  queryOptions({
    queryKey: ["access", organization, "refusals"],
    queryFn: ({ signal }) => call(listRefusals, { query: { limit: 1 } }, { organization, signal }),
    refetchInterval: everyMs,
  });

const RefusedIntake = ({ organization }: { organization: string }) => {
  const { data, error } = useQuery(refusalsQuery(organization));
  return (
    <div className={css.head}>
      <h3 className="h">Refused webhook requests</h3>
      <span className="t12 c3 grow">to this organization, last 24 hours</span>
      {data !== undefined && data.total > 0 ? (
        <Link
          className="link b"
          to="/o/$org/webhooks"
          params={{ org: organization }}
          search={{ tab: "refused" }}
        >
          {formatCount(data.total)}
        </Link>
      ) : (
        <span className="c2">{data !== undefined ? "None" : error === null ? "" : "Unknown"}</span>
      )}
    </div>
  );
};

type Counted = { id: string; name: string; count: number; limit: number; resetsAt: string };

const columnsOf = (header: string): Column<Counted>[] => [
  { id: "name", header, card: "title", className: "cut", cell: ({ name }) => name },
  {
    id: "count",
    header: "Used",
    num: true,
    card: "badge",
    cell: ({ count, limit }) => (
      <span className={count > limit ? "tx-down b" : undefined}>
        {formatCount(count)} of {formatCount(limit)}
      </span>
    ),
  },
  {
    id: "reset",
    header: "Resets at",
    num: true,
    card: "detail",
    className: "c2",
    cell: ({ resetsAt }) => <Time at={resetsAt} />,
  },
];
const organizationColumns = columnsOf("Organization");
const addressColumns = columnsOf("Address");

const List = (props: { title: string; note: string; rows: Counted[]; columns: Column<Counted>[] }) => (
  <>
    <div className={css.head}>
      <h3 className="h">{props.title}</h3>
      <span className="t12 c3 grow">{props.note}</span>
    </div>
    {props.rows.length === 0 ? (
      <p className={`c2 ${css.head}`}>No requests counted yet.</p>
    ) : (
      <Table caption={props.title} columns={props.columns} rows={props.rows} keyOf={({ id }) => id} />
    )}
  </>
);

const Counters = ({ view: { available, acts, members, failures } }: { view: LimitsView }) => {
  const addresses = (items: readonly { address: string; count: number; resetsAt: string }[]) =>
    items.map((item) => ({ ...item, id: item.address, name: item.address, limit: failures?.limit ?? 0 }));
  return (
    <>
      {!available && (
        <div className={css.head}>
          <Note tone="warn" title="Cannot read the counters.">
            While Redis is unavailable, changes and exports are not limited, and Postgres counts failed
            sign-ins.
          </Note>
        </div>
      )}
      <List
        title="Changes and exports"
        note={`${formatCount(acts.limit)} per hour for each organization`}
        columns={organizationColumns}
        rows={acts.items.map(({ organization: { id, name }, count, resetsAt }) => ({
          id,
          name,
          count,
          resetsAt,
          limit: acts.limit,
        }))}
      />
      {members !== null && (
        <div className={css.head}>
          <h3 className="h">Failed sign-ins of this organization’s accounts</h3>
          <span className="t12 c3 grow">in the current 15 minutes of each account</span>
          <span className={members.count > 0 ? "b" : "c2"}>
            {members.count === 0
              ? "None"
              : `${formatCount(members.count)} with ${formatPlural(members.accounts, "account")}`}
          </span>
        </div>
      )}
      {failures !== null && (
        <>
          <List
            title="Failed sign-ins"
            note={`${formatCount(failures.limit)} per 15 minutes for each address; ${formatPlural(failures.accounts, "account")} affected`}
            columns={addressColumns}
            rows={addresses(failures.signIns)}
          />
          <List
            title="Intake without a valid signature"
            note={`${formatCount(failures.limit)} per 15 minutes for each address`}
            columns={addressColumns}
            rows={addresses(failures.intake)}
          />
        </>
      )}
    </>
  );
};

/** Current counts of the rate limits. */
export const LimitsSection = ({ organization }: { organization: string }) => {
  const query = useQuery(limitsQuery(organization));
  const canReadWebhooks = useCan(organization, "webhooks:read");
  return (
    <section aria-label="Limits">
      <Panel name="Limits" query={query} skeletonRows={4}>
        {(view) => <Counters view={view} />}
      </Panel>
      {canReadWebhooks && <RefusedIntake organization={organization} />}
    </section>
  );
};
