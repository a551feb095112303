import { useQuery } from "@tanstack/react-query";
import type { HeldKey } from "@wheelhouse/shared/webhooks/ordering.ts";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import { DeliveryStatus } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "./endpoint.module.css";
import { heldKeysQuery } from "./queries.ts";

type Address = PageAddress<WebhooksSearch>;

const columnsOf = (endpointId: string, address: Address): Column<HeldKey>[] => [
  {
    id: "key",
    header: "Key",
    card: "title",
    className: "cut",
    cell: ({ key, deliveryId }) => (
      <AddressLink
        className="link mono"
        address={address}
        to={{ endpointId: [endpointId], delivery: deliveryId }}
        title="Open the delivery that holds it"
      >
        {key}
      </AddressLink>
    ),
  },
  {
    id: "status",
    header: "Held by",
    card: "badge",
    cell: ({ status }) => <DeliveryStatus status={status} />,
  },
  {
    id: "waiting",
    header: "Waiting",
    num: true,
    card: "detail",
    cell: ({ waiting }) => (waiting >= 1_000 ? "1,000+" : <Count value={waiting} />),
  },
  {
    id: "since",
    header: "Last attempt",
    num: true,
    card: "age",
    cell: ({ since }) => (since === null ? "–" : <Age at={since} short suffix="ago" />),
  },
];

/** Keys whose first delivery fails; others go on. Nothing for an endpoint without order. */
export const HeldKeys = (props: { organization: string; endpoint: WebhookEndpoint; address: Address }) => {
  const { organization, endpoint, address } = props;
  const { orderBy } = endpoint.settings;
  const query = useQuery({ ...heldKeysQuery(organization, endpoint.id), enabled: orderBy !== null });
  if (orderBy === null) return null;
  return (
    <section className={css.section} aria-label="Held keys">
      <h3 className="h">
        Held keys <span className={`c3 t12 ${css.light}`}>of {orderBy}; all others go on</span>
      </h3>
      <Panel
        name="The held keys"
        query={query}
        skeletonRows={2}
        isEmpty={({ items }) => items.length === 0}
        empty={<p className="c2">No key is held.</p>}
      >
        {({ items }) => (
          <Table
            caption="Held keys, longest first"
            className="cards"
            columns={columnsOf(endpoint.id, address)}
            rows={items}
            keyOf={({ deliveryId }) => deliveryId}
          />
        )}
      </Panel>
    </section>
  );
};
