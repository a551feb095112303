import type { BreakerInstance, BreakerMove, BreakerRow, BreakerState } from "@wheelhouse/shared/breakers.ts";
import { type Freshness, judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import { memo } from "react";
import { formatCount, formatDateTime, formatPercent, formatRate, formatSpan } from "#lib/format.ts";
import { useMinute, useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status } from "#ui/page/status.tsx";
import css from "./breakers.module.css";
import { badgeOf, describeStretches, probeIn, stretchesOf } from "./states.ts";

const hourMs = 3_600_000;
const stateClass: Record<BreakerState, string | undefined> = {
  open: css.open,
  half_open: css.half,
  forced_open: css.forced,
  disabled: css.disabled,
  closed: css.closed,
  unknown: css.unknown,
};

/** A limit that is reached is no outage: it bears the colour of half-open. */
const classOf = (state: BreakerState, kind: BreakerRow["kind"]) =>
  stateClass[kind === "concurrency" && state === "open" ? "half_open" : state];

type Dated = { observedAt: string | null; intervalMs: number; state: BreakerState };

/** What is older than the page's own data may be judged by its own age: a scrape has a slower rhythm. */
const useAge = (row: Dated, page: Freshness["state"]): Freshness["state"] => {
  const nowMs = useNow();
  if (page !== "fresh") return page;
  return row.state === "unknown" ? "fresh" : judgeFreshness(row, nowMs).state;
};

/** The badge; of what is not current it only says what the state was. */
export const BreakerBadge = (props: {
  row: Dated;
  kind: BreakerRow["kind"];
  freshness: Freshness["state"];
  label?: string;
}) => {
  const { row, kind, freshness, label } = props;
  const age = useAge(row, freshness);
  const badge = badgeOf(row.state, kind);
  if (age === "fresh") return <Status tone={badge.tone} label={label ?? badge.label} />;
  return <Status tone={age} label={age === "stale" ? "Stale" : "Unknown"} was={badge.label.toLowerCase()} />;
};

/** Who holds it, under the badge; when and why on hover, and in the drawer. */
export const Holder = ({ row: { forced, state } }: { row: Pick<BreakerRow, "forced" | "state"> }) => {
  const { zone } = usePreferences();
  // Of a past moment from before it was kept there is none.
  if (!forced) return null;
  const isTold = state === "forced_open" && forced.command === "open";
  const deed = forced.command === "open" ? "forced open" : "held closed";
  return (
    <small className={css.holder} title={`${deed} ${formatDateTime(forced.at, zone)}: “${forced.reason}”`}>
      {isTold ? "" : `${deed} `}by {forced.by}
    </small>
  );
};

const mostSquares = 12;

/** One square an instance: filled open, ringed half-open, hollow closed, dashed unknown. The words stand beside. */
export const Squares = memo(({ instances, kind }: Pick<BreakerRow, "instances" | "kind">) => (
  <span className={css.squares} aria-hidden="true">
    {instances.slice(0, mostSquares).map(({ instance, state }) => (
      <i
        key={instance}
        className={classOf(state, kind)}
        title={`${instance}: ${badgeOf(state, kind).label.toLowerCase()}`}
      />
    ))}
    {instances.length > mostSquares && <span className="c3">+{instances.length - mostSquares}</span>}
  </span>
));

/** States of the last hour as a bar; what was not seen is left out. */
export const StateLine = (props: {
  moves: readonly BreakerMove[];
  kind: BreakerRow["kind"];
  label: string;
}) => {
  const { moves, kind, label } = props;
  const minuteMs = useMinute();
  const newest = moves.at(-1);
  // A move of this minute lies after its beginning.
  const toMs = Math.max(minuteMs, newest === undefined ? 0 : Date.parse(newest.at) + 1000);
  const stretches = stretchesOf(moves, toMs - hourMs, toMs);
  return (
    <div
      className={css.line}
      role="img"
      aria-label={`${label}, state in the last hour: ${describeStretches(stretches)}`}
    >
      {stretches.map(({ state, atMs, width }) => (
        <i
          key={atMs}
          className={state === null ? css.unseen : classOf(state, kind)}
          style={{ width: `${width * 100}%` }}
        />
      ))}
    </div>
  );
};

/** Failed share of calls: `n/a` when too few were made or the library does not tell, a dash when none may pass. */
export const FailureRate = ({ row }: { row: Pick<BreakerRow, "failureRatio" | "state" | "threshold"> }) => {
  const { failureRatio, state, threshold } = row;
  if (failureRatio === null)
    return state === "forced_open" || state === "disabled" ? (
      <span className="zero">–</span>
    ) : (
      <span className="zero" title="too few calls, or not told">
        n/a
      </span>
    );
  const hurts = state === "open" || (threshold !== null && failureRatio >= threshold);
  const text = formatPercent(failureRatio);
  if (state === "unknown") return <span className="zero">{text}</span>;
  return hurts ? <span className="tx-down b">{text}</span> : text;
};

/** Calls per minute: whole from 10 on; zero is quiet, what is not known is a dash. */
export const PerMinute = ({ value, hurts = false }: { value: number | null; hurts?: boolean }) => {
  if (value === null)
    return (
      <span className="zero" title="not told">
        –
      </span>
    );
  if (value === 0) return <span className="zero">0</span>;
  const text = value < 10 ? formatRate(value).replace(/\.0$/, "") : formatCount(value);
  return hurts ? <span className="tx-down b">{text}</span> : text;
};

/** `in 11 s`, or that only a call is missing. */
export const NextProbe = ({ instance }: { instance: BreakerInstance }) => {
  const nowMs = useNow();
  const wait = probeIn(instance, nowMs);
  if (wait === null) return <span className="zero">–</span>;
  return wait === "due" ? <span title="with the next call">due</span> : <>in {formatSpan(wait)}</>;
};
