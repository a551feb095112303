import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReplayRun } from "@wheelhouse/shared/webhooks/replays.ts";
import { useCan } from "#lib/api/session.ts";
import { formatCount } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Empty, Failure, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { RunProgress } from "#ui/run/run-progress.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Count } from "#ui/text/quantity.tsx";
import { Time } from "#ui/text/time.tsx";
import type { WebhooksSearch } from "../search.ts";
import page from "../webhooks.module.css";
import { replaysQuery, useLiveReplays } from "./queries.ts";
import { ReplayRunView } from "./replay-run.tsx";
import css from "./replays.module.css";
import { replayWords, stateViews } from "./view.ts";

type Address = PageAddress<WebhooksSearch>;

const columns: readonly Column<ReplayRun>[] = [
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
  {
    id: "reason",
    header: "Reason",
    card: "title",
    className: "cut",
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
    cell: (row) => <RunProgress counts={row} words={replayWords} />,
  },
  {
    id: "succeeded",
    header: "Delivered",
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

const List = ({ organization, address }: { organization: string; address: Address }) => {
  const list = useInfiniteQuery(replaysQuery(organization));
  const canReplay = useCan(organization, "webhooks:replay");
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const going = rows.filter(({ state }) => state === "running").length;
  const paused = rows.filter(({ state }) => state === "paused").length;
  const verdict = [going > 0 && `${going} running`, paused > 0 && `${paused} paused`]
    .filter((part) => part !== false)
    .join(", ");
  return (
    <>
      <div className={page.listHead}>
        <h2 className="t20 b grow">
          {rows.length === 0 ? "Replay runs" : verdict === "" ? "No replay running" : verdict}
        </h2>
      </div>
      <Panel
        name="Replay runs"
        query={list}
        isEmpty={() => rows.length === 0}
        empty={
          <Empty title="No replays yet">
            {canReplay
              ? "Select or filter dead letters and plan a replay there."
              : "A member with permission to replay webhooks can start one from the dead letters."}
          </Empty>
        }
      >
        {() => (
          <>
            <Table
              caption="Replay runs, newest first"
              className={`cards ${css.table}`}
              columns={columns}
              rows={rows}
              keyOf={(row) => row.id}
              rowClass={(row) => (row.state === "running" || row.state === "paused" ? "" : "quiet")}
              onOpen={(id) => address.go({ tab: "replays", replay: id })}
              hrefOf={(id) => address.hrefOf({ tab: "replays", replay: id })}
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

/** Replay runs: the list, or the run in the URL. */
export const ReplaysTab = ({ organization, address }: { organization: string; address: Address }) => {
  useLiveReplays(organization);
  const { replay } = address.search;
  return replay === undefined ? (
    <List organization={organization} address={address} />
  ) : (
    <ReplayRunView key={replay} organization={organization} id={replay} address={address} />
  );
};
