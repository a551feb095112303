import type { RedisServerList } from "@wheelhouse/shared/caches/caches.ts";
import { formatBytes, formatCount, formatLatency, formatPercent, formatTime, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Age } from "#ui/text/time.tsx";
import styles from "./caches.module.css";

type Detail = NonNullable<RedisServerList["items"][number]["detail"]>;

const Prefixes = ({ keyspace }: { keyspace: NonNullable<Detail["keyspace"]> }) => {
  const { prefixes, others, sampledKeys, totalKeys } = keyspace;
  const rows = [
    ...prefixes.map((each) => ({ ...each, name: each.prefix, isOthers: false })),
    ...(others === null
      ? []
      : [{ ...others, name: `${formatCount(others.prefixes)} others`, isOthers: true }]),
  ];
  const most = Math.max(1, ...rows.map(({ bytes }) => bytes));
  const isEstimate = sampledKeys < totalKeys;
  return (
    <table className={styles.mini}>
      <thead>
        <tr>
          <th scope="col">Prefix</th>
          <th scope="col" className="num">
            Keys{isEstimate ? ", est." : ""}
          </th>
          <th scope="col" className="num">
            Mean
          </th>
          <th scope="col" className="num">
            Memory
          </th>
          <th scope="col">
            <span className="vh">Share</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, keys, meanBytes, bytes, isOthers }) => (
          <tr key={name}>
            <td className={isOthers ? "c2" : "mono cut"} title={name}>
              {name}
            </td>
            <td className="num">{formatCount(keys)}</td>
            <td className="num c2">{formatBytes(meanBytes)}</td>
            <td className="num">{formatBytes(bytes)}</td>
            <td className={styles.share}>
              <div className="meter">
                <i style={{ width: `${Math.max(1, (bytes / most) * 100)}%` }} />
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

/** Keys and memory by prefix, estimated from a sample whose size is shown. */
export const Keyspace = ({
  keyspace,
  isRefused,
}: {
  keyspace: Detail["keyspace"];
  /** The server refuses to be read in part, so that a sample may never come. */
  isRefused: boolean;
}) => {
  const { zone } = usePreferences();
  if (keyspace === null)
    return (
      <section>
        <h3 className="h">Keyspace by prefix</h3>
        <p className="c2">{isRefused ? "No sample." : "No sample yet. The first arrives within a minute."}</p>
      </section>
    );
  const { sampledKeys, totalKeys, observedAt, database } = keyspace;
  return (
    <section>
      <div className="sec-h">
        <h3 className="h">Keyspace by prefix</h3>
        <span className="c3 t12">
          sampled {formatCount(sampledKeys)} of {formatCount(totalKeys)} at {formatTime(observedAt, zone)}{" "}
          {zoneName(zone)}
          {database === 0 ? "" : `, database ${database}`}
        </span>
      </div>
      {totalKeys === 0 ? <p className="c2">No keys.</p> : <Prefixes keyspace={keyspace} />}
    </section>
  );
};

const spans = ["none", "< 1 m", "< 10 m", "< 1 h", "< 6 h", "< 24 h", "< 7 d", "≥ 7 d"] as const;

const Shares = ({ shares }: { shares: readonly number[] }) => {
  const most = Math.max(0, ...shares);
  return (
    <ul className={styles.ttl}>
      {spans.map((span, index) => {
        const share = shares[index] ?? 0;
        return (
          <li key={span} title={`${span}: ${formatPercent(share)}`}>
            <i style={{ height: `${most === 0 ? 0 : (share / most) * 100}%` }} />
            <span>{span}</span>
            <span className="vh">{formatPercent(share)}</span>
          </li>
        );
      })}
    </ul>
  );
};

/** Remaining time to live of the sampled keys. */
export const TimeToLive = ({ keyspace }: { keyspace: Detail["keyspace"] }) => {
  const shares = keyspace?.timeToLive.shares ?? [];
  return (
    <section>
      <div className="sec-h">
        <h3 className="h">Time to live</h3>
        <span className="c3 t12">
          {keyspace === null ? "" : `share of ${formatCount(keyspace.timeToLive.sampledKeys)} sampled keys`}
        </span>
      </div>
      {shares.every((share) => share === 0) ? (
        <p className="c2">{keyspace === null ? "No sample yet." : "No keys."}</p>
      ) : (
        <Shares shares={shares} />
      )}
    </section>
  );
};

/** Remaining time to live of a cache's own keys; null where no server has a prefix for it. */
export const cacheTimes = (servers: RedisServerList | undefined, id: string) => {
  for (const { detail } of servers?.items ?? []) {
    const keyspace = detail?.keyspace;
    const times = keyspace?.caches?.find((each) => each.id === id);
    if (keyspace && times) return { times, keyspace };
  }
  return null;
};

/** Remaining time to live of one cache's keys, from a sample whose size is shown. */
export const CacheTimeToLive = ({ found }: { found: ReturnType<typeof cacheTimes> }) => {
  const { zone } = usePreferences();
  if (found === null)
    return (
      <>
        <h3 className="h">Time to live</h3>
        <p className="c2">Not sampled. Declare the prefix of this cache's keys on Sources to see it.</p>
      </>
    );
  const { times, keyspace } = found;
  const isEstimate = keyspace.sampledKeys < keyspace.totalKeys;
  return (
    <>
      <div className="sec-h">
        <h3 className="h">Time to live</h3>
        <span className="c3 t12">
          sampled {formatCount(times.sampledKeys)} of {isEstimate ? "about " : ""}
          {formatCount(times.keys)} at {formatTime(keyspace.observedAt, zone)} {zoneName(zone)}
        </span>
      </div>
      {times.sampledKeys === 0 ? (
        <p className="c2">No keys in this sample.</p>
      ) : (
        <Shares shares={times.shares} />
      )}
    </>
  );
};

const shownEntries = 8;

/** Newest slow commands, with keys but never with values. */
export const SlowLog = ({ slowLog }: { slowLog: Detail["slowLog"] }) => (
  <section>
    <div className="sec-h">
      <h3 className="h">Slow log</h3>
      <span className="c3 t12">
        {slowLog?.thresholdMs == null ? "" : `over ${formatLatency(slowLog.thresholdMs)}`}
      </span>
    </div>
    {slowLog === null ? (
      <p className="c2">Not read yet.</p>
    ) : slowLog.entries.length === 0 ? (
      <p className="c2">No slow commands.</p>
    ) : (
      <table className={styles.mini}>
        <thead>
          <tr>
            <th scope="col">Command</th>
            <th scope="col" className="num">
              Took
            </th>
            <th scope="col" className="num">
              Ago
            </th>
          </tr>
        </thead>
        <tbody>
          {slowLog.entries.slice(0, shownEntries).map(({ id, command, tookMs, at }) => (
            <tr key={id}>
              <td className="mono cut" title={command}>
                {command}
              </td>
              <td className="num">{formatLatency(tookMs)}</td>
              <td className="num c2">
                <Age at={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
);
