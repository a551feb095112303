import { useQuery } from "@tanstack/react-query";
import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerInstance, BreakerMove, BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { type Freshness, judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import { memo } from "react";
import {
  formatClock,
  formatCount,
  formatDateTime,
  formatPercent,
  formatRate,
  formatSpan,
} from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { useMinute, useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status } from "#ui/page/status.tsx";
import css from "./breakers.module.css";
import { hourMovesQuery } from "./queries.ts";
import { badgeOf, describeStretches, probeIn, statesOf, stretchesOf } from "./states.ts";

const hourMs = 3_600_000;
const stateClass: Record<BreakerState, string | undefined> = {
  open: css.open,
  half_open: css.half,
  forced_open: css.forced,
  disabled: css.disabled,
  closed: css.closed,
  unknown: css.unknown,
};

/** Reaching a concurrency limit is no outage, so it has the color of half-open. */
const classOf = (state: BreakerState, kind: BreakerRow["kind"]) =>
  stateClass[kind === "concurrency" && state === "open" ? "half_open" : state];

type Dated = { observedAt: string | null; intervalMs: number; state: BreakerState };

/** Scraped breakers are judged by their own age, because scrapes are less frequent than reports. */
const useAge = (row: Dated, page: Freshness["state"]): Freshness["state"] => {
  const nowMs = useNow();
  if (page !== "fresh") return page;
  return row.state === "unknown" ? "fresh" : judgeFreshness(row, nowMs).state;
};

/** State badge; without current data it shows the last known state. */
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

/** Who forced the breaker, under the badge; time and reason on hover and in the drawer. */
export const Holder = ({ row: { forced, state } }: { row: Pick<BreakerRow, "forced" | "state"> }) => {
  const { zone } = usePreferences();
  // Snapshots from before this was recorded lack it.
  if (!forced) return null;
  const isTold = state === (forced.command === "open" ? "forced_open" : "disabled");
  const deed = forced.command === "open" ? "forced open" : "forced closed";
  const end = forced.until ? `, until ${formatDateTime(forced.until, zone)}` : "";
  return (
    <small
      className={css.holder}
      title={`${deed} ${formatDateTime(forced.at, zone)}${end}: “${forced.reason}”`}
    >
      {isTold ? "" : `${deed} `}by {forced.by}
      {forced.until ? `, until ${formatClock(forced.until, zone)}` : ""}
    </small>
  );
};

const mostSquares = 12;

/**
 * One square per instance: filled open, ringed half-open, hollow closed, dashed unknown. The words are shown
 * beside it.
 */
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

/** States of the last hour as a bar, with gaps where nothing was observed. */
const StateLine = (props: {
  moves: readonly Pick<BreakerMove, "at" | "state">[];
  kind: BreakerRow["kind"];
  label: string;
}) => {
  const { moves, kind, label } = props;
  const minuteMs = useMinute();
  const newest = moves.at(-1);
  // Changes within the current minute lie beyond the last full minute.
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

/** The last hour of a breaker, or of one of its instances, from the stored history; until it is read, from the row. */
export const HourLine = (props: {
  of: { organization: string; breaker: string; instance?: string };
  moves: readonly BreakerMove[];
  kind: BreakerRow["kind"];
  /** By default the instance. */
  label?: string;
}) => {
  const { of, moves, kind } = props;
  const { organization, breaker, instance } = of;
  const moment = useMoment();
  const minuteMs = useMinute();
  const asked = instance === undefined ? { moment } : { moment, breaker };
  const { data } = useQuery({
    ...hourMovesQuery(organization, asked),
    select: ({ items, nextCursor }) => ({
      isWhole: nextCursor === null,
      items: items.filter((move) => move.breaker === breaker && move.instance === (instance ?? null)),
    }),
  });
  const oldest = data?.items.at(-1);
  // A cut answer says nothing about the time before its oldest move.
  const fromMs = data?.isWhole ? minuteMs - hourMs : Date.parse(oldest?.at ?? "");
  const known = data && data.items.length > 0 ? statesOf(data.items, fromMs) : moves;
  return <StateLine moves={known} kind={kind} label={props.label ?? instance ?? breaker} />;
};

/**
 * Failed share of calls: `n/a` with too few calls or when the library does not report it, a dash when no calls
 * may pass.
 */
export const FailureRate = ({ row }: { row: Pick<BreakerRow, "failureRatio" | "state" | "threshold"> }) => {
  const { failureRatio, state, threshold } = row;
  if (failureRatio === null)
    return state === "forced_open" || state === "disabled" ? (
      <span className="zero">–</span>
    ) : (
      <span className="zero" title="too few calls, or not reported">
        n/a
      </span>
    );
  const hurts = state === "open" || (threshold !== null && failureRatio >= threshold);
  const text = formatPercent(failureRatio);
  if (state === "unknown") return <span className="zero">{text}</span>;
  return hurts ? <span className="tx-down b">{text}</span> : text;
};

/** Calls per minute: whole from 10 on; zero is muted, unknown is a dash. */
export const PerMinute = ({ value, hurts = false }: { value: number | null; hurts?: boolean }) => {
  if (value === null)
    return (
      <span className="zero" title="not reported">
        –
      </span>
    );
  if (value === 0) return <span className="zero">0</span>;
  const text = value < 10 ? formatRate(value).replace(/\.0$/, "") : formatCount(value);
  return hurts ? <span className="tx-down b">{text}</span> : text;
};

/** `in 11 s`, or `due` when the next call will be the probe. */
export const NextProbe = ({ instance }: { instance: BreakerInstance }) => {
  const nowMs = useNow();
  const wait = probeIn(instance, nowMs);
  if (wait === null) return <span className="zero">–</span>;
  return wait === "due" ? <span title="with the next call">due</span> : <>in {formatSpan(wait)}</>;
};
