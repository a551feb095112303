import { useQuery } from "@tanstack/react-query";
import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import {
  type BreakerRow,
  type Forced,
  failedShareOf,
  type readBreaker,
} from "@wheelhouse/shared/breakers.ts";
import type { EndpointResult } from "@wheelhouse/shared/endpoint.ts";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import { useState } from "react";
import { ApiError } from "#lib/api/api.ts";
import { useCan } from "#lib/api/session.ts";
import { formatLatency, formatPercent, formatRate, formatSpan } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { type HistoryChart, HistoryCharts, type HistoryLine } from "#ui/chart/history-charts.tsx";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { TimeAxis } from "#ui/chart/time-axis.tsx";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time } from "#ui/text/time.tsx";
import css from "./breakers.module.css";
import { BreakerCommandDialog, commandWords } from "./command-dialog.tsx";
import { BreakerBadge, FailureRate, HourLine, NextProbe, PerMinute } from "./parts.tsx";
import { breakerQuery } from "./queries.ts";
import { StateChanges } from "./state-changes.tsx";

const settingsOf = ({ threshold, coolDownMs, kind }: BreakerRow): string => {
  if (kind === "concurrency") return "limits concurrent calls";
  const parts = [
    ...(threshold === null ? [] : [`opens at ${Math.round(threshold * 100)}% failures`]),
    ...(coolDownMs === null ? [] : [`${formatSpan(coolDownMs)} cool-down`]),
  ];
  return parts.length === 0 ? "not reported by the library" : parts.join(", ");
};

/** Why the breaker accepts no commands. */
const watchOnly = ({ library, service, kind }: BreakerRow): string => {
  if (library === "Wheelhouse" && service === "webhook-delivery")
    return "read-only: all workers share one state; enable or disable the endpoint on the Webhooks page";
  if (kind === "concurrency") return "read-only: a concurrency limit has no state to override";
  return `read-only: ${library} metrics are scraped, and no reporter accepts commands`;
};

