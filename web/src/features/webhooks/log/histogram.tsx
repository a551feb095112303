import { useQuery } from "@tanstack/react-query";
import { formatClock, formatDate, formatSpan, type Zone, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Histogram, Legend } from "#ui/chart/histogram.tsx";
import { Failure } from "#ui/page/panel.tsx";
import { activeTab, histogramRange } from "../deliveries/deliveries.ts";
import { deliverySummaryQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";

const deadSeries = [{ label: "dead letter", tone: "bad" }] as const;
const allSeries = [
  { label: "completed", tone: "ok" },
  { label: "in progress", tone: "open" },
  { label: "failed, will retry", tone: "warn" },
  { label: "dead letter", tone: "bad" },
] as const;
const axisLabels = 5;

type Range = { fromMs: number; toMs: number };

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

/** The range selected in the URL; an open end extends to the edge of the chart. */
const selectionOf = (search: WebhooksSearch, { fromMs, toMs }: Range): Range | null =>
  search.from === undefined && search.to === undefined
    ? null
    : {
        fromMs: search.from === undefined ? fromMs : Date.parse(search.from),
        toMs: search.to === undefined ? toMs : Date.parse(search.to),
      };

const withRange = (search: WebhooksSearch, range: Range | null): WebhooksSearch => ({
  ...search,
  from: range === null ? undefined : new Date(range.fromMs).toISOString(),
  to: range === null ? undefined : new Date(range.toMs).toISOString(),
});

/** Deliveries by outcome over time. It ignores its own selection, so that the selection can be moved. */
export const DeliveriesHistogram = (props: {
  organization: string;
  address: PageAddress<WebhooksSearch>;
  nowMs: number;
  refetchEveryMs: number | false;
}) => {
  const { organization, address, nowMs, refetchEveryMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const query = useQuery({
    ...deliverySummaryQuery(organization, { ...search, ...histogramRange(search, nowMs) }),
    refetchInterval: refetchEveryMs,
  });
  const isDead = activeTab(search) === "dead";
  const series = isDead ? deadSeries : allSeries;
  const data = query.data;
  const fromMs = data === undefined ? nowMs : Date.parse(data.from);
  const toMs = data === undefined ? nowMs : fromMs + data.barMs * data.bars.length;
  const selection = selectionOf(search, { fromMs, toMs });
  const axis = axisOf(fromMs, toMs, zone);
  if (data === undefined && query.error !== null) {
    return (
      <Failure
        name="The histogram"
        error={query.error}
        isFetching={query.isFetching}
        onRetry={query.refetch}
      />
    );
  }
  return (
    <section className={css.hist} aria-label="Deliveries by outcome">
      <div className={`row ${css.histHead}`}>
        <h2 className="h">{isDead ? "Dead letters by time received" : "Deliveries by outcome"}</h2>
        {data !== undefined && (
          <span className="c3 t12 no-phone">{formatSpan(data.barMs)} per bar. Drag to select.</span>
        )}
        <span className="grow" />
        <Legend series={series} />
      </div>
      <div className={css.bars}>
        {data !== undefined && (
          <Histogram
            label={isDead ? "Dead letters by time received" : "Deliveries by outcome"}
            series={series}
            bars={data.bars.map((bar) =>
              isDead ? [bar.deadLetter] : [bar.completed, bar.open, bar.failed, bar.deadLetter],
            )}
            fromMs={fromMs}
            barMs={data.barMs}
            selection={selection}
            onSelect={(range) => address.go(withRange(search, range), { replace: search.from !== undefined })}
          />
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {data !== undefined && axis.map(({ at, text }) => <span key={at}>{text}</span>)}
      </div>
    </section>
  );
};
