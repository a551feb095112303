import type { DeliveryDetail } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { formatCount } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import { AttemptList, AttemptMessage, attemptKey, attemptSeries } from "../attempts/attempts.ts";
import { BreakerStatus, causeOf, unplannedWords, urlText } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";

type Address = PageAddress<WebhooksSearch>;

const Cause = ({ detail, address }: { detail: DeliveryDetail; address: Address }) => {
  const cause = causeOf(detail);
  const others = detail.sameCause;
  // The server's message starts with the status code, which the line above already shows.
  const message = detail.errorMessage?.replace(/^\d{3}: /, "") ?? "";
  return (
    <>
      {cause}
      {detail.errorClass !== null && others > 0 && (
        <>
          , same as{" "}
          <AddressLink
            className="link"
            address={address}
            to={{
              status: ["dead_letter"],
              endpointId: [detail.endpointId],
              errorClass: [detail.errorClass],
            }}
          >
            {formatCount(others)} {others === 1 ? "other" : "others"}
          </AddressLink>
        </>
      )}
      {message !== "" && cause?.includes(message) !== true && (
        <div className={`c3 t12 ${css.wrap} ${css.twoLines}`} title={message}>
          {message}
        </div>
      )}
    </>
  );
};

const EndpointNow = ({ endpoint }: { endpoint: DeliveryDetail["endpoint"] }) => {
  const { breaker, enabled, disabledReason } = endpoint;
  if (!enabled) {
    return <span className="tx-warn b">Disabled{disabledReason === null ? "" : `, ${disabledReason}`}</span>;
  }
  return (
    <span className="row">
      <BreakerStatus state={breaker.state} />
      <span className="c2">
        {breaker.state === "closed"
          ? breaker.consecutiveFailures > 0 && `${formatCount(breaker.consecutiveFailures)} failed in a row`
          : breaker.since !== null && (
              <>
                for <Age at={breaker.since} short />
                {breaker.nextProbeAt !== null && (
                  <>
                    , next probe <Time at={breaker.nextProbeAt} />
                  </>
                )}
              </>
            )}
      </span>
    </span>
  );
};

const runOutcomes = { sent: "waiting for the outcome", succeeded: "succeeded", failed: "failed" } as const;

/** The runs that sent the delivery again. */
const Runs = ({ runs, address }: { runs: DeliveryDetail["replayedBy"]; address: Address }) => (
  <>
    {runs.map(({ replayId, generation, startedBy, startedAt, outcome }) => (
      <div key={replayId}>
        <AddressLink className="link" address={address} to={{ tab: "replays", replay: replayId }}>
          Run{startedBy === null ? "" : ` of ${startedBy}`}
        </AddressLink>{" "}
        <span className="c3">
          {startedAt !== null && <Time at={startedAt} />} Replay {generation - 1}, {runOutcomes[outcome]}
        </span>
      </div>
    ))}
  </>
);

/** What a delivery of an ordered endpoint waits for, or what waits for it. */
const Order = (props: { order: NonNullable<DeliveryDetail["order"]>; address: Address }) => {
  const { key, blockedBy, waiting } = props.order;
  const count = waiting >= 1_000 ? "1,000 or more" : formatCount(waiting);
  return (
    <>
      <span className="mono">{key}</span>
      {blockedBy !== null ? (
        <>
          , waits for{" "}
          <AddressLink
            className="link"
            address={props.address}
            to={{ ...props.address.search, delivery: blockedBy }}
          >
            the first of this key
          </AddressLink>
        </>
      ) : (
        `, the first of its key; ${waiting === 1 ? "1 other waits" : `${count} others wait`} for it`
      )}
    </>
  );
};

const factsOf = (detail: DeliveryDetail, address: Address) => {
  const facts = [
    {
      label: "Endpoint",
      value: (
        <AddressLink
          className="link"
          address={address}
          to={{ endpointId: [detail.endpointId] }}
          title="Show all deliveries of this endpoint"
        >
          {detail.endpointName}
        </AddressLink>
      ),
    },
    { label: "Address", value: <span className={css.wrap}>{urlText(detail.endpointUrl)}</span> },
    {
      label: "Received",
      value: (
        <>
          <Time at={detail.receivedAt} full />, <Age at={detail.receivedAt} short suffix="ago" />
          <span className="c3"> from {detail.sourceName}</span>
        </>
      ),
    },
  ];
  if (causeOf(detail) !== undefined && detail.status !== "completed") {
    facts.push({ label: "Cause", value: <Cause detail={detail} address={address} /> });
  }
  if (detail.completedAt !== null && detail.status === "completed") {
    facts.push({ label: "Completed", value: <Time at={detail.completedAt} full /> });
  }
  if (detail.replayedBy.length > 0) {
    facts.push({ label: "Replayed by", value: <Runs runs={detail.replayedBy} address={address} /> });
  }
  if (detail.order !== null) {
    facts.push({ label: "Order", value: <Order order={detail.order} address={address} /> });
  }
  facts.push({ label: "Endpoint now", value: <EndpointNow endpoint={detail.endpoint} /> });
  return facts;
};

/** Facts, attempts and messages of a delivery. */
export const DeliveryBody = ({ detail, address }: { detail: DeliveryDetail; address: Address }) => {
  const series = attemptSeries(detail);
  const newest = detail.attemptLog[0];
  // Follows the newest attempt until the reader selects one.
  const [picked, setPicked] = useState<string | null>(null);
  const selected = detail.attemptLog.find((attempt) => attemptKey(attempt) === picked) ?? newest ?? undefined;
  return (
    <>
      <Facts facts={factsOf(detail, address)} />
      <div className={`sec-h ${css.attemptsHead}`}>
        <h3 className="h">Attempts</h3>
        <span className="c3 t12">
          {detail.attempts} of {detail.maxAttempts}, newest first.{" "}
          {detail.nextAttemptAt !== null ? (
            <>
              Next at <Time at={detail.nextAttemptAt} />.
            </>
          ) : (
            unplannedWords(detail)
          )}
        </span>
      </div>
      {series.length === 0 && <p className="c2">Nothing has been sent yet.</p>}
      {series.map(({ generation, attempts }) => (
        <AttemptList
          key={generation}
          title={
            series.length === 1 && generation === 1
              ? null
              : generation === 1
                ? "Original attempts"
                : `Replay ${generation - 1}`
          }
          attempts={attempts}
          selected={selected === undefined ? null : attemptKey(selected)}
          onSelect={setPicked}
        />
      ))}
      <AttemptMessage attempt={selected} all={detail.attemptLog} payload={detail.payload} />
    </>
  );
};
