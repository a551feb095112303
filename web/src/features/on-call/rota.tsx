import type { OnCall, Shift } from "@wheelhouse/shared/alerts/routing.ts";
import { useNow } from "#lib/live/now.ts";
import { numbered } from "./numbered.ts";
import css from "./on-call.module.css";

type TeamView = OnCall["teams"][number];
const dayMs = 24 * 3_600_000;
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

type Scale = (iso: string | number) => number;
const percent = (value: number): string => `${Math.round(value * 10_000) / 100}%`;

const classOf = (shift: Shift, isNow: boolean): string | undefined =>
  [css.shift, shift.gap !== null ? css.bad : isNow ? css.now : shift.overrideId !== null ? css.override : ""]
    .filter(Boolean)
    .join(" ");

const Lane = (props: { shifts: readonly Shift[]; at: Scale; nowMs: number; isFirst: boolean }) => (
  <div className={css.lane}>
    {props.shifts.map((shift) => {
      const from = props.at(shift.from);
      const isNow =
        props.isFirst && Date.parse(shift.from) <= props.nowMs && props.nowMs < Date.parse(shift.to);
      const text = `${shift.name}${shift.gap === null ? "" : `, ${shift.gap}`}`;
      return (
        <span
          key={shift.from}
          className={classOf(shift, isNow)}
          style={{ left: percent(from), width: `calc(${percent(props.at(shift.to) - from)} - 2px)` }}
          title={
            shift.by === null
              ? text
              : `${text}. Override by ${shift.by}${shift.reason === null ? "" : `: ${shift.reason}`}`
          }
        >
          {text}
        </span>
      );
    })}
  </div>
);

/** Two weeks of one team: who is on call in each layer, hand-overs in its zone and in UTC. */
export const Rota = ({ view, from, to }: { view: TeamView; from: string; to: string }) => {
  const nowMs = useNow();
  const startMs = Date.parse(from);
  const lengthMs = Date.parse(to) - startMs;
  const at: Scale = (moment) =>
    (Math.min(
      Math.max(typeof moment === "number" ? moment : Date.parse(moment), startMs),
      startMs + lengthMs,
    ) -
      startMs) /
    lengthMs;
  const days = Array.from(
    { length: Math.round(lengthMs / dayMs) },
    (_, index) => new Date(startMs + index * dayMs),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls sideways on a phone
    <section className={css.weeks} tabIndex={0} aria-label={`Rota of ${view.team.name}, two weeks`}>
      <span />
      <div className={css.days}>
        {days.map((day) => (
          <span
            key={day.getTime()}
            className={Math.floor(nowMs / dayMs) * dayMs === day.getTime() ? css.today : undefined}
          >
            {weekdays[day.getUTCDay()]} {day.getUTCDate()}
          </span>
        ))}
        <i className={css.nowLine} style={{ left: percent(at(nowMs)) }} />
      </div>
      {numbered(view.shifts).map(({ item: shifts, at: layer }) => (
        <div key={layer} className={css.layer}>
          <span className={css.label}>Layer {layer + 1}</span>
          <Lane shifts={shifts} at={at} nowMs={nowMs} isFirst={layer === 0} />
        </div>
      ))}
      <span className={css.label}>Hand-over</span>
      <div className={css.handovers}>
        {view.handovers.map(({ at: moment, local }) => (
          <span key={moment} style={{ left: percent(at(moment)) }}>
            {local}
            <small>{moment.slice(11, 16)} UTC</small>
          </span>
        ))}
      </div>
    </section>
  );
};
