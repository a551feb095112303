import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Overview } from "@wheelhouse/shared/overview.ts";
import type { ReactNode } from "react";
import { useCan } from "#lib/api/session.ts";
import {
  formatBytes,
  formatCount,
  formatPercent,
  formatPlural,
  formatRate,
  formatSpan,
} from "#lib/format.ts";
import { shownWindow } from "#lib/history/data-range.ts";
import { drawnOf } from "#lib/history/history-points.ts";
import { annotationsQuery, seriesQuery } from "#lib/history/history-queries.ts";
import { spanPhrase, useHistoryWindow } from "#lib/history/history-span.ts";
import { usePreferences } from "#lib/preferences.ts";
import { HistorySpanSelect } from "#ui/chart/history-span-select.tsx";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { UnlessOld } from "#ui/page/freshness-line.tsx";
import styles from "./overview.module.css";

type Figure = Overview["red"]["ratePerSecond"];
const mostMarks = 20;
type ChartTone = "plain" | "bad" | "warn";
const toneClass = { plain: "", bad: "tx-down", warn: "tx-warn" } as const;

/** Mean of all values before the last one, for comparison with the current value. */
const meanBefore = (values: Figure["trend"]["values"]): number | null => {
  const known = values.slice(0, -1).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** The trend over the page's time range, with its changes; null until it is loaded, or without permission. */
type Trend = {
  values: Figure["trend"]["values"];
  marks: readonly { at: number; text: string }[];
  words: string;
} | null;

const redMetrics = ["attemptsPerSecond", "errorRatio", "durationMsP95"] as const;

const useRedTrends = (organization: string): readonly Trend[] => {
  const window = useHistoryWindow();
  const isAllowed = useCan(organization, "webhooks:read");
  const of = { kind: "webhooks", id: "webhooks", metrics: redMetrics } as const;
  const series = useQuery({ ...seriesQuery(organization, of, window), enabled: isAllowed });
  const changes = useQuery({
    ...annotationsQuery(organization, window, { kind: "webhooks", id: "webhooks" }),
    enabled: isAllowed,
  });
  const { span, fromMs, toMs, beginsWithData } = shownWindow(series.data, window);
  const { zone } = usePreferences();
  const words = beginsWithData
    ? `the last ${formatSpan(toMs - fromMs)}, all there is`
    : spanPhrase(span, zone);
  const isShown = (at: number) =>
    Date.parse(series.data?.from ?? "") + (at + 1) * (series.data?.stepMs ?? 0) > fromMs;
  const marks = drawnOf(changes.data?.items ?? [], [], { fromMs, toMs, most: mostMarks }).map(
    ({ at: { at, text } }) => ({ at: (Date.parse(at) - fromMs) / (toMs - fromMs), text }),
  );
  return redMetrics.map((metric) => {
    const all = series.data?.series.find((each) => each.metric === metric)?.values ?? [];
    const values = all.filter((_value, at) => isShown(at));
    // An empty range that somebody asked for is shown as empty; without one, the newest minutes are better.
    const isAsked = span.ends !== undefined && series.data !== undefined;
    return values.every((value) => value === null) && !isAsked ? null : { values, marks, words };
  });
};

const Red = (props: {
  overview: Overview;
  label: string;
  figure: Figure;
  trend: Trend;
  format: (value: number) => string;
  unit: string;
  tone: ChartTone;
}) => {
  const { label, figure, trend, format, unit, tone } = props;
  const values = trend?.values ?? figure.trend.values;
  const words = trend?.words ?? "the last 10 minutes";
  const mean = meanBefore(values);
  return (
    <div className={styles.red}>
      <div>
        <div className={styles.label}>{label}</div>
        <div className={`${styles.figure} t28 b ${toneClass[tone]}`}>
          {figure.value === null ? <span className="zero">–</span> : format(figure.value)}
          {figure.value !== null && <small>{unit}</small>}
        </div>
      </div>
      <div className={styles.redChart}>
        <Sparkline
          values={values}
          height={44}
          tone={tone}
          label={`${label}, ${words}`}
          marks={trend?.marks ?? []}
        />
      </div>
      <div className={styles.under}>
        <UnlessOld observation={props.overview}>
          {mean === null ? `No deliveries in ${words}` : `Mean over ${words}: ${format(mean)} ${unit}`}
        </UnlessOld>
      </div>
    </div>
  );
};

/**
 * Rate, errors and duration of webhook delivery over the last minute, with their trend over the page's time
 * range.
 */
export const RedStrip = ({ overview, organization }: { overview: Overview; organization: string }) => {
  const [rateTrend = null, errorTrend = null, durationTrend = null] = useRedTrends(organization);
  const { ratePerSecond, errorRatio, durationMsP95 } = overview.red;
  const worst = overview.problems.some(({ area }) => area === "webhooks" || area === "breakers");
  return (
    <section className={styles.reds} aria-label="Rate, errors and duration of webhook delivery">
      <div className={`only-narrow ${styles.range}`}>
        <h2 className="h">Delivery</h2>
        <HistorySpanSelect />
      </div>
      <Red
        overview={overview}
        label="Deliveries"
        figure={ratePerSecond}
        trend={rateTrend}
        format={formatRate}
        unit="/s"
        tone="plain"
      />
      <Red
        overview={overview}
        label="Errors"
        figure={errorRatio}
        trend={errorTrend}
        format={(ratio) => formatPercent(ratio).replace("%", "")}
        unit="%"
        tone={worst && (errorRatio.value ?? 0) > 0 ? "bad" : "plain"}
      />
      <Red
        overview={overview}
        label="Duration p95"
        figure={durationMsP95}
        trend={durationTrend}
        format={formatCount}
        unit="ms"
        tone="plain"
      />
    </section>
  );
};

type Fact = { label: string; value: string; tone?: "tx-down" | "tx-warn" | "" };

const Tile = (props: {
  overview: Overview;
  title: string;
  total: string;
  figure: ReactNode;
  unit: string;
  tone?: ChartTone;
  trendTone?: ChartTone;
  trend?: Figure["trend"];
  below?: ReactNode;
  facts: readonly Fact[];
}) => (
  <>
    <div className={styles.tileHead}>
      <h3 className="h">{props.title}</h3>
      <span className="t12 c3 nw">
        <UnlessOld observation={props.overview}>{props.total}</UnlessOld>
      </span>
    </div>
    <div className={`${styles.figure} t20 b ${toneClass[props.tone ?? "plain"]}`}>
      {props.figure} <small>{props.unit}</small>
    </div>
    {props.trend === undefined ? (
      <div className={styles.tileList}>{props.below}</div>
    ) : (
      <div className={styles.tileChart}>
        <Sparkline
          values={props.trend.values}
          tone={props.trendTone ?? "plain"}
          label={`${props.title}, ${props.unit}, last 10 minutes`}
        />
      </div>
    )}
    {props.facts.map(({ label, value, tone = "" }) => (
      <div key={label} className="fact">
        <span className="cut">{label}</span>
        <b className={tone}>{value}</b>
      </div>
    ))}
  </>
);

const known = (value: number | null, format: (value: number) => string): string =>
  value === null ? "–" : format(value);

const countOfQueues = (count: number) => formatPlural(count, "queue");

const QueuesTile = ({ overview }: { overview: Overview }) => {
  const { queues } = overview.tiles;
  const late = overview.problems.some(({ area }) => area === "queues");
  return (
    <Tile
      overview={overview}
      title="Queues"
      total={formatPlural(queues.queues, "queue")}
      figure={known(queues.waiting.value, formatCount)}
      unit="waiting"
      trendTone={late ? "warn" : "plain"}
      trend={queues.waiting.trend}
      facts={[
        {
          label: "Oldest job",
          value: known(queues.oldestWaitingMs, formatSpan),
          tone: late ? "tx-warn" : "",
        },
        {
          label: "No worker",
          value: known(queues.noWorker, countOfQueues),
          tone: queues.noWorker ? "tx-down" : "",
        },
        { label: "Paused", value: known(queues.paused, countOfQueues) },
      ]}
    />
  );
};

/** The most important breaker states in two words each, worst first; unknown is never called closed. */
const breakersVerdict = (tile: Overview["tiles"]["breakers"]): readonly string[] => {
  const { breakers, open, halfOpen, unknown } = tile;
  if (breakers === null) return ["–"];
  const words = [
    ...(open ? [`${open} open`] : []),
    ...(halfOpen ? [`${halfOpen} half-open`] : []),
    ...(unknown ? [`${unknown} unknown`] : []),
  ];
  if (words.length > 0) return words;
  return [breakers > 0 ? "All closed" : "None yet"];
};

const BreakersTile = ({ overview }: { overview: Overview }) => {
  const { breakers } = overview.tiles;
  const [first, second, third] = breakers.worst;
  const [verdict, ...alsoSo] = breakersVerdict(breakers);
  const factOf = (item: typeof first): Fact[] =>
    item === undefined
      ? []
      : [
          {
            label: `${item.name} failures`,
            value: formatPercent(item.failureRatio),
            tone: breakers.open && item === first ? "tx-down" : "",
          },
        ];
  return (
    <Tile
      overview={overview}
      title="Breakers"
      total={known(breakers.breakers, (count) => formatPlural(count, "breaker"))}
      figure={verdict}
      unit={alsoSo.join(", ")}
      tone={breakers.open ? "bad" : breakers.halfOpen ? "warn" : "plain"}
      below={
        breakers.breakers === null
          ? "No current metrics"
          : first === undefined
            ? "No failed calls in the last minute"
            : "Failure rate over the last minute, worst first"
      }
      facts={[...factOf(first), ...factOf(second), ...factOf(third)]}
    />
  );
};

/** The caches with their Redis servers; only the servers where no cache is reported. */
const CacheTile = ({ overview }: { overview: Overview }) => {
  const { redis, caches } = overview.tiles;
  const memory = known(redis.usedMemoryBytes.value, formatBytes);
  const commands = {
    label: "Commands",
    value: known(redis.opsPerSecond, (value) => `${formatCount(value)} /s`),
  };
  if (caches.caches === 0)
    return (
      <Tile
        overview={overview}
        title="Cache"
        total={formatPlural(redis.servers, "Redis server")}
        figure={memory}
        unit="used"
        trend={redis.usedMemoryBytes.trend}
        facts={[commands, { label: "Eviction", value: redis.evictionPolicy ?? "–" }]}
      />
    );
  const { lowest, hitRatio } = caches;
  const isLow = lowest?.isLow === true;
  return (
    <Tile
      overview={overview}
      title="Cache"
      total={formatPlural(caches.caches, "cache")}
      figure={known(hitRatio.value, formatPercent)}
      unit="hit ratio"
      trend={hitRatio.trend}
      trendTone={isLow ? "warn" : "plain"}
      facts={[
        {
          label: lowest === null ? "Lowest" : `Lowest: ${lowest.name}`,
          value: known(lowest?.hitRatio ?? null, formatPercent),
          tone: isLow ? "tx-warn" : "",
        },
        commands,
        { label: "Redis memory", value: memory },
      ]}
    />
  );
};

const WebhooksTile = ({ overview }: { overview: Overview }) => {
  const { webhooks } = overview.tiles;
  return (
    <Tile
      overview={overview}
      title="Webhooks"
      total={known(webhooks.endpoints, (count) => formatPlural(count, "endpoint"))}
      figure={known(webhooks.deliveredPerSecond.value, (value) => `${formatRate(value)} /s`)}
      unit="delivered"
      trend={webhooks.deliveredPerSecond.trend}
      facts={[
        {
          label: "Dead letters",
          value: known(webhooks.deadLetters, formatCount),
          tone: webhooks.deadLetters ? "tx-warn" : "",
        },
        { label: "First-attempt success", value: known(webhooks.firstAttemptSuccessRatio, formatPercent) },
        { label: "Pending", value: known(webhooks.pending, formatCount) },
      ]}
    />
  );
};

/** Four tiles, linked to their pages. */
export const Tiles = ({ overview, organization }: { overview: Overview; organization: string }) => (
  <div className={styles.tiles}>
    <section className={styles.tile}>
      <Link to="/o/$org/queues" params={{ org: organization }}>
        <QueuesTile overview={overview} />
      </Link>
    </section>
    <section className={styles.tile}>
      <Link to="/o/$org/breakers" params={{ org: organization }}>
        <BreakersTile overview={overview} />
      </Link>
    </section>
    <section className={styles.tile}>
      <Link to="/o/$org/caches" params={{ org: organization }}>
        <CacheTile overview={overview} />
      </Link>
    </section>
    <section className={styles.tile}>
      <Link to="/o/$org/webhooks" params={{ org: organization }}>
        <WebhooksTile overview={overview} />
      </Link>
    </section>
  </div>
);
