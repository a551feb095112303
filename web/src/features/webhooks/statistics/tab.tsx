import { queryOptions, useQuery } from "@tanstack/react-query";
import { readWebhookStatistics } from "@wheelhouse/shared/webhooks/dead-letters.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { formatCount, formatDate, formatLatency, formatPercent } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Histogram, Legend } from "#ui/chart/histogram.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Count } from "#ui/text/quantity.tsx";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { barsOf, rangeOfDays, type Series, type SpanDays, spans, successOf } from "./view.ts";

type Address = PageAddress<WebhooksSearch>;
type By = "none" | "endpoint" | "type";
type Range = { from: string; to: string };

const dayMs = 86_400_000;
const everyMs = 60_000;
const series = [
  { label: "delivered", tone: "ok" },
  { label: "dead letter", tone: "bad" },
] as const;

const statisticsQuery = (organization: string, by: By, { from, to }: Range) =>
  queryOptions({
    queryKey: ["webhooks", organization, "statistics", by, from, to],
    queryFn: ({ signal }) =>
      call(readWebhookStatistics, { query: { by, from, to, step: "day" } }, { organization, signal }),
    refetchInterval: everyMs,
  });

const unknown = (
  <span className="c3" title="Nothing was delivered">
    –
  </span>
);

const columnsOf = (by: "endpoint" | "type", address: Address): Column<Series>[] => [
  {
    id: "name",
    header: by === "endpoint" ? "Endpoint" : "Event type",
    card: "title",
    className: "cut",
    cell: ({ key, name }) => (
      <AddressLink
        className="link"
        address={address}
        to={by === "endpoint" ? { tab: "endpoints", endpoint: key } : { eventType: [key] }}
      >
        {name}
      </AddressLink>
    ),
  },
  {
    id: "delivered",
    header: "Delivered",
    num: true,
    card: "detail",
    cell: ({ total }) => <Count value={total.delivered} />,
  },
  {
    id: "success",
    header: "Success of attempts",
    num: true,
    card: "badge",
    cell: ({ total }) => {
      const success = successOf(total);
      return success === null ? unknown : formatPercent(success);
    },
  },
  {
    id: "p95",
    header: "p95",
    num: true,
    card: "age",
    cell: ({ total }) => (total.durationMsP95 === null ? unknown : formatLatency(total.durationMsP95)),
  },
  {
    id: "dead",
    header: "Dead letters",
    num: true,
    drop: "second",
    cell: ({ total }) => <Count value={total.deadLetters} />,
  },
  {
    id: "replays",
    header: "Replays",
    num: true,
    drop: "first",
    cell: ({ total }) => <Count value={total.replays} />,
  },
];

const Lead = ({ all, days }: { all: Series | undefined; days: number }) => {
  const total = all?.total;
  const success = total === undefined ? null : successOf(total);
  return (
    <h2 className="t20 b grow">
      {total === undefined || success === null
        ? `Nothing delivered in ${days} days`
        : `${formatCount(total.delivered)} delivered in ${days} days, ${formatPercent(success)} of attempts succeed`}
    </h2>
  );
};

const Days = (props: { all: Series | undefined; range: Range; days: number; address: Address }) => {
  const { all, range, days, address } = props;
  const fromMs = Date.parse(range.from);
  const at = (ms: number) => formatDate(new Date(ms).toISOString(), "utc");
  return (
    <section className={css.hist} aria-label="Deliveries by day">
      <div className={`row ${css.histHead}`}>
        <h3 className="h">By day, UTC</h3>
        <span className="c3 t12 no-phone">A range opens the log, which keeps deliveries for days.</span>
        <span className="grow" />
        <Legend series={series} />
      </div>
      <div className={css.bars}>
        <Histogram
          label="Delivered and dead letters by day"
          series={series}
          bars={barsOf(all, range.from, days)}
          fromMs={fromMs}
          barMs={dayMs}
          selection={null}
          onSelect={(selected) =>
            selected !== null &&
            address.go({
              from: new Date(selected.fromMs).toISOString(),
              to: new Date(selected.toMs).toISOString(),
            })
          }
        />
      </div>
      <div className="axis" aria-hidden="true">
        <span>{at(fromMs)}</span>
        <span>{at(fromMs + Math.floor(days / 2) * dayMs)}</span>
        <span>{at(fromMs + (days - 1) * dayMs)}</span>
      </div>
    </section>
  );
};

const spanOptions = spans.map((value) => ({ value, label: `${value} days` }));
const byOptions = [
  { value: "endpoint", label: "By endpoint" },
  { value: "type", label: "By event type" },
] as const;

/** What became of deliveries over weeks, from daily counters that outlive the log. */
export const StatisticsTab = ({ organization, address }: { organization: string; address: Address }) => {
  const [days, setDays] = useState<SpanDays>(30);
  const [by, setBy] = useState<"endpoint" | "type">("endpoint");
  const range = rangeOfDays(useMinute(), days);
  const whole = useQuery(statisticsQuery(organization, "none", range));
  const parts = useQuery(statisticsQuery(organization, by, range));
  const all = whole.data?.series[0];
  return (
    <>
      <div className={css.listHead}>
        <Lead all={all} days={days} />
        <Segments options={spanOptions} value={days} onChange={setDays} group={{ label: "Span" }} />
      </div>
      <Days all={all} range={range} days={days} address={address} />
      <div className="tool">
        <Segments options={byOptions} value={by} onChange={setBy} group={{ label: "Group by" }} />
      </div>
      <Panel
        name="The statistics"
        query={parts}
        isEmpty={(data) => data.series.length === 0}
        empty={<Empty title="Nothing yet">Days appear here once events are delivered.</Empty>}
      >
        {(data) => (
          <Table
            caption={by === "endpoint" ? "Endpoints, largest first" : "Event types, largest first"}
            className="cards"
            columns={columnsOf(by, address)}
            rows={data.series}
            keyOf={({ key }) => key}
          />
        )}
      </Panel>
    </>
  );
};
