import type { ReplayDetail, ReplayEndpoint } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount, formatRate, zoneName } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Status } from "#ui/page/status.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { causeOf, urlText } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import { ReplayProgress } from "./replay-progress.tsx";
import css from "./replays.module.css";
import { happeningWords, laneView } from "./view.ts";

const rateText = ({ phase, ratePerSecond }: ReplayEndpoint, isRunning: boolean): string => {
  if (phase !== "sending" || !isRunning) return "–";
  return ratePerSecond === null ? "no limit" : `${formatRate(ratePerSecond)} /s`;
};

/** Held endpoints first, then those being sent to, then finished ones. */
export const ReplayEndpoints = ({ run }: { run: ReplayDetail }) => (
  <table className={`tb cards ${css.table}`}>
    <caption className="vh">Progress per endpoint</caption>
    <thead>
      <tr>
        <th scope="col">Endpoint</th>
        <th scope="col" className={css.mid}>
          State
        </th>
        <th scope="col" className={css.mid}>
          Progress
        </th>
        <th scope="col" className={`num ${css.mid}`}>
          Sent
        </th>
        <th scope="col" className={`num ${css.small}`}>
          Failed
        </th>
        <th scope="col" className={`num lo ${css.small}`}>
          Rate
        </th>
      </tr>
    </thead>
    <tbody>
      {run.endpoints.map((lane) => (
        <tr key={lane.endpointId}>
          <td className="two card-title">
            <b>{lane.name}</b>
            <small className="cut">{lane.cause ?? urlText(lane.url)}</small>
          </td>
          <td className="card-badge">
            <Status {...laneView(run, lane)} />
          </td>
          <td>
            <ReplayProgress run={lane} isHeld={lane.phase === "held"} />
          </td>
          <td className="num card-detail">
            <b>{formatCount(lane.sent)}</b> <span className="c3">of {formatCount(lane.total)}</span>
          </td>
          <td className={lane.failed > 0 ? "num tx-down b" : "num"}>
            <Count value={lane.failed} />
          </td>
          <td className="num lo">{rateText(lane, run.state === "running")}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** Failures by endpoint and response; each row links to its dead letters. */
export const ReplayFailures = (props: { run: ReplayDetail; address: PageAddress<WebhooksSearch> }) => {
  const { run, address } = props;
  if (run.failures.length === 0) return null;
  return (
    <>
      <div className={`sec-h ${css.head}`}>
        <h3 className="h">{formatCount(run.failed)} failed, by response</h3>
        <span className="c3 t12">these remain dead letters</span>
      </div>
      <table className="tb compact">
        <caption className="vh">Failed deliveries by response</caption>
        <tbody>
          {run.failures.map(({ endpointId, endpointName, statusCode, errorClass, count }) => (
            <tr key={`${endpointId} ${statusCode} ${errorClass}`}>
              <td>
                {causeOf({ lastStatusCode: statusCode, errorClass, errorMessage: null }) ?? "No response"}
              </td>
              <td className="c2 cut">{endpointName}</td>
              <td className="num b">{formatCount(count)}</td>
              <td className="num">
                <AddressLink
                  className="link"
                  address={address}
                  to={{
                    status: ["dead_letter"],
                    endpointId: [endpointId],
                    ...(errorClass === null ? {} : { errorClass: [errorClass] }),
                  }}
                >
                  Show
                </AddressLink>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
};

/** The journal, and what the run guarantees. */
export const ReplayAside = ({ run }: { run: ReplayDetail }) => {
  const { zone } = usePreferences();
  return (
    <aside className={css.aside}>
      <div className="sec-h">
        <h3 className="h">Journal</h3>
        <span className="c3 t12">{zoneName(zone)}, newest first</span>
      </div>
      <ol className={`t12 ${css.journal}`}>
        {run.journal.map(({ at, what, endpointName, detail }) => (
          <li key={`${at} ${what} ${endpointName ?? ""}`}>
            <Time at={at} />
            <div>
              <span className={what === "held" || what === "paused" ? "tx-warn" : undefined}>
                {endpointName === null ? happeningWords[what] : `${endpointName}: ${happeningWords[what]}`}
              </span>
              {detail !== null && <small className="c3">{detail}</small>}
            </div>
          </li>
        ))}
      </ol>
      <p className="c2 t12">
        <b>You can close this page.</b> The run continues, survives a restart, and sends each delivery once.
      </p>
    </aside>
  );
};
