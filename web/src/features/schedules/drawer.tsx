import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Freshness } from "@wheelhouse/shared/freshness.ts";
import type { ScheduleRow, ScheduleRun } from "@wheelhouse/shared/queues/schedules.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatLatency } from "#lib/format.ts";
import { useMoment } from "#lib/live/moment.ts";
import { Drawer } from "#ui/dialog/drawer.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import { PageLink } from "#ui/text/page-link.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age, Time, TimeHeader } from "#ui/text/time.tsx";
import { ScheduleActDialog } from "./act-dialog.tsx";
import { Moment, ScheduleStatus, tookMs, Until } from "./columns.tsx";
import { EditScheduleDialog } from "./edit-dialog.tsx";
import { runsQuery, type ScheduleCommand, scheduleQuery } from "./queries.ts";
import { RunBar } from "./run-bar.tsx";
import styles from "./schedules.module.css";

const outcomes: Record<ScheduleRun["outcome"], { tone: Tone; label: string }> = {
  waiting: { tone: "run", label: "Waiting" },
  running: { tone: "run", label: "Running" },
  completed: { tone: "ok", label: "Completed" },
  failed: { tone: "down", label: "Failed" },
  timed_out: { tone: "down", label: "Timed out" },
  missed: { tone: "unknown", label: "Missed" },
  unknown: { tone: "neutral", label: "Outcome unknown" },
};

const triggers: Record<ScheduleRun["trigger"], string> = {
  due: "",
  first: "First run",
  person: "Run now",
  parent: "",
};

const lateMs = (run: ScheduleRun): number | null =>
  run.startedAt === null ? null : Math.max(0, Date.parse(run.startedAt) - Date.parse(run.dueAt));

const Runs = ({ runs }: { runs: readonly ScheduleRun[] }) => (
  <table className={styles.mini}>
    <thead>
      <tr>
        <th>
          <TimeHeader label="Planned" />
        </th>
        <th>Outcome</th>
        <th className={styles.num}>Started after</th>
        <th className={styles.num}>Took</th>
      </tr>
    </thead>
    <tbody>
      {runs.map((run) => {
        const [late, took] = [lateMs(run), tookMs(run)];
        const by = run.trigger === "person" ? `Run now by ${run.askedBy ?? ""}` : triggers[run.trigger];
        return (
          <tr key={run.dueAt}>
            <td>
              <Moment at={run.dueAt} />
            </td>
            <td>
              <Status inRow {...outcomes[run.outcome]} />
              {[by, run.detail ?? ""]
                .filter((text) => text !== "")
                .map((text) => (
                  <span key={text} className={styles.detail}>
                    {text}
                  </span>
                ))}
            </td>
            <td className={styles.num}>{late === null ? "–" : formatLatency(late)}</td>
            <td className={styles.num}>{took === null ? "–" : formatLatency(took)}</td>
          </tr>
        );
      })}
    </tbody>
  </table>
);

