import type { EndpointDetail } from "@wheelhouse/shared/webhooks/endpoints.ts";
import { formatLatency, formatPercent, formatPlural, formatSpanShort } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { Note } from "#ui/page/note.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import css from "./endpoint.module.css";

const warnedAt = [50, 70, 90];

/** How much of the time until it is disabled has passed, with the moments of the warnings. */
const Countdown = ({ since, until }: { since: string; until: string }) => {
  const nowMs = useNow();
  const wholeMs = Date.parse(until) - Date.parse(since);
  const passedMs = Math.min(wholeMs, Math.max(0, nowMs - Date.parse(since)));
  return (
    <>
      <div className={css.countdown} aria-hidden="true">
        <i className={css.passed} style={{ width: `${(100 * passedMs) / wholeMs}%` }} />
        {warnedAt.map((percent) => (
          <i key={percent} className={css.warned} style={{ left: `${percent}%` }} />
        ))}
      </div>
      <span className="t12">
        {formatSpanShort(passedMs)} of {formatSpanShort(wholeMs)}; warned at 50, 70 and 90%
      </span>
    </>
  );
};

/** Says when an endpoint will be disabled, or why it is. */
export const StateNote = ({ endpoint }: { endpoint: EndpointDetail }) => {
  const { enabled, disabledReason, failingSince, disablesAt } = endpoint;
  if (!enabled)
    return (
      <Note title="Disabled.">
        {disabledReason === null ? "The reason is not known." : `Reason: ${disabledReason}.`} Events are kept;
        you can deliver them once it is enabled.
      </Note>
    );
  if (failingSince === null) return null;
  if (disablesAt === null)
    return (
      <Note tone="warn" title="Failing.">
        No attempt has succeeded since <Time at={failingSince} full />. It is not disabled by itself.
      </Note>
    );
  return (
    <Note tone="warn" title="Will be disabled unless it recovers:">
      <Time at={disablesAt} full />. No attempt has succeeded for <Age at={failingSince} short />.
      <Countdown since={failingSince} until={disablesAt} />
    </Note>
  );
};

const Unknown = ({ why }: { why: string }) => (
  <span className="c3" title={why}>
    –
  </span>
);
const measuredMax = 1_000;
const noDeliveries = "No deliveries within the last hour";

/** The deliveries of the last hour. */
export const Health = ({ health }: { health: EndpointDetail["health"] }) => {
  const { deliveries, successRatio, latencyMsP50: p50, latencyMsP95: p95, waiting, deadLetters } = health;
  const isWarned = successRatio !== null && successRatio < 0.95;
  return (
    <section aria-label="Health of the last hour">
      <dl className={css.figures}>
        <div>
          <dt>Success, last hour</dt>
          <dd className={isWarned ? "tx-warn" : undefined}>
            {successRatio === null ? <Unknown why={noDeliveries} /> : formatPercent(successRatio)}
          </dd>
        </div>
        <div>
          <dt>p50</dt>
          <dd>{p50 === null ? <Unknown why={noDeliveries} /> : formatLatency(Math.round(p50))}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd>{p95 === null ? <Unknown why={noDeliveries} /> : formatLatency(Math.round(p95))}</dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>{waiting > 10_000 ? "10,000+" : <Count value={waiting} />}</dd>
        </div>
      </dl>
      <p className="c3 t12">
        {deliveries === 0
          ? `${noDeliveries}.`
          : `${deliveries < measuredMax ? "" : "The latest "}${formatPlural(deliveries, "delivery", "deliveries")} in the last hour. ${formatPlural(deadLetters, "dead letter")} waiting for replay.`}
      </p>
    </section>
  );
};
