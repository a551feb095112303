import { useQuery } from "@tanstack/react-query";
import type { EndpointDetail } from "@wheelhouse/shared/webhooks/endpoints.ts";
import type { WebhookEndpoint } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPercent, formatSpan } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Legend } from "#ui/chart/histogram.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Failure, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { CopyButton } from "#ui/text/code-block.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { BreakerStatus, OutcomeChart, outcomeSeries } from "../deliveries/deliveries.ts";
import { deliverySummaryQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import { Breaker } from "./breaker.tsx";
import { Changes } from "./changes.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import css from "./endpoint.module.css";
import { Health, StateNote } from "./health.tsx";
import { HeldKeys } from "./held-keys.tsx";
import { endpointQuery, isDeleted } from "./queries.ts";
import { Rotation } from "./rotation.tsx";
import { TestEvent } from "./test-event.tsx";
import { asInstalled, type Field, fields, fieldWords, valuesOf, wordsOf } from "./values.ts";
import { Verification } from "./verification.tsx";

type Address = PageAddress<WebhooksSearch>;
type Act = "enable" | "delete";
type OnAct = ((act: Act, endpoint: WebhookEndpoint) => void) | null;

const monoFields: readonly Field[] = ["url", "eventTypes", "bodyFilter", "headers"];
const quietWords: readonly string[] = ["none", asInstalled];
const dayMs = 86_400_000;
const chartEveryMs = 30_000;

const Value = ({ words, field }: { words: string; field: Field }) => {
  if (quietWords.includes(words)) return <span className="c3">{words}</span>;
  return monoFields.includes(field) ? <span className="mono">{words}</span> : words;
};

const Settings = ({ endpoint, onEdit }: { endpoint: WebhookEndpoint; onEdit: (() => void) | null }) => {
  const values = valuesOf(endpoint);
  return (
    <section className={css.section} aria-label="Settings">
      <div className={css.line}>
        <h3 className="h grow">
          Settings{" "}
          <span className={`c3 t12 ${css.light}`}>
            version {endpoint.version}
            {endpoint.changedBy !== null && `, ${endpoint.changedBy}`}, <Time at={endpoint.changedAt} full />
          </span>
        </h3>
        {onEdit !== null && (
          <Button variant="primary" onClick={onEdit}>
            Edit settings…
          </Button>
        )}
      </div>
      <div className={css.settings}>
        <Facts
          facts={fields
            .filter((field) => field !== "name")
            .map((field) => ({
              label: fieldWords[field],
              value: <Value words={wordsOf(values, field)} field={field} />,
            }))}
        />
      </div>
    </section>
  );
};

const verdictOf = ({ name, enabled, health }: EndpointDetail): string => {
  if (!enabled) return `${name} is disabled`;
  const { successRatio } = health;
  if (successRatio === null) return `${name} got nothing within the last hour`;
  return successRatio === 1
    ? `${name} takes everything`
    : `${formatPercent(1 - successRatio)} of deliveries to ${name} fail`;
};

const Head = (props: { endpoint: EndpointDetail; address: Address; onAct: OnAct }) => {
  const { endpoint, address, onAct } = props;
  const { waiting, deadLetters } = endpoint.health;
  const most = (count: number) => (count > 10_000 ? "10,000+" : formatCount(count));
  return (
    <>
      <AddressLink className="link t12" address={address} to={{ tab: "endpoints" }}>
        All endpoints
      </AddressLink>
      <div className={css.line}>
        {endpoint.enabled ? (
          <BreakerStatus state={endpoint.breaker.state} />
        ) : (
          <Status tone="paused" label="Disabled" />
        )}
        <span className="mono cut grow c2">{endpoint.slug}</span>
        <span className={css.acts}>
          <CopyButton text={location.href} label="Copy link" />
          {onAct !== null && (
            <>
              <Button onClick={() => onAct("enable", endpoint)}>
                {endpoint.enabled ? "Disable…" : "Enable…"}
              </Button>
              <Button variant="ghost" onClick={() => onAct("delete", endpoint)}>
                Delete…
              </Button>
            </>
          )}
        </span>
      </div>
      <h2 className={`t20 b ${css.verdict}`}>{verdictOf(endpoint)}</h2>
      <p className="c2">
        {deadLetters === 0 ? (
          "No dead letter waits"
        ) : (
          <AddressLink
            className="link"
            address={address}
            to={{ status: ["dead_letter"], endpointId: [endpoint.id] }}
          >
            {most(deadLetters)} {deadLetters === 1 ? "dead letter waits" : "dead letters wait"} for replay
          </AddressLink>
        )}
        , {waiting === 0 ? "nothing is" : waiting === 1 ? "1 delivery is" : `${most(waiting)} deliveries are`}{" "}
        waiting.{" "}
        <AddressLink className="link" address={address} to={{ endpointId: [endpoint.id] }}>
          Show its deliveries
        </AddressLink>
      </p>
    </>
  );
};

/** Deliveries of the last 24 hours by outcome; a range of them opens the log. */
const LastDay = ({ organization, id, address }: { organization: string; id: string; address: Address }) => {
  const toMs = useMinute() + 60_000;
  const range = { from: new Date(toMs - dayMs).toISOString(), to: new Date(toMs).toISOString() };
  const query = useQuery({
    ...deliverySummaryQuery(organization, { endpointId: [id], ...range }),
    refetchInterval: chartEveryMs,
  });
  const data = query.data;
  if (data === undefined && query.error !== null)
    return (
      <Failure
        name="The last 24 hours"
        error={query.error}
        isFetching={query.isFetching}
        onRetry={query.refetch}
      />
    );
  return (
    <section className={css.day} aria-label="Last 24 hours">
      <div className={`row ${css.dayHead}`}>
        <h3 className="h">Last 24 h</h3>
        <span className="c3 t12 no-phone">
          {data !== undefined && `${formatSpan(data.barMs)} per bar. A range opens the log.`}
        </span>
        <span className="grow" />
        <Legend series={outcomeSeries(false)} />
      </div>
      <OutcomeChart
        label="Deliveries of the last 24 hours by outcome"
        data={data}
        isDead={false}
        selection={null}
        onSelect={(selected) =>
          selected !== null &&
          address.go({
            endpointId: [id],
            from: new Date(selected.fromMs).toISOString(),
            to: new Date(selected.toMs).toISOString(),
          })
        }
      />
    </section>
  );
};

const Body = (props: {
  organization: string;
  endpoint: EndpointDetail;
  address: Address;
  onAct: OnAct;
  onEdit: () => void;
}) => {
  const { organization, endpoint, address, onAct, onEdit } = props;
  const mayAct = useCan(organization, "breakers:act");
  const mayConfigure = onAct !== null;
  return (
    <div className={css.page}>
      <div className={css.main}>
        <Head endpoint={endpoint} address={address} onAct={onAct} />
        <StateNote endpoint={endpoint} />
        <Health health={endpoint.health} />
        <LastDay organization={organization} id={endpoint.id} address={address} />
        <div className={css.two}>
          <Breaker organization={organization} endpoint={endpoint} mayAct={mayAct} />
          {mayConfigure && <TestEvent organization={organization} id={endpoint.id} />}
        </div>
        <HeldKeys organization={organization} endpoint={endpoint} address={address} />
        <Settings endpoint={endpoint} onEdit={mayConfigure ? onEdit : null} />
        <Verification endpoint={endpoint} />
      </div>
      <aside className={css.aside} aria-label="Secret and changes">
        <Rotation organization={organization} endpoint={endpoint} mayAct={mayConfigure} />
        <Changes organization={organization} id={endpoint.id} />
      </aside>
    </div>
  );
};

/**
 * One endpoint in full: health, chart, breaker, test event, settings, secret and changes. Shown as long as the URL
 * names an endpoint. `onAct`: null without permission to configure.
 */
export const EndpointPage = (props: { organization: string; id: string; address: Address; onAct: OnAct }) => {
  const { organization, id, address, onAct } = props;
  const query = useQuery(endpointQuery(organization, id));
  const [editing, setEditing] = useState<WebhookEndpoint | null>(null);
  if (isDeleted(query.error))
    return (
      <Empty title="Endpoint not found">
        It was deleted, or it belongs to another organization.{" "}
        <AddressLink className="link" address={address} to={{ tab: "endpoints" }}>
          All endpoints
        </AddressLink>
      </Empty>
    );
  return (
    <>
      <Panel name="The endpoint" query={query} skeletonRows={10}>
        {(endpoint) => (
          <Body
            organization={organization}
            endpoint={endpoint}
            address={address}
            onAct={onAct}
            onEdit={() => setEditing(endpoint)}
          />
        )}
      </Panel>
      {editing !== null && (
        <EditDialog organization={organization} endpoint={editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
};