const AllRuns = ({ organization, id }: { organization: string; id: string }) => {
  const pages = useInfiniteQuery(runsQuery(organization, id));
  const runs = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel
      name="Runs"
      query={{ ...pages, data: pages.data === undefined ? undefined : runs }}
      isEmpty={(all) => all.length === 0}
      empty={<Empty title="No stored runs">Runs are kept for 30 days.</Empty>}
    >
      {(all) => (
        <>
          <Runs runs={all} />
          {pages.hasNextPage && (
            <div className={styles.more}>
              <Button disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                Older runs
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
};

type Detail = { next: readonly { at: string; local: string }[]; timeZone: string | null };

const NextRuns = ({ next, timeZone }: Detail) => (
  <>
    <div className={`sec-h ${styles.section}`}>
      <h3 className="h">
        {next.length === 5 ? "Next five runs" : next.length === 0 ? "No next run" : "Next run"}
      </h3>
    </div>
    {next.length > 0 && (
      <table className={styles.mini}>
        <thead>
          <tr>
            <th>
              <TimeHeader label="At" />
            </th>
            <th>{timeZone ?? "Wall clock"}</th>
            <th className={styles.num}>In</th>
          </tr>
        </thead>
        <tbody>
          {next.map(({ at, local }) => (
            <tr key={at}>
              <td>
                <Moment at={at} />
              </td>
              <td className="c2">{local}</td>
              <td className={`c2 ${styles.num}`}>
                <Until at={at} isShort />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </>
);

type Zone = { offset: string; changesAt: string | null } | null;

const ZoneText = ({ row, zone }: { row: ScheduleRow; zone: Zone }) => {
  if (row.timeZone === null)
    return row.pattern === null ? "–" : "That of its program, which Redis does not tell";
  return (
    <>
      {row.timeZone}
      {zone !== null && zone.offset !== row.timeZone && `, ${zone.offset}`}
      {zone?.changesAt != null && ` until ${zone.changesAt.slice(0, 10)}`}
    </>
  );
};

/** Own schedules whose results are on the page of reports. */
const reported: ReadonlySet<string> = new Set([
  "daily-aggregation",
  "reports",
  "cache-statistics",
  "database-statistics",
]);

const ScheduleFacts = (props: { organization: string; row: ScheduleRow; zone: Zone; ifMissed: string }) => {
  const { organization, row, zone, ifMissed } = props;
  const { queue } = row;
  const isReported = row.kind === "own" && reported.has(row.name);
  const pattern = row.pattern ?? (row.everyMs === null ? "–" : `every ${row.everyMs} ms`);
  const where =
    queue === null
      ? []
      : [
          {
            label: "Queue",
            value: (
              <PageLink
                href={`/o/${organization}/queues?queue=${encodeURIComponent(queue.id)}`}
                className="link"
              >
                {queue.name}
              </PageLink>
            ),
          },
          { label: "Redis", value: row.source },
        ];
  return (
    <div className={styles.facts}>
      <Facts
        facts={[
          { label: "Runs", value: row.runs },
          { label: "Pattern", value: <span className="mono">{pattern}</span> },
          { label: "Zone", value: <ZoneText row={row} zone={zone} /> },
          ...where,
          { label: "If missed", value: ifMissed },
          ...(isReported
            ? [
                {
                  label: "Results",
                  value: (
                    <PageLink href={`/o/${organization}/reports`} className="link">
                      Reports
                    </PageLink>
                  ),
                },
              ]
            : []),
          ...(row.readOnly === null ? [] : [{ label: "Read-only", value: row.readOnly }]),
        ]}
      />
    </div>
  );
};

/** The last 20 runs, or all that are stored. */
const History = (props: { organization: string; row: ScheduleRow; runs: readonly ScheduleRun[] }) => {
  const { organization, row, runs } = props;
  const [isAll, setAll] = useState(false);
  return (
    <>
      <div className={`sec-h ${styles.section}`}>
        <h3 className="h">{isAll ? "Runs of the last 30 days" : "Last 20 runs"}</h3>
        <span className="grow" />
        <span className="key">
          <i />
          completed
        </span>
        <span className="key">
          <i className="bad" />
          failed
        </span>
      </div>
      <div className={styles.bar}>
        <RunBar recent={row.recent} isWide />
      </div>
      {isAll && <AllRuns organization={organization} id={row.id} />}
      {!isAll && runs.length === 0 && (
        <p className="c2 t12">
          {row.recent.length === 0
            ? "No run has been seen yet."
            : "Of schedules that run more than once a minute, only failed and missed runs are kept."}
        </p>
      )}
      {!isAll && runs.length > 0 && (
        <>
          <Runs runs={runs} />
          <div className={styles.more}>
            <Button onClick={() => setAll(true)}>All runs of the last 30 days</Button>
          </div>
        </>
      )}
    </>
  );
};

const Details = ({ organization, row }: { organization: string; row: ScheduleRow }) => {
  const detail = useQuery(scheduleQuery(organization, row.id));
  return (
    <Panel name="The schedule" query={detail} skeletonRows={8}>
      {({ next, zone, ifMissed, runs }) => (
        <>
          <ScheduleFacts organization={organization} row={row} zone={zone} ifMissed={ifMissed} />
          <NextRuns next={next} timeZone={row.timeZone} />
          <History organization={organization} row={row} runs={runs} />
        </>
      )}
    </Panel>
  );
};

/** What hurts, or what was asked for and did not last. */
const Notes = ({ row }: { row: ScheduleRow }) => {
  const recreatedAt = row.paused?.recreatedAt ?? null;
  if (recreatedAt !== null)
    return (
      <Note tone="warn" title="Its program created it again.">
        It was paused by {row.paused?.by} and runs again since <Time at={recreatedAt} full />. Stop the
        program, or change it, to keep it paused.
      </Note>
    );
  if (row.cause === null || row.state === "ok") return null;
  return <Note tone={row.state === "down" ? "bad" : "warn"} title={`${row.cause}.`} />;
};

type Shown = ScheduleCommand | "edit";

const actsOf = ({ kind, label }: ScheduleRow): readonly { command: Shown; label: string }[] => {
  const isWatched = kind === "bullmq";
  const remove = isWatched ? [{ command: "remove", label: "Remove…" } as const] : [];
  if (label === "Paused") return [{ command: "resume", label: "Resume…" }, ...remove];
  return [
    { command: "run", label: "Run now…" },
    { command: "pause", label: "Pause…" },
    ...(isWatched ? [{ command: "edit", label: "Edit…" } as const] : []),
    ...remove,
  ];
};

/** Details of one schedule, beside the list. */
export const ScheduleDrawer = (props: {
  organization: string;
  row: ScheduleRow | undefined;
  freshness: Freshness["state"];
  position: string | undefined;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onClose: () => void;
}) => {
  const { organization, row, freshness, ...drawer } = props;
  const moment = useMoment();
  const mayAct = useCan(organization, "schedules:act");
  const [command, setCommand] = useState<Shown | null>(null);
  if (row === undefined)
    return (
      <Drawer label="Schedule" title="No such schedule" {...drawer}>
        <Empty title="Schedule not found">
          {moment === null
            ? "It was removed, or belongs to another organization."
            : "It was not observed at this moment."}
        </Empty>
      </Drawer>
    );
  return (
    <Drawer
      label={`Schedule ${row.name}`}
      title={row.name}
      status={
        <>
          <ScheduleStatus row={row} freshness={freshness} />
          <span>
            since <Time at={row.since} full />, <Age at={row.since} suffix="ago" />
          </span>
        </>
      }
      {...(mayAct && moment === null && row.kind !== "cron" && row.readOnly === null
        ? {
            footer: actsOf(row).map((act) => (
              <Button key={act.command} onClick={() => setCommand(act.command)}>
                {act.label}
              </Button>
            )),
          }
        : {})}
      {...drawer}
    >
      <Notes row={row} />
      {moment === null ? (
        <Details organization={organization} row={row} />
      ) : (
        <div className={styles.bar}>
          <RunBar recent={row.recent} isWide />
        </div>
      )}
      {command === "edit" && (
        <EditScheduleDialog organization={organization} row={row} onClose={() => setCommand(null)} />
      )}
      {command !== null && command !== "edit" && (
        <ScheduleActDialog
          organization={organization}
          row={row}
          command={command}
          onClose={() => setCommand(null)}
        />
      )}
    </Drawer>
  );
};
