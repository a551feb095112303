import { useQuery } from "@tanstack/react-query";
import type { AuditActivity as Activity } from "@wheelhouse/shared/audit/explore.ts";
import { type KeyboardEvent, useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Histogram, Legend } from "#ui/chart/histogram.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { byDay, bySlot, heatStep, heatTop, oddHour, type Plot } from "../plot.ts";
import { auditActivityQuery } from "../queries.ts";
import css from "../review.module.css";
import { type AuditSearch, toggledIn } from "../search.ts";
import { slotName, slotOf, weekdays } from "../slots.ts";

type Address = PageAddress<AuditSearch>;
const hoursOfDay = Array.from({ length: 24 }, (_, hour) => hour);
const two = (value: number): string => String(value).padStart(2, "0");
const isChosen = (search: AuditSearch, name: "slot" | "action" | "actor", value: string): boolean =>
  search[name]?.includes(value) === true && search.not?.includes(name) !== true;

/** The slot that an arrow key moves to, within the week; null for other keys. */
const slotBeside = (slot: string, key: string): string | null => {
  const [day = 1, hour = 0] = slot.split("-").map(Number);
  const by: Record<string, [number, number]> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const step = by[key];
  if (step === undefined) return null;
  return slotOf(Math.min(7, Math.max(1, day + step[0])), Math.min(23, Math.max(0, hour + step[1])));
};

/** Hour of day by day of week; a cell filters by its hour. Arrow keys move between cells. */
const HeatMap = ({ activity, address }: { activity: Activity; address: Address }) => {
  const { search } = address;
  const [active, setActive] = useState(slotOf(1, 0));
  const slots = bySlot(activity.hours);
  const top = heatTop(slots.values());
  const odd = oddHour(activity);
  const move = (event: KeyboardEvent) => {
    const next = slotBeside(active, event.key);
    if (next === null) return;
    event.preventDefault();
    setActive(next);
    event.currentTarget.querySelector<HTMLButtonElement>(`[data-slot="${next}"]`)?.focus();
  };
  return (
    <>
      <fieldset className={css.heat} onKeyDown={move}>
        <legend className="vh">Events by hour of the week, UTC. A cell filters by its hour.</legend>
        {weekdays.map((name, index) => (
          <div key={name} className={css.heatRow}>
            <span>{name}</span>
            {hoursOfDay.map((hour) => {
              const slot = slotOf(index + 1, hour);
              const events = slots.get(slot) ?? 0;
              return (
                <button
                  key={slot}
                  type="button"
                  data-slot={slot}
                  data-step={heatStep(events, top)}
                  className={`${css.cell} ${odd?.slot === slot ? css.odd : ""}`}
                  aria-pressed={isChosen(search, "slot", slot)}
                  aria-label={`${slotName(slot)}, ${formatPlural(events, "event")}`}
                  title={`${slotName(slot)} UTC: ${formatPlural(events, "event")}`}
                  tabIndex={slot === active ? 0 : -1}
                  onFocus={() => setActive(slot)}
                  onClick={() => address.go(toggledIn(search, "slot", slot))}
                />
              );
            })}
          </div>
        ))}
        <div className={css.heatRow} aria-hidden="true">
          <span />
          {hoursOfDay.map((hour) => (
            <b key={hour}>{hour % 3 === 0 ? two(hour) : ""}</b>
          ))}
        </div>
      </fieldset>
      <p className={`t12 c2 ${css.oddLine}`}>
        {odd !== undefined && (
          <>
            <i />
            {slotName(odd.slot)}: {formatPlural(odd.events, "event")} in one hour, usually {odd.usual}
          </>
        )}
      </p>
    </>
  );
};

const Scale = ({ activity }: { activity: Activity }) => (
  <span className={`t12 c3 no-phone ${css.scale}`} aria-hidden="true">
    0
    {[0, 1, 2, 3, 4].map((step) => (
      <i key={step} className={css.cell} data-step={step} />
    ))}
    {heatTop(bySlot(activity.hours).values())}+
  </span>
);

const series = [
  { label: "Success", tone: "ok" },
  { label: "Denied or failed", tone: "warn" },
] as const;

const Days = ({ activity, address }: { activity: Activity; address: Address }) => {
  const { search } = address;
  const { fromMs, barMs, bars } = byDay(activity);
  const selection =
    search.from !== undefined && search.to !== undefined
      ? { fromMs: Date.parse(search.from), toMs: Date.parse(search.to) }
      : null;
  return (
    <div className={css.days}>
      <Histogram
        label="Events by day"
        bars={bars}
        series={series}
        fromMs={fromMs}
        barMs={barMs}
        selection={selection}
        onSelect={(range) =>
          address.go({
            ...search,
            from: range === null ? undefined : new Date(range.fromMs).toISOString(),
            to: range === null ? undefined : new Date(range.toMs).toISOString(),
          })
        }
      />
      <div className="row t12 c3">
        <span>{activity.from.slice(0, 10)}</span>
        <span className="grow" />
        <Legend series={series} />
        <span className="grow" />
        <span>{activity.to.slice(0, 10)}</span>
      </div>
    </div>
  );
};

