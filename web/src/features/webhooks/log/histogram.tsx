import { useQuery } from "@tanstack/react-query";
import { formatSpan } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Legend } from "#ui/chart/histogram.tsx";
import { Failure } from "#ui/page/panel.tsx";
import {
  activeTab,
  histogramRange,
  OutcomeChart,
  type OutcomeRange,
  outcomeSeries,
  rangeOf,
} from "../deliveries/deliveries.ts";
import { deliverySummaryQuery } from "../queries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";

/** The range selected in the URL; an open end extends to the edge of the chart. */
const selectionOf = (search: WebhooksSearch, { fromMs, toMs }: OutcomeRange): OutcomeRange | null =>
  search.from === undefined && search.to === undefined
    ? null
    : {
        fromMs: search.from === undefined ? fromMs : Date.parse(search.from),
        toMs: search.to === undefined ? toMs : Date.parse(search.to),
      };

const withRange = (search: WebhooksSearch, range: OutcomeRange | null): WebhooksSearch => ({
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
  const query = useQuery({
    ...deliverySummaryQuery(organization, { ...search, ...histogramRange(search, nowMs) }),
    refetchInterval: refetchEveryMs,
  });
  const isDead = activeTab(search) === "dead";
  const data = query.data;
  const label = isDead ? "Dead letters by time received" : "Deliveries by outcome";
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
        <h2 className="h">{label}</h2>
        {data !== undefined && (
          <span className="c3 t12 no-phone">{formatSpan(data.barMs)} per bar. Drag to select.</span>
        )}
        <span className="grow" />
        <Legend series={outcomeSeries(isDead)} />
      </div>
      <OutcomeChart
        label={label}
        data={data}
        isDead={isDead}
        selection={data === undefined ? null : selectionOf(search, rangeOf(data))}
        onSelect={(range) => address.go(withRange(search, range), { replace: search.from !== undefined })}
      />
    </section>
  );
};
