import type { RedisServerList } from "@wheelhouse/shared/caches/caches.ts";
import { type ReactNode, useState } from "react";
import { formatBytes, formatCount, formatPercent, formatRate, formatSpan } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { type HistoryChart, HistoryCharts } from "#ui/chart/history-charts.tsx";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { useCurrency } from "#ui/page/freshness-line.tsx";
import { Status } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import styles from "./caches.module.css";
import { Keyspace, SlowLog, TimeToLive } from "./keyspace.tsx";

export type Server = RedisServerList["items"][number];
type Figures = NonNullable<Server["server"]["redis"]>;

const known = (value: number | null, format: (value: number) => string): string =>
  value === null ? "–" : format(value);

const Figure = (props: {
  label: string;
  value: string;
  unit: string;
  values: readonly (number | null)[];
  threshold?: number;
  under: ReactNode;
}) => (
  <div className={styles.figure}>
    <div className="stat">
      <div className="l">{props.label}</div>
      <div className="v">
        {props.value} <small>{props.unit}</small>
      </div>
    </div>
    <div className={styles.figureTrend}>
      <Sparkline
        values={props.values}
        height={36}
        label={`${props.label}, last 10 minutes`}
        {...(props.threshold === undefined ? {} : { threshold: props.threshold })}
      />
    </div>
    <div className="t12 c3">{props.under}</div>
  </div>
);

/** Redis calls take fractions of a millisecond: `4 µs`, `0.41 ms`, `28 ms`. */
const formatCall = (latencyMs: number): string =>
  latencyMs < 0.1
    ? `${Math.max(1, Math.round(latencyMs * 1_000))} µs`
    : `${latencyMs < 10 ? latencyMs.toFixed(2) : Math.round(latencyMs)} ms`;

const nearlyFull = 0.9;

const policyWords = ({ evictionPolicy }: Figures): string =>
  evictionPolicy === null
    ? "policy not reported"
    : evictionPolicy === "noeviction"
      ? "policy noeviction, as BullMQ requires"
      : `policy ${evictionPolicy}: may evict jobs, BullMQ requires noeviction`;

const replicationWords = ({ role, replicas, replicationLagSeconds }: Figures): string => {
  const lag = replicationLagSeconds === null ? "" : ` ${replicationLagSeconds} s behind`;
  if (role === "replica") return `replica${lag}`;
  if (role === null) return "role not reported";
  return replicas === null || replicas === 0
    ? "primary"
    : `primary, ${replicas} ${replicas === 1 ? "replica" : "replicas"}${lag}`;
};

const persistenceWords = ({ persistenceOk }: Figures): string =>
  persistenceOk === null
    ? "persistence not reported"
    : persistenceOk
      ? "last write to disk succeeded"
      : "last write to disk failed";

/** Distinguishes no limit from a limit that is not reported. */
const limitWords = (limit: number | null) => {
  if (limit === null) return { unit: "limit not reported", under: "limit not reported" };
  if (limit === 0) return { unit: "no limit set", under: "limited by the machine" };
  return { unit: `of ${formatBytes(limit)}`, under: `degraded at ${formatBytes(limit * nearlyFull)}` };
};

const isEmpty = (values: readonly (number | null)[]): boolean => values.every((value) => value === null);

const FigureStrip = ({ item, figures }: { item: Server; figures: Figures }) => {
  const { trends, detail } = item;
  const isPast = useMoment() !== null;
  const latency = detail?.latency?.all ?? null;
  const limit = figures.maxMemoryBytes;
  return (
    <div className={styles.figures}>
      <Figure
        label="Memory"
        value={known(figures.usedMemoryBytes, formatBytes)}
        unit={limitWords(limit).unit}
        values={trends.memory.values}
        {...(limit === null || limit === 0 ? {} : { threshold: limit * nearlyFull })}
        under={limitWords(limit).under}
      />
      <Figure
        label="Commands"
        value={known(figures.opsPerSecond, formatRate)}
        unit="/s"
        values={trends.commands.values}
        under={`in ${known(figures.inputBytesPerSecond, formatBytes)}/s, out ${known(figures.outputBytesPerSecond, formatBytes)}/s`}
      />
      <Figure
        label="Latency p99"
        value={known(latency?.p99Ms ?? null, formatCall)}
        unit={detail?.latency ? `last ${formatSpan(detail.latency.windowMs)}` : ""}
        values={trends.latency.values}
        under={`p50 ${known(latency?.p50Ms ?? null, formatCall)} · p99.9 ${known(latency?.p999Ms ?? null, formatCall)}${isPast && isEmpty(trends.latency.values) ? " · trend not recorded then" : ""}`}
      />
      <Figure
        label="Fragmentation"
        value={known(figures.fragmentationRatio, (ratio) => ratio.toFixed(2))}
        unit={known(figures.fragmentationBytes, (bytes) => formatBytes(Math.max(0, bytes)))}
        values={trends.fragmentation.values}
        under="ratio and bytes"
      />
      <Figure
        label="Evicted keys"
        value={known(figures.evictedPerSecond, formatRate)}
        unit="/s"
        values={trends.evicted.values}
        under={`expired ${known(figures.expiredPerSecond, formatRate)} /s`}
      />
      <Figure
        label="Clients"
        value={known(figures.connectedClients, formatCount)}
        unit={
          figures.maxClients === null || figures.maxClients === 0
            ? ""
            : `of ${formatCount(figures.maxClients)}`
        }
        values={trends.clients.values}
        under={`${known(figures.blockedClients, formatCount)} blocked, waiting for jobs`}
      />
    </div>
  );
};