type Counted = { value: string; name: string; success: number; refused: number };
const shownMarks = 6;

/** Events by actor or action, most first; a bar filters by what it counts. */
const Bars = (props: {
  name: "actor" | "action";
  counted: readonly Counted[];
  others: number;
  address: Address;
}) => {
  const { name, counted, others, address } = props;
  const { search } = address;
  const shown = counted.slice(0, shownMarks);
  const top = Math.max(1, ...shown.map(({ success, refused }) => success + refused));
  const left = counted
    .slice(shownMarks)
    .reduce((sum, { success, refused }) => sum + success + refused, others);
  return (
    <ul className={css.actions}>
      {shown.map(({ value, name: label, success, refused }) => (
        <li key={value}>
          <button
            type="button"
            aria-pressed={isChosen(search, name, value)}
            onClick={() => address.go(toggledIn(search, name, value))}
          >
            <span className={name === "action" ? "mono cut" : "cut"}>{label}</span>
            <span className="meter" aria-hidden="true">
              <i className="acc" style={{ width: `${((success + refused) / top) * 100}%` }} />
            </span>
            <span className="num">{formatCount(success + refused)}</span>
            <span className="num c3">{refused > 0 ? `${formatCount(refused)} refused` : ""}</span>
          </button>
        </li>
      ))}
      {left > 0 && <li className={`t12 c3 ${css.rest}`}>{formatPlural(left, "more event")}</li>}
    </ul>
  );
};

const MarksOf = ({ plot, activity, address }: { plot: Plot; activity: Activity; address: Address }) => {
  if (plot === "hour") return <HeatMap activity={activity} address={address} />;
  if (plot === "day") return <Days activity={activity} address={address} />;
  if (plot === "actor")
    return (
      <Bars
        name="actor"
        counted={activity.actors.map(({ actor, name, success, refused }) => ({
          value: actor,
          name,
          success,
          refused,
        }))}
        others={activity.otherActors}
        address={address}
      />
    );
  return (
    <Bars
      name="action"
      counted={activity.actions.map(({ action, success, refused }) => ({
        value: action,
        name: action,
        success,
        refused,
      }))}
      others={activity.others}
      address={address}
    />
  );
};

const plots: readonly { value: Plot; label: string }[] = [
  { value: "hour", label: "By hour" },
  { value: "day", label: "By day" },
  { value: "actor", label: "By actor" },
  { value: "action", label: "By action" },
];

const isUsualSpan = ({ from, to }: Activity): boolean =>
  Math.abs(Date.parse(to) - Date.parse(from) - 28 * 86_400_000) < 60_000;
const daysOf = ({ from, to }: Activity): string => {
  const [first, last] = [from.slice(0, 10), new Date(Date.parse(to) - 1).toISOString().slice(0, 10)];
  return first === last ? first : `${first} – ${last}`;
};

const leftOut = (activity: Activity): string => {
  const words = { target: "target", q: "text", includeChildren: "organizations below" };
  const parts = activity.notCounted.map((name) => words[name]);
  return parts.length === 0 ? "" : ` · without the filter by ${parts.join(" and ")}`;
};

/**
 * When events happened and which, under the filter; each mark is a filter. A selection narrows the other plots,
 * not its own.
 */
export const AuditActivityPanel = ({ organization, address }: { organization: string; address: Address }) => {
  const [plot, setPlot] = useState<Plot>("hour");
  const nowMs = useMinute();
  const query = useQuery(auditActivityQuery(organization, address.search, plot, nowMs));
  const { data } = query;
  return (
    <section className={css.activity} aria-label="Activity">
      <div className={`row ${css.head}`}>
        <h2 className="h">Activity</h2>
        <Segments options={plots} value={plot} onChange={setPlot} />
        <span className="c3 t12 cut no-phone">
          {data === undefined || isUsualSpan(data) ? "4 weeks" : daysOf(data)}, UTC
          {data !== undefined && leftOut(data)}
          {data !== undefined &&
            data.countedToSeq < data.headSeq &&
            ` · counted to event ${formatCount(data.countedToSeq)} of ${formatCount(data.headSeq)}`}
        </span>
        <span className="grow" />
        {data !== undefined && plot === "hour" && <Scale activity={data} />}
      </div>
      <div className={css.plot}>
        <Panel
          name="Activity"
          query={query}
          skeletonRows={3}
          isEmpty={({ hours }) => hours.length === 0}
          empty={<p className="c2">No matching events in this period.</p>}
        >
          {(activity) => <MarksOf plot={plot} activity={activity} address={address} />}
        </Panel>
      </div>
    </section>
  );
};
