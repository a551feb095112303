import type { ReplayDetail } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { RateChart } from "#ui/run/rate-chart.tsx";
import { RunJournal } from "#ui/run/run-journal.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { causeOf } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "./replays.module.css";
import { happeningWords } from "./view.ts";

/** Failures by endpoint and response; each row links to its dead letters. */
export const ReplayFailures = (props: {
  run: ReplayDetail;
  address: PageAddress<WebhooksSearch>;
  onPlan: (() => void) | null;
}) => {
  const { run, address, onPlan } = props;
  if (run.failures.length === 0) return null;
  return (
    <>
      <div className={`sec-h ${css.head}`}>
        <h3 className="h">{formatCount(run.failed)} failed, by response</h3>
        <span className="c3 t12 grow">these remain dead letters</span>
        {onPlan !== null && <Button onClick={onPlan}>Plan them again…</Button>}
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
export const ReplayAside = ({ run }: { run: ReplayDetail }) => (
  <>
    <RunJournal
      entries={run.journal.map(({ at, what, endpointName, detail }) => ({
        at,
        text: endpointName === null ? happeningWords[what] : `${endpointName}: ${happeningWords[what]}`,
        detail,
        isWarning: what === "held" || what === "paused" || what === "slowed",
      }))}
    />
    <p className="c2 t12">
      <b>You can close this page.</b> The run continues, survives a restart, and sends each delivery once.
    </p>
  </>
);

/** How fast each endpoint got its deliveries, with what changed it. */
export const ReplayRates = ({ run }: { run: ReplayDetail }) => {
  const nowMs = useNow();
  const { startsAt, endedAt, rates, endpoints, journal, ratePerSecond } = run;
  const fromMs = Date.parse(startsAt ?? run.plannedAt);
  if (startsAt === null || nowMs < fromMs) return null;
  const lastMs = Math.max(...rates.flatMap(({ points }) => points.map(({ at }) => Date.parse(at))), fromMs);
  return (
    <RateChart
      title="Rate per endpoint"
      unit="deliveries /s"
      limit={ratePerSecond}
      lanes={endpoints.map(({ endpointId, name }) => ({ id: endpointId, name }))}
      rates={rates}
      moments={journal
        .filter(({ what }) => what === "slowed" || what === "held" || what === "paused")
        .map(({ at, what, endpointName, detail }) => ({
          at,
          text: `${endpointName ?? "Run"}: ${detail ?? happeningWords[what]}`,
        }))}
      fromMs={fromMs}
      toMs={
        endedAt === null
          ? run.state === "running"
            ? nowMs
            : Math.max(lastMs, fromMs + 1)
          : Date.parse(endedAt)
      }
    />
  );
};
