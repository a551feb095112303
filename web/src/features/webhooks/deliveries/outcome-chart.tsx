import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { summarizeDeliveries } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { formatClock, formatDate, type Zone, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Histogram } from "#ui/chart/histogram.tsx";
import css from "../webhooks.module.css";

const deadSeries = [{ label: "dead letter", tone: "bad" }] as const;
const allSeries = [
  { label: "completed", tone: "ok" },
  { label: "in progress", tone: "open" },
  { label: "failed, will retry", tone: "warn" },
  { label: "dead letter", tone: "bad" },
] as const;
const axisLabels = 5;

export type OutcomeRange = { fromMs: number; toMs: number };
export type OutcomeSummary = EndpointResult<typeof summarizeDeliveries>;

/** What the bars of a chart of outcomes stand for. */
export const outcomeSeries = (isDead: boolean) => (isDead ? deadSeries : allSeries);

const axisOf = (fromMs: number, toMs: number, zone: Zone) => {
  const sameDay =
    formatDate(new Date(fromMs).toISOString(), zone) === formatDate(new Date(toMs).toISOString(), zone);
  return Array.from({ length: axisLabels }, (_, index) => {
    const at = new Date(fromMs + ((toMs - fromMs) * index) / (axisLabels - 1)).toISOString();
    const clock = formatClock(at, zone);
    const ends = index === 0 || index === axisLabels - 1;
    const day = !sameDay && ends ? `${formatDate(at, zone).slice(5)} ` : "";
    return { at, text: `${day}${clock}${index === axisLabels - 1 ? ` ${zoneName(zone)}` : ""}` };
  });
};

/** When the bars of a summary begin and end. */
export const rangeOf = ({ from, barMs, bars }: OutcomeSummary): OutcomeRange => ({
  fromMs: Date.parse(from),
  toMs: Date.parse(from) + barMs * bars.length,
});

/** Deliveries over time by what became of them; a range of it can be selected. */
export const OutcomeChart = (props: {
  label: string;
  data: OutcomeSummary | undefined;
  isDead: boolean;
  selection: OutcomeRange | null;
  onSelect: (range: OutcomeRange | null) => void;
}) => {
  const { label, data, isDead, selection, onSelect } = props;
  const { zone } = usePreferences();
  const range = data === undefined ? null : rangeOf(data);
  return (
    <>
      <div className={css.bars}>
        {data !== undefined && range !== null && (
          <Histogram
            label={label}
            series={outcomeSeries(isDead)}
            bars={data.bars.map((bar) =>
              isDead ? [bar.deadLetter] : [bar.completed, bar.open, bar.failed, bar.deadLetter],
            )}
            fromMs={range.fromMs}
            barMs={data.barMs}
            selection={selection}
            onSelect={onSelect}
          />
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {range !== null &&
          axisOf(range.fromMs, range.toMs, zone).map(({ at, text }) => <span key={at}>{text}</span>)}
      </div>
    </>
  );
};