const latencyOf = ({ latencyMsP50, latencyMsP95, latencyMsP99 }: BreakerRow): string => {
  const percentiles = [
    ["p50", latencyMsP50],
    ["p95", latencyMsP95],
    ["p99", latencyMsP99],
  ] as const;
  const parts = percentiles.flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${formatLatency(value)}`],
  );
  return parts.length === 0 ? "not reported" : parts.join(", ");
};

const Trend = ({ organization, row }: { organization: string; row: BreakerRow }) => {
  const moment = useMoment();
  const detail = useQuery(breakerQuery(organization, row.id, moment));
  const isConcurrency = row.kind === "concurrency";
  return (
    <Panel name="The trend" query={detail} skeletonRows={2}>
      {({ observedAt, failureRatio, failedPerMinute }) => {
        const series = isConcurrency ? failedPerMinute : failureRatio;
        const spanMs = Math.max(series.values.length - 1, 0) * series.intervalMs;
        const minutes = Math.round((spanMs + series.intervalMs) / 60_000);
        if (series.values.every((value) => value === null)) return null;
        return (
          <>
            <div className={`sec-h ${css.section}`}>
              <h3 className="h">{isConcurrency ? "Rejected calls" : "Failure rate"}</h3>
              <span className="c3 t12">
                all instances, own window, {moment === null ? "last " : "the "}
                {minutes === 60 ? "hour" : `${minutes} minutes`}
                {moment === null ? "" : " before"}
              </span>
              <span className="grow" />
              <span className="t12">
                {isConcurrency ? <PerMinute value={row.refusedPerMinute} /> : <FailureRate row={row} />}
              </span>
            </div>
            <div className={css.chart}>
              <Sparkline
                values={series.values}
                height={64}
                label={`Failure rate, now ${row.failureRatio === null ? "not reported" : formatPercent(row.failureRatio)}`}
                tone={row.state === "open" ? "bad" : "plain"}
                {...(isConcurrency ? {} : { top: 1 })}
                {...(row.threshold === null ? {} : { threshold: row.threshold })}
              />
              {row.threshold !== null && (
                <span className={css.threshold} style={{ bottom: `${row.threshold * 100}%` }}>
                  threshold {Math.round(row.threshold * 100)}%
                </span>
              )}
            </div>
            {observedAt !== null && <TimeAxis observedAt={observedAt} spanMs={spanMs} />}
          </>
        );
      }}
    </Panel>
  );
};

const latencyLines: readonly HistoryLine[] = [
  { metric: "latencyMsP95", label: "p95", tone: "accent" },
  { metric: "latencyMsP50", label: "p50", tone: "plain" },
];
const formatPerMinute = (value: number): string => `${formatRate(value)} /m`;

const failureCharts = (threshold: number | null): readonly HistoryChart[] => [
  {
    title: "Failure rate, in the breaker's own window",
    lines: failureLines,
    format: formatPercent,
    top: 1,
    ...(threshold === null ? {} : { threshold }),
  },
  { title: "Calls per minute", lines: callLines, format: formatPerMinute },
  { title: "Latency", lines: latencyLines, format: formatLatency },
];
const failureLines: readonly HistoryLine[] = [{ metric: "failureRatio", label: "failed", tone: "bad" }];
const callLines: readonly HistoryLine[] = [
  { metric: "callsPerMinute", label: "calls", tone: "accent" },
  { metric: "failedPerMinute", label: "failed", tone: "bad" },
  { metric: "refusedPerMinute", label: "rejected", tone: "warn" },
];
const concurrencyCharts: readonly HistoryChart[] = [
  { title: "Calls per minute", lines: callLines, format: formatPerMinute },
];

const InstanceTable = ({ row, freshness }: { row: BreakerRow; freshness: Freshness["state"] }) => (
  <table className={css.mini}>
    <caption className="vh">Instances</caption>
    <thead>
      <tr>
        <th>Instance</th>
        <th>State</th>
        <th className="num">Failures</th>
        <th className="num">In state</th>
        <th className="num">Next probe</th>
      </tr>
    </thead>
    <tbody>
      {row.instances.map((each) => (
        <tr key={each.instance}>
          <td className={`mono ${css.instanceName}`} title={each.instance}>
            {each.instance}
          </td>
          <td title={each.note ?? undefined}>
            <BreakerBadge row={each} kind={row.kind} freshness={freshness} />
          </td>
          <td className="num">
            <FailureRate row={{ ...each, failureRatio: failedShareOf(each), threshold: row.threshold }} />
          </td>
          <td className="num">{each.since === null ? "–" : <Age at={each.since} short />}</td>
          <td className="num c2">
            <NextProbe instance={each} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

type InstancesProps = { organization: string; row: BreakerRow; freshness: Freshness["state"] };

const Instances = ({ organization, row, freshness }: InstancesProps) => (
  <>
    <div className={`sec-h ${css.section}`}>
      <h3 className="h">State per instance</h3>
      <span className="c3 t12">last hour</span>
      <span className="grow" />
      <span className="key">
        <i className="bad" />
        open
      </span>
      <span className="key">
        <i className="warn" />
        half-open
      </span>
      <span className="key">
        <i className={css.keyClosed} />
        closed
      </span>
    </div>
    <div className={css.lines}>
      {row.instances.map(({ instance, moves }) => (
        <div key={instance} className={css.instanceLine}>
          <span className="mono cut" title={instance}>
            {instance}
          </span>
          <HourLine of={{ organization, breaker: row.id, instance }} moves={moves} kind={row.kind} />
        </div>
      ))}
    </div>
    <InstanceTable row={row} freshness={freshness} />
    <p className={`t12 c3 ${css.caption}`}>
      Failures are of the last minute. An open instance rejects calls immediately; these count as failed.
      {row.instances.some(({ note }) => note !== null) &&
        ` ${[...new Set(row.instances.flatMap(({ note }) => note ?? []))].slice(0, 2).join(". ")}.`}
    </p>
  </>
);

const Missing = ({ organization, id, ...drawer }: { organization: string; id: string } & DrawerPlace) => {
  const missing = useQuery(breakerQuery(organization, id, useMoment()));
  const isGone = missing.error instanceof ApiError && missing.error.code === "not_found";
  return (
    <Drawer label="Breaker" title={isGone ? "No such breaker" : id} {...drawer}>
      {isGone ? (
        <Empty title="Breaker not found">
          There was no report for 15 minutes, or the breaker belongs to another organization.
        </Empty>
      ) : (
        <Panel name="The breaker" query={missing}>
          {() => null}
        </Panel>
      )}
    </Drawer>
  );
};

type DrawerPlace = {
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onClose: () => void;
};

const State = ({ row, freshness }: { row: BreakerRow; freshness: Freshness["state"] }) => (
  <>
    <BreakerBadge row={row} kind={row.kind} freshness={freshness} label={row.label} />
    {row.since !== null && (
      <span>
        since <Time at={row.since} full />, <Age at={row.since} suffix="ago" />
      </span>
    )}
  </>
);

const Commands = ({ row, onCommand }: { row: BreakerRow; onCommand: (command: BreakerCommand) => void }) => (
  <>
    {row.commands.map((each) => (
      <Button key={each} onClick={() => onCommand(each)}>
        {commandWords[each].button}
      </Button>
    ))}
    <span className="grow" />
    <span className="t12 c3">Reason required</span>
  </>
);

type Reason = Pick<EndpointResult<typeof readBreaker>, "changedBefore" | "effectOf">;

/** By whom, since when and until when the breaker is forced. */
const forcedFact = ({ command, by, at, until, reason }: Forced) => ({
  label: command === "open" ? "Forced open" : "Forced closed",
  value: (
    <>
      by {by} since <Time at={at} full />
      {until ? (
        <>
          , until <Time at={until} full />
        </>
      ) : (
        ", until it is reset"
      )}
      : “{reason}”
    </>
  ),
});

/** `reason`: the change just before the breaker opened, and the problem that makes it open. */
const factsOf = (row: BreakerRow, reason: Reason | undefined, organization: string) => {
  const forced = row.forced ?? null;
  const before = reason?.changedBefore ?? null;
  const root = reason?.effectOf ?? null;
  return [
    {
      label: "Cause",
      value:
        root === null ? (
          (row.cause ?? "–")
        ) : (
          <>
            <PageLink href={`/o/${organization}/${root.path}`}>
              {root.subject} {root.title}
            </PageLink>
            , since <Time at={root.since} />
          </>
        ),
    },
    ...(forced === null ? [] : [forcedFact(forced)]),
    ...(before === null
      ? []
      : [
          {
            label: "Changed before",
            value: (
              <>
                {before.text}, <Time at={before.at} />
                {before.by && `, ${before.by}`}
              </>
            ),
          },
        ]),
    { label: "Service", value: `${row.service}, ${row.library}` },
    { label: "Settings", value: settingsOf(row) },
    ...(row.commands.length === 0 ? [{ label: "Commands", value: watchOnly(row) }] : []),
    {
      label: "Calls",
      value: (
        <>
          <PerMinute value={row.callsPerMinute} /> per minute, <PerMinute value={row.refusedPerMinute} />{" "}
          rejected
        </>
      ),
    },
    { label: "Latency", value: latencyOf(row) },
  ];
};

/** Details of one breaker, beside the list. */
export const BreakerDrawer = (
  props: {
    organization: string;
    id: string;
    row: BreakerRow | undefined;
    freshness: Freshness["state"];
  } & DrawerPlace,
) => {
  const { organization, id, row, freshness, ...drawer } = props;
  const [command, setCommand] = useState<BreakerCommand | null>(null);
  const moment = useMoment();
  const mayAct = useCan(organization, "breakers:act") && moment === null;
  const detail = useQuery({ ...breakerQuery(organization, id, moment), enabled: row !== undefined });
  if (row === undefined) return <Missing organization={organization} id={id} {...drawer} />;
  return (
    <Drawer
      label={`Breaker ${row.name}`}
      title={row.name}
      status={<State row={row} freshness={freshness} />}
      {...drawer}
      {...(mayAct && row.commands.length > 0
        ? {
            footer: <Commands row={row} onCommand={setCommand} />,
          }
        : {})}
    >
      <div className={freshness === "fresh" ? "" : "is-dim"}>
        <Facts facts={factsOf(row, detail.data, organization)} />
        <Trend organization={organization} row={row} />
        <Instances organization={organization} row={row} freshness={freshness} />
        <HistoryCharts
          organization={organization}
          kind="breaker"
          id={id}
          subjects={[row.name, id]}
          charts={row.kind === "concurrency" ? concurrencyCharts : failureCharts(row.threshold)}
        />
        <div className={css.section}>
          <StateChanges organization={organization} rows={[row]} breaker={id} />
        </div>
      </div>
      {command !== null && (
        <BreakerCommandDialog
          organization={organization}
          row={row}
          command={command}
          onClose={() => setCommand(null)}
        />
      )}
    </Drawer>
  );
};
