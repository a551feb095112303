import { useQuery } from "@tanstack/react-query";
import type { Percentiles, QueueRow } from "@wheelhouse/shared/queues.ts";
import { formatCount, formatLatency, formatPlural } from "#lib/format.ts";
import { jobTimingsQuery } from "./queries.ts";
import styles from "./queues.module.css";

const shownNames = 5;

const Cells = ({ of }: { of: Percentiles | null | undefined }) =>
  (["p50", "p95", "p99"] as const).map((name) => (
    <td key={name} className="num">
      {of == null ? <span className="c3">–</span> : formatLatency(of[name])}
    </td>
  ));

const Head = ({ first }: { first: string }) => (
  <thead>
    <tr>
      <th>{first}</th>
      <th className="num">p50</th>
      <th className="num">p95</th>
      <th className="num">p99</th>
    </tr>
  </thead>
);

const ByName = ({ organization, id }: { organization: string; id: string }) => {
  const { data } = useQuery(jobTimingsQuery(organization, id));
  if (data === undefined || data.names.length < 2) return null;
  const rest = data.names.length - shownNames;
  return (
    <>
      <table className={styles.times}>
        <caption className="vh">Run times by name of job</caption>
        <Head first="Run, by name" />
        <tbody>
          {data.names.slice(0, shownNames).map(({ name, jobs, run }) => (
            <tr key={name}>
              <td className="cut" title={`${name}, ${formatPlural(jobs, "job")}`}>
                {name} <span className="c3">{formatCount(jobs)}</span>
              </td>
              <Cells of={run} />
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p className="t12 c3">{formatPlural(rest, "more name")} with fewer jobs</p>}
    </>
  );
};

/** How long jobs wait and run, of the queue and by name. `isPast`: the list is of a past moment. */
export const Times = (props: { organization: string; row: QueueRow; isPast: boolean }) => {
  const { organization, row, isPast } = props;
  const { wait, run, stalled = 0 } = row;
  if (wait === undefined && run === undefined) return null;
  return (
    <>
      <div className={`sec-h ${styles.timesHead}`}>
        <h3 className="h">Wait and run time, last 5 minutes</h3>
        <span className="grow" />
        <span className={stalled > 0 ? "tx-warn t12" : "c3 t12"}>{formatCount(stalled)} stalled</span>
      </div>
      <table className={styles.times}>
        <caption className="vh">Wait and run times</caption>
        <Head first="" />
        <tbody>
          <tr>
            <td>Wait</td>
            <Cells of={wait} />
          </tr>
          <tr>
            <td>Run</td>
            <Cells of={run} />
          </tr>
        </tbody>
      </table>
      {!isPast && <ByName organization={organization} id={row.id} />}
    </>
  );
};
