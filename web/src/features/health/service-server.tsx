import type { ServiceDetail, SourceView } from "@wheelhouse/shared/health/health.ts";
import { formatBytes, formatCount, formatSpan } from "#lib/format.ts";
import { Facts } from "#ui/text/quantity.tsx";
import styles from "./services.module.css";

type Postgres = NonNullable<SourceView["postgres"]>;

const replicationOf = ({ role, replicas, replicationLagMs }: Postgres): string => {
  const lag = replicationLagMs === null ? "" : `, ${formatSpan(replicationLagMs)} behind`;
  if (role === "replica") return `a replica${lag}`;
  if (replicas === 0) return "no replica";
  return `${formatCount(replicas)} ${replicas === 1 ? "replica" : "replicas"}${lag}`;
};

const Largest = (props: { title: string; of: Postgres["largestTables"] }) =>
  props.of.length === 0 ? null : (
    <section className={styles.section}>
      <div className="sec-h">
        <h3 className="h">{props.title}</h3>
        <span className="t12 c3">measured every minute</span>
      </div>
      <table className={styles.mini}>
        <caption className="vh">{props.title} with their sizes</caption>
        <tbody>
          {props.of.map(({ name, sizeBytes }) => (
            <tr key={name}>
              <td className="mono">{name}</td>
              <td className="num">{formatBytes(sizeBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );

/** Metrics from the last sample of a Postgres server; Redis metrics are on the Cache page. */
export const ServerFigures = ({ server }: { server: ServiceDetail["server"] }) => {
  const postgres = server?.postgres ?? null;
  if (postgres === null) return server?.notice ? <p className="c2">{server.notice}.</p> : null;
  const { connections, maxConnections, poolSize, poolIdle, poolWaiting } = postgres;
  const { longestTransactionMs, blockedQueries, databaseSizeBytes } = postgres;
  return (
    <>
      <section className={styles.section}>
        <div className="sec-h">
          <h3 className="h">Server</h3>
        </div>
        <Facts
          facts={[
            {
              label: "Connections",
              value: `${formatCount(connections)} of ${formatCount(maxConnections)}`,
            },
            {
              label: "Wheelhouse's pool",
              value: `${formatCount(poolSize)} at most, ${formatCount(poolIdle)} idle, ${formatCount(poolWaiting)} waiting`,
            },
            { label: "Replication", value: replicationOf(postgres) },
            {
              label: "Longest transaction",
              value: longestTransactionMs === null ? "none open" : formatSpan(longestTransactionMs),
            },
            {
              label: "Waiting for locks",
              value: blockedQueries === 0 ? "none longer than 10 s" : formatCount(blockedQueries),
            },
            { label: "Database", value: formatBytes(databaseSizeBytes) },
          ]}
        />
      </section>
      <Largest title="Largest tables" of={postgres.largestTables} />
      <Largest title="Largest indexes" of={postgres.largestIndexes} />
    </>
  );
};
