import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { JobRun } from "@wheelhouse/shared/queues/runs.ts";
import { formatCount } from "#lib/format.ts";
import { stringifySearch } from "#lib/search-params.ts";
import { Button } from "#ui/page/button.tsx";
import { Page } from "#ui/page/page.tsx";
import { Empty, Failure, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { RunProgress } from "#ui/run/run-progress.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import { jobRunsQuery, useLiveJobRuns } from "./queries.ts";
import { JobRunView } from "./run-view.tsx";
import css from "./runs.module.css";
import { progressWords, runTitle, stateViews } from "./view.ts";

const route = getRouteApi("/o/$org/queues/runs");

const columns: readonly Column<JobRun>[] = [
  {
    id: "started",
    header: "Started",
    sorted: "descending",
    card: "age",
    className: css.wide,
    cell: (row) => <Time at={row.startsAt ?? row.plannedAt} full />,
  },
  {
    id: "state",
    header: "State",
    card: "badge",
    className: css.mid,
    cell: (row) => <Status {...stateViews[row.state]} />,
  },
  { id: "what", header: "Run", card: "title", className: "cut", cell: (row) => <b>{runTitle(row)}</b> },
  {
    id: "reason",
    header: "Reason",
    drop: "second",
    className: "cut c2",
    cell: (row) => <span title={row.reason ?? ""}>{row.reason}</span>,
  },
  {
    id: "by",
    header: "By",
    drop: "second",
    className: `cut c2 ${css.mid}`,
    cell: (row) => row.startedBy ?? row.plannedBy,
  },
  {
    id: "progress",
    header: "Progress",
    drop: "first",
    className: css.mid,
    cell: (row) => <RunProgress counts={row} words={progressWords(row.act)} />,
  },
  {
    id: "succeeded",
    header: "Succeeded",
    num: true,
    card: "detail",
    className: css.mid,
    cell: (row) => (
      <>
        <Count value={row.succeeded} /> <span className="c3">of {formatCount(row.total)}</span>
      </>
    ),
  },
  {
    id: "failed",
    header: "Failed",
    num: true,
    className: css.small,
    cell: (row) => <Count value={row.failed} />,
  },
];

const List = ({ organization, queue }: { organization: string; queue: string | undefined }) => {
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(jobRunsQuery(organization, queue));
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const going = rows.filter(({ state }) => state === "running").length;
  const paused = rows.filter(({ state }) => state === "paused").length;
  const verdict = [going > 0 && `${going} running`, paused > 0 && `${paused} paused`]
    .filter((part) => part !== false)
    .join(", ");
  return (
    <>
      <div className={css.listHead}>
        <h2 className="t20 b">{verdict === "" ? "No run on jobs is going" : verdict}</h2>
      </div>
      <Panel
        name="Runs on jobs"
        query={list}
        isEmpty={() => rows.length === 0}
        empty={
          <Empty title="No runs yet">
            Open the jobs of a queue, choose a state or causes, and plan a retry, removal or move there.
          </Empty>
        }
      >
        {() => (
          <>
            <Table
              caption="Runs on jobs, newest first"
              className={`cards ${css.table}`}
              columns={columns}
              rows={rows}
              keyOf={(row) => row.id}
              rowClass={(row) => (row.state === "running" || row.state === "paused" ? "" : "quiet")}
              onOpen={(run) => void navigate({ search: { queue, run } })}
              hrefOf={(run) => stringifySearch({ queue, run })}
            />
            {list.hasNextPage && (
              <div className="more t12">
                <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                  Load older
                </Button>
              </div>
            )}
            {list.isFetchNextPageError && list.error !== null && (
              <Failure name="Older runs" error={list.error} onRetry={() => list.fetchNextPage()} />
            )}
          </>
        )}
      </Panel>
    </>
  );
};

/** Runs on jobs: the list, or the run in the URL. */
export const JobRunsPage = () => {
  const { org } = route.useParams();
  const { run, queue } = route.useSearch();
  useLiveJobRuns(org);
  const back = (
    <Link className="link t12" to="/o/$org/queues/runs" params={{ org }} search={{ queue }}>
      All runs on jobs
    </Link>
  );
  return (
    <Page title={organizationPages.jobRuns.title} observation={null}>
      {run === undefined ? (
        <List organization={org} queue={queue} />
      ) : (
        <JobRunView key={run} organization={org} id={run} back={back} />
      )}
    </Page>
  );
};