/** Hits and misses as the server counts them, and why they differ from the caches' hit ratio. */
const ServerWide = ({ figures }: { figures: Figures }) => (
  <details className={styles.serverWide}>
    <summary>
      Server-wide: {known(figures.hitsPerSecond, formatRate)} hits /s,{" "}
      {known(figures.missesPerSecond, formatRate)} misses /s
      <span className="c3">
        {" "}
        · lifetime ratio {known(figures.lifetimeHitRatio, formatPercent)}, since server start · polling empty
        queues counts as misses
      </span>
    </summary>
    <p className="c2">
      Redis counts a miss for every lookup of a missing key: workers that poll empty queues and monitoring add
      misses; time-to-live checks of existing keys, including those of the sample below, add hits. This is
      therefore not the hit ratio of a cache. The table above shows what the applications themselves count.
    </p>
  </details>
);

const charts: readonly HistoryChart[] = [
  {
    title: "Memory",
    lines: [{ metric: "usedMemoryBytes", label: "used", tone: "accent" }],
    format: formatBytes,
  },
  {
    title: "Commands",
    lines: [{ metric: "opsPerSecond", label: "commands", tone: "accent" }],
    format: (value) => `${formatRate(value)} /s`,
  },
  {
    title: "Evicted keys",
    lines: [{ metric: "evictedPerSecond", label: "evicted", tone: "warn" }],
    format: (value) => `${formatRate(value)} /s`,
  },
  {
    title: "Round trip",
    lines: [{ metric: "roundTripMs", label: "round trip", tone: "plain" }],
    format: formatCall,
  },
];

/** Loaded only when opened, because a page may show several servers. */
const ServerHistory = ({ organization, server }: { organization: string; server: Server["server"] }) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={styles.serverWide} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Memory, commands and evictions over time</summary>
      {isOpen && (
        <HistoryCharts
          organization={organization}
          kind="server"
          id={server.id}
          subjects={[server.name, server.id]}
          charts={charts}
        />
      )}
    </details>
  );
};

/** One Redis server: metrics with trends, keyspace sample and slow log. */
export const RedisPanel = ({ organization, item }: { organization: string; item: Server }) => {
  const { server, detail } = item;
  const { redis: figures, state, cause } = server;
  const currency = useCurrency(server);
  const isCurrent = currency === "fresh";
  const isRefused = Boolean(detail?.notice);
  const isOld = !isCurrent || state === "down" || state === "unknown";
  const word =
    state === "ok" ? "OK" : state === "degraded" ? "Degraded" : state === "down" ? "Down" : "Unknown";
  return (
    <section className={styles.server} aria-label={`Redis ${server.name}`}>
      <div className={`sec-h pad ${styles.serverHead}`}>
        <h2 className="h">{server.name}</h2>
        {isCurrent || (state === "down" && currency !== "lost") ? (
          <Status tone={state} label={word} />
        ) : (
          <Status
            tone={currency === "unknown" ? "unknown" : "stale"}
            label={currency === "lost" ? "Collector lost" : currency === "stale" ? "Stale" : "Unknown"}
            was={word === "OK" ? word : word.toLowerCase()}
          />
        )}
        <span className="c3 t12">
          {figures !== null &&
            `${figures.version ?? "version not reported"}, ${replicationWords(figures)} · ${policyWords(figures)} · ${persistenceWords(figures)} · up ${known(figures.uptimeSeconds, (seconds) => formatSpan(seconds * 1000))} · deltas of ${formatSpan(server.intervalMs)} samples`}
          {isOld && server.observedAt !== null && (
            <>
              {" · last response "}
              <Age at={server.observedAt} suffix="ago" />
            </>
          )}
        </span>
      </div>
      {cause !== null && state !== "ok" && (
        <p className={`pad ${isOld && state !== "down" ? "c2" : state === "down" ? "tx-down" : "tx-warn"}`}>
          {cause}
        </p>
      )}
      <div className={isOld ? "is-dim" : ""}>
        {figures === null ? (
          <p className="pad c2">No sample yet.</p>
        ) : (
          <div className={isOld ? `hatch ${styles.was}` : ""}>
            <FigureStrip item={item} figures={figures} />
            <ServerWide figures={figures} />
          </div>
        )}
        {server.notice && <p className="pad c2">{server.notice}.</p>}
        {detail?.notice && <p className="pad c2">{detail.notice}.</p>}
        <ServerHistory organization={organization} server={server} />
        <div className={`${styles.three} ${isOld ? "hatch" : ""}`}>
          <Keyspace keyspace={detail?.keyspace ?? null} isRefused={isRefused} />
          <TimeToLive keyspace={detail?.keyspace ?? null} />
          <SlowLog slowLog={detail?.slowLog ?? null} />
        </div>
      </div>
    </section>
  );
};
