import type { UseQueryResult } from "@tanstack/react-query";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { summarizeEvents } from "@wheelhouse/shared/webhooks/events.ts";
import { formatClock, formatSpan, type Zone, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Histogram, Legend } from "#ui/chart/histogram.tsx";
import { Failure } from "#ui/page/panel.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";

const series = [
  { label: "matched", tone: "ok" },
  { label: "no endpoint matched", tone: "warn" },
] as const;
const axisLabels = 5;

const axisOf = (fromMs: number, toMs: number, zone: Zone) =>
  Array.from({ length: axisLabels }, (_, index) => {
    const at = new Date(fromMs + ((toMs - fromMs) * index) / (axisLabels - 1)).toISOString();
    const last = index === axisLabels - 1;
    return { at, text: `${formatClock(at, zone)}${last ? ` ${zoneName(zone)}` : ""}` };
  });

/** Events with and without an endpoint over time. It ignores its own selection, so that the selection can be moved. */
export const EventsHistogram = (props: {
  query: UseQueryResult<EndpointResult<typeof summarizeEvents>>;
  address: PageAddress<WebhooksSearch>;
}) => {
  const { query, address } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const { data } = query;
  if (data === undefined && query.error !== null)
    return (
      <Failure
        name="The histogram"
        error={query.error}
        isFetching={query.isFetching}
        onRetry={query.refetch}
      />
    );
  const fromMs = data === undefined ? 0 : Date.parse(data.from);
  const toMs = data === undefined ? 0 : fromMs + data.barMs * data.bars.length;
  const isSelected = search.from !== undefined || search.to !== undefined;
  const selection = {
    fromMs: search.from === undefined ? fromMs : Date.parse(search.from),
    toMs: search.to === undefined ? toMs : Date.parse(search.to),
  };
  const axis = axisOf(fromMs, toMs, zone);
  return (
    <section className={css.hist} aria-label="Events received">
      <div className={`row ${css.histHead}`}>
        <h2 className="h">Events received</h2>
        {data !== undefined && (
          <span className="c3 t12 no-phone">{formatSpan(data.barMs)} per bar. Drag to select.</span>
        )}
        <span className="grow" />
        <Legend series={series} />
      </div>
      <div className={css.bars}>
        {data !== undefined && (
          <Histogram
            label="Events received, with and without a matching endpoint"
            series={series}
            bars={data.bars.map(({ matched, unmatched }) => [matched, unmatched])}
            fromMs={fromMs}
            barMs={data.barMs}
            selection={isSelected ? selection : null}
            onSelect={(range) =>
              address.go(
                {
                  ...search,
                  from: range === null ? undefined : new Date(range.fromMs).toISOString(),
                  to: range === null ? undefined : new Date(range.toMs).toISOString(),
                },
                { replace: isSelected },
              )
            }
          />
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {data !== undefined && axis.map(({ at, text }) => <span key={at}>{text}</span>)}
      </div>
    </section>
  );
};
