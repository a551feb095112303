import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  eventTopic,
  type WebhookEvent,
  type WebhookEventDetail,
} from "@wheelhouse/shared/webhooks/events.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatPlural } from "#lib/format.ts";
import { useLive } from "#lib/live/live-context.tsx";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { DeliveryStatus } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { ExpungeDialog, Payload, RevealDialog } from "./payload.tsx";
import { eventDetailQuery } from "./queries.ts";
import { matchOf, verdictWords } from "./view.ts";

type Address = PageAddress<WebhooksSearch>;

const State = ({ event }: { event: WebhookEvent }) => {
  const { title, isUnmatched, isProblem } = matchOf(event);
  return (
    <>
      <Status tone={isProblem ? "degraded" : isUnmatched ? "neutral" : "ok"} label={title} />
      <span className="mono cut">{event.sourceEventId}</span>
      <CopyButton text={event.sourceEventId} />
    </>
  );
};

const factsOf = (event: WebhookEventDetail, address: Address) => [
  {
    label: "Received",
    value: (
      <>
        <Time at={event.receivedAt} full />, <Age at={event.receivedAt} short suffix="ago" />
      </>
    ),
  },
  {
    label: "Source",
    value: (
      <AddressLink className="link" address={address} to={{ tab: "sources", sender: event.sourceId }}>
        {event.sourceName}
      </AddressLink>
    ),
  },
  { label: "Our id", value: <span className={`mono ${css.wrap}`}>{event.id}</span> },
];

const Deliveries = ({ event, address }: { event: WebhookEventDetail; address: Address }) => {
  if (event.deliveryCount === 0) return null;
  const more = event.deliveryCount - event.deliveries.length;
  return (
    <section className={css.section} aria-label="Deliveries">
      <div className="sec-h">
        <h3 className="h">Deliveries</h3>
        <span className="c3 t12">
          {formatPlural(event.deliveryCount, "endpoint")}
          {more > 0 && `, ${event.deliveries.length} shown`}
        </span>
      </div>
      <table className={`lt ${css.lines}`}>
        <caption className="vh">Deliveries of this event</caption>
        <tbody>
          {event.deliveries.map((delivery) => (
            <tr key={delivery.id}>
              <td>
                <AddressLink className="link" address={address} to={{ delivery: delivery.id, q: event.id }}>
                  {delivery.endpointName}
                </AddressLink>
              </td>
              <td className="num">
                <DeliveryStatus status={delivery.status} inRow />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

const filterWords = (types: readonly string[]): string =>
  types.length === 0 ? "all types" : types.join(", ");

const Endpoints = ({ event }: { event: WebhookEventDetail }) => {
  const others = event.endpoints.filter(({ verdict }) => verdict !== "delivered");
  if (others.length === 0 && event.deliveryCount > 0) return null;
  return (
    <section className={css.section} aria-label="Other endpoints">
      <div className="sec-h">
        <h3 className="h">{matchOf(event).isUnmatched ? "Why no endpoint matched" : "Other endpoints"}</h3>
        <span className="c3 t12">with the filters of now</span>
      </div>
      {others.length === 0 ? (
        <p className="c2">There is no endpoint.</p>
      ) : (
        <table className={`lt ${css.lines}`}>
          <caption className="vh">Endpoints and why they have no delivery</caption>
          <tbody>
            {others.map(({ id, name, eventTypes, verdict }) => (
              <tr key={id}>
                <td>
                  {name}
                  <small>
                    filter <span className="mono">{filterWords(eventTypes)}</span>
                  </small>
                </td>
                <td className={verdict === "disabled" ? "num tx-warn b" : "num c2"}>
                  {verdictWords[verdict]}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

type Act = "reveal" | "expunge";

const Foot = (props: {
  shown: WebhookEvent | undefined;
  detail: WebhookEventDetail | undefined;
  onDeliver: ((event: WebhookEvent) => void) | null;
  onRemove: (() => void) | null;
}) => {
  const { shown, detail, onDeliver, onRemove } = props;
  return (
    <>
      {onDeliver !== null && (
        <Button
          variant="primary"
          disabled={shown === undefined}
          onClick={() => shown !== undefined && onDeliver(shown)}
        >
          Deliver to…
        </Button>
      )}
      {onRemove !== null && detail !== undefined && detail.payload.state !== "expunged" && (
        <Button variant="ghost" onClick={onRemove}>
          Remove payload…
        </Button>
      )}
      <span className="grow" />
      <CopyButton text={location.href} label="Copy link" />
    </>
  );
};

const Acting = (props: {
  organization: string;
  act: Act | null;
  event: WebhookEventDetail | undefined;
  onClose: () => void;
}) => {
  const { organization, act, event, onClose } = props;
  if (act === null || event === undefined) return null;
  const ActDialog = act === "reveal" ? RevealDialog : ExpungeDialog;
  return <ActDialog organization={organization} event={event} onClose={onClose} />;
};

/** One event: facts, its deliveries, why other endpoints have none, and its payload. */
export const EventDrawer = (props: {
  organization: string;
  id: string;
  rows: readonly WebhookEvent[];
  address: Address;
  onDeliver: ((event: WebhookEvent) => void) | null;
}) => {
  const { organization, id, rows, address, onDeliver } = props;
  const client = useQueryClient();
  const query = useQuery(eventDetailQuery(organization, id));
  const canConfigure = useCan(organization, "webhooks:configure");
  const [act, setAct] = useState<Act | null>(null);
  const detail = query.data;
  const shown = rows.find((row) => row.id === id) ?? detail;
  useLive(eventTopic, ({ heads }) => {
    if (heads.some((head) => head.id === id))
      void client.invalidateQueries({ queryKey: eventDetailQuery(organization, id).queryKey });
  });
  const at = rows.findIndex((row) => row.id === id);
  const open = (index: number) => {
    const next = rows[index];
    return at === -1 || next === undefined
      ? undefined
      : () => address.go({ ...address.search, event: next.id }, { replace: true });
  };
  const isGone = query.error instanceof ApiError && query.error.code === "not_found";
  return (
    <Drawer
      label={`Event ${shown?.eventType ?? ""}`.trim()}
      title={shown?.eventType ?? "Event"}
      status={shown === undefined ? undefined : <State event={shown} />}
      onPrevious={open(at - 1)}
      onNext={open(at + 1)}
      onClose={() => address.go({ ...address.search, event: undefined })}
      footer={
        <Foot
          shown={shown}
          detail={detail}
          onDeliver={onDeliver}
          onRemove={canConfigure ? () => setAct("expunge") : null}
        />
      }
    >
      {isGone ? (
        <Empty title="Event not found">
          Its retention has expired, or it belongs to another organization.
        </Empty>
      ) : (
        <Panel name="The event" query={query} skeletonRows={8}>
          {(event) => (
            <>
              <Facts facts={factsOf(event, address)} />
              <Deliveries event={event} address={address} />
              <Endpoints event={event} />
              <Payload event={event} onReveal={() => setAct("reveal")} />
            </>
          )}
        </Panel>
      )}
      <Acting organization={organization} act={act} event={detail} onClose={() => setAct(null)} />
    </Drawer>
  );
};
