import { useQuery } from "@tanstack/react-query";
import type { EndpointDetail } from "@wheelhouse/shared/webhooks/endpoints.ts";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { BreakerStatus } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import { Breaker } from "./breaker.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import css from "./endpoint.module.css";
import { Health, StateNote } from "./health.tsx";
import { endpointQuery, isDeleted } from "./queries.ts";
import { Rotation } from "./rotation.tsx";
import { TestEvent } from "./test-event.tsx";
import { asInstalled, type Field, fields, fieldWords, valuesOf, wordsOf } from "./values.ts";
import { Verification } from "./verification.tsx";

type Address = PageAddress<WebhooksSearch>;
type Act = "enable" | "delete";

const monoFields: readonly Field[] = ["url", "eventTypes", "bodyFilter", "headers"];
const quietWords: readonly string[] = ["none", asInstalled];

const Value = ({ words, field }: { words: string; field: Field }) => {
  if (quietWords.includes(words)) return <span className="c3">{words}</span>;
  return monoFields.includes(field) ? <span className="mono">{words}</span> : words;
};

const Settings = ({ endpoint }: { endpoint: WebhookEndpoint }) => {
  const values = valuesOf(endpoint);
  return (
    <section className={css.section} aria-label="Settings">
      <h3 className="h">
        Settings{" "}
        <span className={`c3 t12 ${css.light}`}>
          version {endpoint.version}
          {endpoint.changedBy !== null && `, ${endpoint.changedBy}`}, <Time at={endpoint.changedAt} full />
        </span>
      </h3>
      <Facts
        facts={fields
          .filter((field) => field !== "name")
          .map((field) => ({
            label: fieldWords[field],
            value: <Value words={wordsOf(values, field)} field={field} />,
          }))}
      />
    </section>
  );
};

const State = ({ endpoint, address }: { endpoint: WebhookEndpoint; address: Address }) => (
  <>
    {endpoint.enabled ? (
      <BreakerStatus state={endpoint.breaker.state} />
    ) : (
      <Status tone="paused" label="Disabled" />
    )}
    <span className="mono cut grow">{endpoint.slug}</span>
    <AddressLink className="link" address={address} to={{ endpointId: [endpoint.id] }}>
      Show its deliveries
    </AddressLink>
  </>
);

const Foot = (props: {
  endpoint: WebhookEndpoint | undefined;
  onEdit: () => void;
  onAct: ((act: Act, endpoint: WebhookEndpoint) => void) | null;
}) => {
  const { endpoint, onEdit, onAct } = props;
  return (
    <>
      {onAct !== null && endpoint !== undefined && (
        <>
          <Button variant="primary" onClick={onEdit}>
            Edit settings…
          </Button>
          <Button onClick={() => onAct("enable", endpoint)}>
            {endpoint.enabled ? "Disable…" : "Enable…"}
          </Button>
          <Button variant="ghost" onClick={() => onAct("delete", endpoint)}>
            Delete…
          </Button>
        </>
      )}
      <span className="grow" />
      <CopyButton text={location.href} label="Copy link" />
    </>
  );
};

const Body = (props: {
  organization: string;
  endpoint: EndpointDetail;
  mayConfigure: boolean;
  mayAct: boolean;
}) => {
  const { organization, endpoint, mayConfigure, mayAct } = props;
  return (
    <>
      <StateNote endpoint={endpoint} />
      <Health health={endpoint.health} />
      <Breaker organization={organization} endpoint={endpoint} mayAct={mayAct} />
      <Settings endpoint={endpoint} />
      <Rotation organization={organization} endpoint={endpoint} mayAct={mayConfigure} />
      {mayConfigure && <TestEvent organization={organization} id={endpoint.id} />}
      <Verification endpoint={endpoint} />
    </>
  );
};

/**
 * One endpoint: health, breaker, settings, secret, test event and code that verifies. Open as long as the URL names
 * an endpoint. `onAct`: null without permission to configure.
 */
export const EndpointDrawer = (props: {
  organization: string;
  id: string;
  /** As the list is sorted, for the neighbours. */
  rows: readonly WebhookEndpoint[];
  address: Address;
  onAct: ((act: Act, endpoint: WebhookEndpoint) => void) | null;
}) => {
  const { organization, id, rows, address, onAct } = props;
  const query = useQuery(endpointQuery(organization, id));
  const [editing, setEditing] = useState<WebhookEndpoint | null>(null);
  const mayAct = useCan(organization, "breakers:act");
  const at = rows.findIndex((row) => row.id === id);
  const shown = query.data ?? rows[at];
  const open = (index: number) => {
    const next = rows[index];
    return at === -1 || next === undefined
      ? undefined
      : () => address.go({ ...address.search, endpoint: next.id }, { replace: true });
  };
  const isGone = isDeleted(query.error);
  return (
    <Drawer
      label={`Endpoint ${shown?.name ?? ""}`.trim()}
      title={shown?.name ?? "Endpoint"}
      status={shown === undefined ? undefined : <State endpoint={shown} address={address} />}
      position={at === -1 ? undefined : `${at + 1} of ${rows.length}`}
      onPrevious={open(at - 1)}
      onNext={open(at + 1)}
      onClose={() => address.go({ ...address.search, endpoint: undefined })}
      footer={
        <Foot
          endpoint={isGone ? undefined : query.data}
          onAct={onAct}
          onEdit={() => setEditing(query.data ?? null)}
        />
      }
    >
      {isGone ? (
        <Empty title="Endpoint not found">It was deleted, or it belongs to another organization.</Empty>
      ) : (
        <Panel name="The endpoint" query={query} skeletonRows={8}>
          {(endpoint) => (
            <Body
              organization={organization}
              endpoint={endpoint}
              mayConfigure={onAct !== null}
              mayAct={mayAct}
            />
          )}
        </Panel>
      )}
      {editing !== null && (
        <EditDialog organization={organization} endpoint={editing} onClose={() => setEditing(null)} />
      )}
    </Drawer>
  );
};
