import { useQuery } from "@tanstack/react-query";
import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import { judgeFreshness } from "@wheelhouse/shared/freshness.ts";
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatPercent,
  formatRate,
  formatSpan,
} from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { useNow } from "#lib/live/now.ts";
import { type HistoryChart, HistoryCharts, type HistoryLine } from "#ui/chart/history-charts.tsx";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import styles from "./caches.module.css";
import { CacheStatus, Levels } from "./columns.tsx";
import { levelShares } from "./filter.ts";
import { CacheTimeToLive, cacheTimes } from "./keyspace.tsx";
import { redisServersQuery } from "./queries.ts";

const known = (value: number | null, format: (value: number) => string): string =>
  value === null ? "–" : format(value);
const perMinute = (value: number | null) => known(value, (count) => `${formatCount(Math.round(count))} /m`);
const levelNames = { memory: "In-process memory", redis: "Redis" } as const;

const LevelTable = ({ row }: { row: CacheRow }) => {
  const shares = levelShares(row);
  return (
    <table className={styles.mini}>
      <thead>
        <tr>
          <th scope="col">Level</th>
          <th scope="col" className="num">
            Answered
          </th>
          <th scope="col" className="num">
            Entries
          </th>
          <th scope="col" className="num">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {row.levels.map(({ level, entries, sizeBytes }) => (
          <tr key={level}>
            <td>{levelNames[level]}</td>
            <td className="num">
              {known(shares?.find((each) => each.level === level)?.share ?? null, formatPercent)}
            </td>
            <td className="num">{known(entries, formatCount)}</td>
            <td className="num">{known(sizeBytes, formatBytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const Groups = ({ row }: { row: CacheRow }) =>
  row.groups.length === 0 ? (
    <p className="c2">No calls in the last minute.</p>
  ) : (
    <table className={styles.mini}>
      <thead>
        <tr>
          <th scope="col">Keys</th>
          <th scope="col" className="num">
            Hit ratio
          </th>
          <th scope="col" className="num">
            Calls
          </th>
        </tr>
      </thead>
      <tbody>
        {row.groups.map(({ group, hitsPerMinute, missesPerMinute }) => {
          const calls = (hitsPerMinute ?? 0) + (missesPerMinute ?? 0);
          return (
            <tr key={group}>
              <td className="mono cut" title={group}>
                {group}
              </td>
              <td className="num">{calls === 0 ? "–" : formatPercent((hitsPerMinute ?? 0) / calls)}</td>
              <td className="num">{perMinute(calls)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );

const Instances = ({ row }: { row: CacheRow }) => {
  const nowMs = useNow();
  return (
    <ul className={styles.instances}>
      {row.instances.map(({ instance, observedAt }) => {
        const { state } = judgeFreshness({ observedAt, intervalMs: row.intervalMs }, nowMs);
        return (
          <li key={instance}>
            <span className="grow cut">{instance}</span>
            <Status
              inRow
              tone={state === "fresh" ? "ok" : state}
              label={state === "fresh" ? "Reporting" : state === "stale" ? "Stale" : "No data"}
            />
            <span className="c3 t12 nw">
              {observedAt === null ? "" : <Age at={observedAt} suffix="ago" />}
            </span>
          </li>
        );
      })}
    </ul>
  );
};

const hitLines: readonly HistoryLine[] = [{ metric: "hitRatio", label: "hits", tone: "accent" }];
const fixedCharts: readonly HistoryChart[] = [
  {
    title: "Calls per minute",
    lines: [
      { metric: "hitsPerMinute", label: "hits", tone: "accent" },
      { metric: "missesPerMinute", label: "misses", tone: "warn" },
      { metric: "evictedPerMinute", label: "evicted", tone: "plain" },
    ],
    format: (value) => `${formatRate(value)} /m`,
  },
  {
    title: "Memory",
    lines: [{ metric: "sizeBytes", label: "held", tone: "plain" }],
    format: formatBytes,
  },
];
const cacheCharts = (threshold: number | null): readonly HistoryChart[] => [
  {
    title: "Hit ratio",
    lines: hitLines,
    format: formatPercent,
    top: 1,
    ...(threshold === null ? {} : { threshold }),
  },
  ...fixedCharts,
];

const factsOf = (row: CacheRow) => [
  { label: "Hit ratio", value: known(row.hitRatio, formatPercent) },
  { label: "Threshold", value: known(row.threshold, formatPercent) },
  { label: "Hits", value: perMinute(row.hitsPerMinute) },
  { label: "Misses", value: perMinute(row.missesPerMinute) },
  { label: "Sets", value: perMinute(row.setsPerMinute) },
  { label: "Evicted", value: perMinute(row.evictedPerMinute) },
  { label: "Load, mean", value: known(row.loadMsMean, formatLatency) },
  {
    label: "Load time saved",
    value: row.savedMsPerMinute === null ? "–" : `${formatSpan(row.savedMsPerMinute)}/min`,
  },
  { label: "Coalesced loads", value: perMinute(row.coalescedPerMinute) },
  { label: "Service", value: row.service },
  { label: "Tags", value: row.tags.length === 0 ? "none" : row.tags.join(", ") },
];

const RatioTrend = ({ row, trend }: { row: CacheRow; trend: readonly (number | null)[] }) => (
  <div className={styles.drawerTrend}>
    <Sparkline
      values={trend}
      height={72}
      top={1}
      tone={row.label === "Low hit ratio" ? "warn" : "accent"}
      label={`Hit ratio of the last 10 minutes, now ${known(row.hitRatio, formatPercent)}`}
      {...(row.threshold === null ? {} : { threshold: row.threshold })}
    />
  </div>
);

/** Details of one cache, beside the list. */
export const CacheDrawer = (props: {
  organization: string;
  row: CacheRow | undefined;
  trend: readonly (number | null)[];
  freshness: Freshness["state"];
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onClose: () => void;
  onInvalidate: (() => void) | null;
}) => {
  const { organization, row, trend, freshness, onInvalidate, ...drawer } = props;
  const servers = useQuery(redisServersQuery(organization, useMoment()));
  if (row === undefined)
    return (
      <Drawer label="Cache" title="No such cache" {...drawer}>
        <Empty title="Cache not found">
          No instance reports this cache, or it belongs to another organization.
        </Empty>
      </Drawer>
    );
  const isFresh = freshness === "fresh";
  return (
    <Drawer
      label={`Cache ${row.name}`}
      title={row.name}
      status={
        <>
          <CacheStatus row={row} freshness={freshness} />
          {row.since !== null && (
            <span>
              since <Time at={row.since} full />, <Age at={row.since} suffix="ago" />
            </span>
          )}
        </>
      }
      footer={
        onInvalidate !== null && row.invalidateBy.length > 0 ? (
          <button type="button" className="btn lg" onClick={onInvalidate}>
            Invalidate…
          </button>
        ) : undefined
      }
      {...drawer}
    >
      {isFresh && row.state !== "ok" && row.cause !== null && <Note tone="warn" title={`${row.cause}.`} />}
      <div className={isFresh ? "" : "is-dim"}>
        <RatioTrend row={row} trend={trend} />
        <Levels row={row} />
        <LevelTable row={row} />
        <Facts facts={factsOf(row)} />
        <section className={styles.times}>
          <CacheTimeToLive found={cacheTimes(servers.data, row.id)} />
        </section>
        <HistoryCharts
          organization={organization}
          kind="cache"
          id={row.id}
          subjects={[row.name, row.id]}
          charts={cacheCharts(row.threshold)}
        />
        <h3 className="h">Key groups with most calls</h3>
        <Groups row={row} />
        <h3 className="h">Instances</h3>
        <Instances row={row} />
      </div>
    </Drawer>
  );
};
