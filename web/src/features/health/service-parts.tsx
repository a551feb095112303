import type { ServiceDetail } from "@wheelhouse/shared/health/health.ts";
import { formatLatency } from "#lib/format.ts";
import { Status } from "#ui/page/status.tsx";
import { Age } from "#ui/text/time.tsx";
import styles from "./services.module.css";
import type { ServiceView } from "./services-view.ts";

const stateNames = { ok: "OK", degraded: "Degraded", down: "Down", unknown: "Unknown" } as const;

type Instance = ServiceDetail["instances"][number];

export const Components = ({ instance, isOnly }: { instance: Instance; isOnly: boolean }) =>
  instance.components.length === 0 ? null : (
    <section className={styles.section}>
      <div className="sec-h">
        <h3 className="h">Components{isOnly ? "" : ` of ${instance.id}`}</h3>
        {instance.observedAt !== null && (
          <span className="t12 c3">
            reported <Age at={instance.observedAt} suffix="ago" />
          </span>
        )}
      </div>
      <ul className={styles.components}>
        {instance.components.map(({ id, name, depth, state, status, detail }) => (
          <li key={id}>
            <span
              className={`cut ${detail === null ? styles.alone : ""}`}
              style={{ paddingLeft: depth * 16 }}
              title={name}
            >
              {name}
            </span>
            {detail !== null && (
              <span className="cut c2" title={detail}>
                {detail}
              </span>
            )}
            <Status tone={state} label={status === "" ? state : status} inRow />
          </li>
        ))}
      </ul>
    </section>
  );

export const Conditions = ({ instance, isOnly }: { instance: Instance; isOnly: boolean }) => {
  const { conditions } = instance;
  if (conditions.length === 0) return null;
  const passing = conditions.filter(({ passed }) => passed).length;
  return (
    <section className={styles.section}>
      <div className="sec-h">
        <h3 className="h">Conditions{isOnly ? "" : ` of ${instance.id}`}</h3>
        <span className="t12 c3">
          {passing} of {conditions.length} pass
        </span>
      </div>
      <table className={styles.mini}>
        <caption className="vh">Conditions with observed values</caption>
        <tbody>
          {conditions.map(({ text, observed, passed }) => (
            <tr key={text}>
              <td className="mono">{text}</td>
              <td className="num">{observed ?? "–"}</td>
              <td>
                <Status tone={passed ? "ok" : "down"} label={passed ? "Pass" : "Fail"} inRow />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

export const Instances = ({ view, detail }: { view: ServiceView; detail: ServiceDetail }) => {
  const { instances } = view.row;
  if (instances.length < 2) return null;
  return (
    <section className={styles.section}>
      <div className="sec-h">
        <h3 className="h">Instances</h3>
      </div>
      <table className={styles.mini}>
        <caption className="vh">Instances with address, latency and state</caption>
        <tbody>
          {instances.map(({ id, state, cause, latencyMs }) => (
            <tr key={id}>
              <td>
                <div className={styles.instance}>
                  <span>{id}</span>
                  <span className="c2">
                    {cause ?? detail.instances.find((each) => each.id === id)?.target}
                  </span>
                </div>
              </td>
              <td className="num">{latencyMs === null ? "–" : formatLatency(latencyMs)}</td>
              <td>
                <Status tone={state} label={stateNames[state]} inRow />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};
