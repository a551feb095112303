import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import { formatBytes, formatCount, formatLatency, formatPercent, formatSpan } from "#lib/format.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Status } from "#ui/page/status.tsx";
import type { Column } from "#ui/table/table.tsx";
import styles from "./caches.module.css";
import { levelShares } from "./filter.ts";

/** One line of the table; it renders again only when row or trend changed. */
export type CacheView = {
  row: CacheRow;
  trend: readonly (number | null)[];
  /** Opens the dialog; null without permission, or where the cache accepts no commands. */
  onInvalidate: ((id: string) => void) | null;
};

const None = () => (
  <span className="zero" title="not known">
    –
  </span>
);
const orNone = (value: number | null, format: (value: number) => string) =>
  value === null ? <None /> : value === 0 ? <span className="zero">0</span> : format(value);
const perMinute = (value: number | null) => orNone(value, (count) => formatCount(Math.round(count)));

export const CacheStatus = ({ row, freshness }: { row: CacheRow; freshness: Freshness["state"] }) =>
  freshness === "fresh" ? (
    <Status tone={row.state} label={row.label} />
  ) : (
    <Status
      tone={freshness === "stale" ? "stale" : "unknown"}
      label={freshness === "stale" ? "Stale" : "Unknown"}
      was={row.label}
    />
  );

const Name = ({ row, freshness }: { row: CacheRow; freshness: Freshness["state"] }) => {
  const tags = row.tags.length === 0 ? "" : ` · tags: ${row.tags.slice(0, 4).join(", ")}`;
  const line = row.state === "ok" ? `${row.service}${tags}` : `${row.service} · ${row.cause ?? row.label}`;
  return (
    <>
      <span className={styles.name}>
        {row.name}{" "}
        {(row.state !== "ok" && row.label !== "Low hit ratio") || freshness !== "fresh" ? (
          <CacheStatus row={row} freshness={freshness} />
        ) : null}
      </span>
      <small title={line}>{line}</small>
    </>
  );
};

/** Values that are no longer reported are marked as past. */
const wasOf = ({ state }: CacheRow): string => (state === "unknown" ? "was " : "");

const Ratio = ({ row }: { row: CacheRow }) =>
  row.hitRatio === null ? (
    <None />
  ) : (
    <span className={row.label === "Low hit ratio" ? "tx-warn b" : row.state === "unknown" ? "c3" : ""}>
      {wasOf(row)}
      {formatPercent(row.hitRatio)}
    </span>
  );

/** Dark: answered from process memory; light: from Redis; the rest were misses. */
export const Levels = ({ row }: { row: CacheRow }) => {
  const shares = levelShares(row);
  if (shares === null) return <None />;
  const words = shares.map(({ level, share }) => `${level} ${formatPercent(share)}`).join(", ");
  return (
    <div className={styles.levels} role="img" aria-label={`Answered by ${words}`} title={words}>
      {shares.map(({ level, share }) => (
        <i key={level} className={styles[level]} style={{ width: `${share * 100}%` }} />
      ))}
    </div>
  );
};

const LevelNumbers = ({ row }: { row: CacheRow }) => {
  const [first, second] = levelShares(row) ?? [];
  if (first === undefined) return <None />;
  const text = (share: number) => (share * 100).toFixed(1);
  return (
    <>
      {text(first.share)}
      {second !== undefined && <span className="c3"> + {text(second.share)}</span>}
    </>
  );
};

const columns = (freshness: Freshness["state"]): readonly Column<CacheView>[] => [
  {
    id: "name",
    header: "Cache",
    className: `two ${styles.first}`,
    card: "title",
    cell: ({ row }) => <Name row={row} freshness={freshness} />,
  },
  {
    id: "ratio",
    header: "Hit ratio",
    num: true,
    sorted: "ascending",
    card: "badge",
    cell: ({ row }) => <Ratio row={row} />,
  },
  {
    id: "trend",
    header: "Last 10 m",
    className: styles.trend ?? "",
    drop: "second",
    cell: ({ row, trend }) => (
      <Sparkline
        values={trend}
        height={20}
        top={1}
        label={`${row.name}, hit ratio in the last 10 minutes`}
        tone={row.label === "Low hit ratio" ? "warn" : "plain"}
        {...(row.threshold === null ? {} : { threshold: row.threshold })}
      />
    ),
  },
  {
    id: "levels",
    header: "Memory, Redis",
    className: styles.level ?? "",
    cell: ({ row }) => <Levels row={row} />,
  },
  {
    id: "shares",
    header: "% by level",
    num: true,
    drop: "second",
    cell: ({ row }) => <LevelNumbers row={row} />,
  },
  {
    id: "hits",
    header: "Hits /m",
    num: true,
    card: "detail",
    cell: ({ row }) => (
      <>
        {perMinute(row.hitsPerMinute)}
        <span className={`only-phone ${styles.unit}`}> hits /m</span>
      </>
    ),
  },
  { id: "misses", header: "Misses /m", num: true, cell: ({ row }) => perMinute(row.missesPerMinute) },
  {
    id: "sets",
    header: "Sets /m",
    num: true,
    drop: "first",
    cell: ({ row }) => perMinute(row.setsPerMinute),
  },
  {
    id: "evicted",
    header: "Evicted /m",
    num: true,
    drop: "first",
    cell: ({ row }) => perMinute(row.evictedPerMinute),
  },
  {
    id: "load",
    header: "Load mean",
    num: true,
    drop: "first",
    cell: ({ row }) => orNone(row.loadMsMean, (value) => `${wasOf(row)}${formatLatency(value)}`),
  },
  {
    id: "saved",
    header: "Time saved /m",
    num: true,
    drop: "second",
    cell: ({ row }) => orNone(row.savedMsPerMinute, formatSpan),
  },
  {
    id: "size",
    header: "Size",
    num: true,
    card: "age",
    cell: ({ row }) => orNone(row.sizeBytes, (value) => `${wasOf(row)}${formatBytes(value)}`),
  },
  {
    id: "act",
    header: <span className="vh">Action</span>,
    className: "num",
    cell: ({ row, onInvalidate }) =>
      onInvalidate === null || row.invalidateBy.length === 0 ? null : (
        <button
          type="button"
          className="btn"
          aria-label={`Invalidate ${row.name}…`}
          onClick={(event) => {
            event.stopPropagation();
            onInvalidate(row.id);
          }}
        >
          Invalidate…
        </button>
      ),
  },
];

/** Columns by freshness of the data. Each set is a constant, so that unchanged rows do not render again. */
export const cacheColumns = {
  fresh: columns("fresh"),
  stale: columns("stale"),
  unknown: columns("unknown"),
} as const;
