import { useQuery } from "@tanstack/react-query";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Age } from "#ui/text/time.tsx";
import { BreakerStatus, urlText } from "../deliveries/deliveries.ts";
import { EndpointPage } from "../endpoint/endpoint.ts";
import { endpointsQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { CreateEndpointDialog } from "./endpoint-create-dialog.tsx";
import { DeleteEndpointDialog, EnableEndpointDialog } from "./endpoint-dialogs.tsx";

type Act = { act: "create" } | { act: "enable" | "delete"; endpoint: WebhookEndpoint };

const breakerEveryMs = 5000;
const rank = (endpoint: WebhookEndpoint): number => {
  if (!endpoint.enabled) return 2;
  return { open: 0, half_open: 1, closed: 3 }[endpoint.breaker.state];
};
const worstFirst = (a: WebhookEndpoint, b: WebhookEndpoint): number =>
  rank(a) - rank(b) || a.name.localeCompare(b.name);

const State = ({ endpoint }: { endpoint: WebhookEndpoint }) => {
  if (!endpoint.enabled) {
    return (
      <span className="two">
        <Status tone="paused" label="Disabled" />
        <small className="c3">{endpoint.disabledReason}</small>
      </span>
    );
  }
  const { state, since, consecutiveFailures } = endpoint.breaker;
  return (
    <span className="row">
      <BreakerStatus state={state} />
      {state !== "closed" && since !== null && (
        <span className="c3 t12">
          for <Age at={since} short />
        </span>
      )}
      {state === "closed" && consecutiveFailures > 0 && (
        <span className="c3 t12">{formatCount(consecutiveFailures)} failed in a row</span>
      )}
    </span>
  );
};

const events = (types: readonly string[]): string => (types.length === 0 ? "all events" : types.join(", "));

const actsColumn = (onAct: (act: Act) => void): Column<WebhookEndpoint> => ({
  id: "acts",
  header: <span className="vh">Actions</span>,
  num: true,
  card: "age" as const,
  className: css.colActs,
  cell: (row: WebhookEndpoint) => (
    <>
      <Button variant="ghost" onClick={() => onAct({ act: "enable", endpoint: row })}>
        {row.enabled ? "Disable…" : "Enable…"}
      </Button>
      <Button variant="ghost" onClick={() => onAct({ act: "delete", endpoint: row })}>
        Delete…
      </Button>
    </>
  ),
});

const columnsOf = (
  address: PageAddress<WebhooksSearch>,
  onAct: ((act: Act) => void) | null,
): Column<WebhookEndpoint>[] => [
  {
    id: "name",
    header: "Endpoint",
    card: "title",
    className: `cut ${css.colName}`,
    cell: (row) => (
      <AddressLink className="link" address={address} to={{ tab: "endpoints", endpoint: row.id }}>
        {row.name}
      </AddressLink>
    ),
  },
  {
    id: "state",
    header: "Breaker",
    card: "badge",
    className: css.colBreaker,
    cell: (row) => <State endpoint={row} />,
  },
  {
    id: "url",
    header: "Address",
    card: "detail",
    className: "cut c2",
    cell: (row) => <span title={row.url}>{urlText(row.url)}</span>,
  },
  {
    id: "events",
    header: "Events",
    drop: "second",
    className: "cut c2",
    cell: (row) => <span title={events(row.eventTypes)}>{events(row.eventTypes)}</span>,
  },
  {
    id: "secret",
    header: "Secret",
    drop: "first",
    className: `c3 ${css.colSecret}`,
    cell: (row) => <span className="mono">···· {row.secretHint}</span>,
  },
  ...(onAct === null ? [] : [actsColumn(onAct)]),
];

const verdict = (endpoints: readonly WebhookEndpoint[]): string => {
  const on = endpoints.filter(({ enabled }) => enabled);
  const open = on.filter(({ breaker }) => breaker.state === "open").length;
  const probing = on.filter(({ breaker }) => breaker.state === "half_open").length;
  const off = endpoints.length - on.length;
  const parts = [
    open > 0 && `${open} open`,
    probing > 0 && `${probing} half-open`,
    off > 0 && `${off} disabled`,
  ].filter((part) => part !== false);
  if (parts.length > 0) return `${parts.join(", ")}, ${on.length - open - probing} closed`;
  return endpoints.length === 1 ? "Breaker closed" : `All ${endpoints.length} breakers closed`;
};

const Acting = (props: {
  organization: string;
  act: Act | null;
  onDeleted: () => void;
  onClose: () => void;
}) => {
  const { organization, act, onDeleted, onClose } = props;
  if (act === null) return null;
  if (act.act === "create") return <CreateEndpointDialog organization={organization} onClose={onClose} />;
  if (act.act === "enable")
    return <EnableEndpointDialog organization={organization} endpoint={act.endpoint} onClose={onClose} />;
  return (
    <DeleteEndpointDialog
      organization={organization}
      endpoint={act.endpoint}
      onDeleted={onDeleted}
      onClose={onClose}
    />
  );
};

const List = (props: {
  query: PanelQuery<unknown>;
  rows: readonly WebhookEndpoint[];
  columns: Column<WebhookEndpoint>[];
  canConfigure: boolean;
}) => {
  const { query, rows, columns, canConfigure } = props;
  return (
    <Panel
      name="Endpoints"
      query={query}
      isEmpty={() => rows.length === 0}
      empty={
        <Empty title="No endpoints yet">
          {canConfigure
            ? "Events are stored, but not sent until an endpoint exists."
            : "A member with permission to configure webhooks can create one."}
        </Empty>
      }
    >
      {() => (
        <Table
          caption="Endpoints, worst first"
          className={`cards ${css.directory}`}
          columns={columns}
          rows={rows}
          keyOf={(row) => row.id}
          rowClass={(row) => (rank(row) === 3 ? "quiet" : "")}
        />
      )}
    </Panel>
  );
};

/** Receivers with the state of their breakers, worst first. The URL names the one that is shown in full. */
export const EndpointsTab = (props: { organization: string; address: PageAddress<WebhooksSearch> }) => {
  const { organization, address } = props;
  const query = useQuery({ ...endpointsQuery(organization), refetchInterval: breakerEveryMs });
  const canConfigure = useCan(organization, "webhooks:configure");
  const [act, setAct] = useState<Act | null>(null);
  const columns = columnsOf(address, canConfigure ? setAct : null);
  const rows = useMemo(() => [...(query.data?.items ?? [])].sort(worstFirst), [query.data]);
  const shown = address.search.endpoint;
  return (
    <>
      <div className={css.scroll}>
        {shown === undefined ? (
          <>
            <div className={css.listHead}>
              <h2 className="t20 b grow">{rows.length === 0 ? "Endpoints" : verdict(rows)}</h2>
              {canConfigure && (
                <Button variant="primary" onClick={() => setAct({ act: "create" })}>
                  Create endpoint…
                </Button>
              )}
            </div>
            <List query={query} rows={rows} columns={columns} canConfigure={canConfigure} />
          </>
        ) : (
          <EndpointPage
            key={shown}
            organization={organization}
            id={shown}
            address={address}
            onAct={canConfigure ? (kind, endpoint) => setAct({ act: kind, endpoint }) : null}
          />
        )}
      </div>
      <Acting
        organization={organization}
        act={act}
        onDeleted={() => address.go({ tab: "endpoints" }, { replace: true })}
        onClose={() => setAct(null)}
      />
    </>
  );
};
