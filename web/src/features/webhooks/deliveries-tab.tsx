import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReplayFilter } from "@wheelhouse/shared/webhook-replays.ts";
import { type Delivery, deliveryTopic } from "@wheelhouse/shared/webhooks.ts";
import { type ReactNode, useMemo, useState } from "react";
import { formatCount, formatTime } from "#lib/format.ts";
import { useMinute } from "#lib/now.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { useCan } from "#lib/session.ts";
import { rangeName } from "#lib/time-range.ts";
import { useRereadWith } from "#lib/use-reread.ts";
import { useTail } from "#lib/use-tail.ts";
import { AddressLink } from "#ui/address-link.tsx";
import { Button } from "#ui/button.tsx";
import { Page, Split } from "#ui/page.tsx";
import { Empty, Failure, Panel } from "#ui/panel.tsx";
import { TailStrip } from "#ui/tail-strip.tsx";
import { DeadLettersVerdict } from "./dead-letters-verdict.tsx";
import { DeliveriesFilter } from "./deliveries-filter.tsx";
import { DeliveriesHistogram } from "./deliveries-histogram.tsx";
import {
  activeTab,
  countedFilter,
  filterCount,
  isReplayable,
  matchCount,
  matchesFilter,
  newestFirst,
} from "./deliveries-search.ts";
import { DeliveryDrawer } from "./delivery-drawer.tsx";
import { useSelection } from "./delivery-selection.tsx";
import { DeliveryTable } from "./delivery-table.tsx";
import { ReplayPlanDialog } from "./replay-plan-dialog.tsx";
import { replayFilterOf } from "./replays-view.ts";
import css from "./webhooks.module.css";
import { deliveriesQuery, deliverySummaryQuery } from "./webhooks-queries.ts";
import type { WebhooksSearch } from "./webhooks-search.ts";

type Address = PageAddress<WebhooksSearch>;

const summaryEveryMs = 10_000;

const NoDelivery = ({ address }: { address: Address }) => {
  const filters = filterCount(address.search);
  const isDead = activeTab(address.search) === "dead";
  if (filters > 0) {
    return (
      <Empty title={isDead ? "No dead letter matches" : "No delivery matches"}>
        {filters === 1 ? "1 filter is set. " : `${filters} filters are set. `}
        <AddressLink className="link" address={address} to={isDead ? { status: ["dead_letter"] } : {}}>
          Clear filters
        </AddressLink>
      </Empty>
    );
  }
  return isDead ? (
    <Empty title="All clear">No delivery has used up its attempts.</Empty>
  ) : (
    <Empty title="No delivery yet">Deliveries appear once a source receives an event.</Empty>
  );
};

const Matches = (props: { search: WebhooksSearch; matching: string; nowMs: number }) => {
  const { search, matching, nowMs } = props;
  const { zone } = usePreferences();
  const isOne = matching === "1";
  const [word, rest] =
    search.from !== undefined || search.to !== undefined
      ? ["received", ` ${rangeName(search, nowMs, zone)}`]
      : activeTab(search) === "dead"
        ? [isOne ? "matches" : "match", ""]
        : ["received", " in the last hour"];
  return (
    <>
      <b>{matching}</b> {word}
      {rest}
    </>
  );
};

/** The log under the address's filters: filter bar, histogram, live list and the drawer of one delivery. */
export const DeliveriesTab = (props: { organization: string; address: Address; tabs: ReactNode }) => {
  const { organization, address, tabs } = props;
  const { search } = address;
  const isDead = activeTab(search) === "dead";
  const nowMs = useMinute();
  const options = deliveriesQuery(organization, search);
  const list = useInfiniteQuery(options);
  const canReplay = useCan(organization, "webhooks:replay");
  const selection = useSelection(JSON.stringify(options.queryKey));
  const [planned, setPlanned] = useState<ReplayFilter | null>(null);
  const tail = useTail<Delivery>({
    topic: deliveryTopic,
    queryKey: options.queryKey,
    compare: newestFirst,
    matches: (row) => matchesFilter(search, row),
    isReading: search.delivery !== undefined || selection.ids.size > 0,
  });
  const summary = useQuery({
    ...deliverySummaryQuery(organization, countedFilter(search, nowMs)),
    refetchInterval: tail.isPaused ? false : summaryEveryMs,
  });
  useRereadWith(summary, list.refetch);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);

  const { zone } = usePreferences();
  const hasRange = search.from !== undefined || search.to !== undefined;
  const counts = summary.data?.counts;
  // Without a beginning the server counts a day only, which the range does not say.
  const isCounted = counts !== undefined && (search.to === undefined || search.from !== undefined);
  const matching = isCounted ? matchCount(search, counts) : undefined;
  const newest = rows[0]?.receivedAt;
  const close = () => address.go({ ...search, delivery: undefined });
  const toggle = () => {
    if (!tail.isPaused) return tail.pause();
    if (search.delivery !== undefined) close();
    selection.clear();
    tail.resume();
  };

  return (
    <Page title="Webhooks" pause={{ isPaused: tail.isPaused, newCount: tail.newCount, onToggle: toggle }}>
      <div className={css.layout}>
        {tabs}
        <Split
          drawer={
            search.delivery !== undefined && (
              <DeliveryDrawer
                key={organization}
                organization={organization}
                id={search.delivery}
                rows={rows}
                address={address}
              />
            )
          }
        >
          <div ref={tail.sentinel} className={css.sentinel} />
          {isDead && (
            <DeadLettersVerdict organization={organization} count={summary.data?.counts.dead_letter} />
          )}
          <div className={isDead ? `tool ${css.toolAfterVerdict}` : "tool"}>
            <DeliveriesFilter organization={organization} address={address} rows={rows} nowMs={nowMs} />
          </div>
          <DeliveriesHistogram
            organization={organization}
            address={address}
            nowMs={nowMs}
            refetchEveryMs={tail.isPaused ? false : summaryEveryMs}
          />
          <TailStrip
            isPaused={tail.isPaused}
            newCount={tail.newCount}
            onToggle={toggle}
            text={
              <>
                {matching !== undefined && <Matches search={search} matching={matching} nowMs={nowMs} />}
                {matching === undefined && summary.isError && (
                  <span className="c3">How many there are is not known now</span>
                )}
                {tail.isPaused && newest !== undefined && (
                  <span className="c3">
                    {matching === undefined ? "" : ". "}Paused while you read, newest shown{" "}
                    {formatTime(newest, zone)}
                  </span>
                )}
              </>
            }
          >
            {canReplay && selection.ids.size > 0 && (
              <>
                <Button variant="ghost" onClick={selection.clear}>
                  Select none
                </Button>
                <Button variant="primary" onClick={() => setPlanned({ ids: [...selection.ids] })}>
                  Replay {formatCount(selection.ids.size)} selected…
                </Button>
              </>
            )}
            {canReplay &&
              selection.ids.size === 0 &&
              rows.length > 0 &&
              search.status?.some(isReplayable) === true && (
                <Button onClick={() => setPlanned(replayFilterOf(search))}>
                  {matching === undefined ? "Replay all that match…" : `Replay all ${matching} matching…`}
                </Button>
              )}
            {hasRange && (
              <Button onClick={() => address.go({ ...search, from: undefined, to: undefined })}>
                Clear selection
              </Button>
            )}
          </TailStrip>
          <Panel
            name={isDead ? "Dead letters" : "Deliveries"}
            query={list}
            isEmpty={() => rows.length === 0}
            empty={<NoDelivery address={address} />}
            skeletonRows={14}
          >
            {() => (
              <>
                <DeliveryTable
                  rows={rows}
                  address={address}
                  isDead={isDead}
                  selection={canReplay ? selection : null}
                />
                <div className="more t12">
                  {list.hasNextPage && (
                    <Button
                      disabled={list.isFetchingNextPage}
                      onClick={() => void list.fetchNextPage({ cancelRefetch: false })}
                    >
                      Load older
                    </Button>
                  )}
                  <span>
                    {list.hasNextPage
                      ? `${formatCount(rows.length)} loaded`
                      : `All ${formatCount(rows.length)} loaded`}
                    {list.hasNextPage &&
                      matching !== undefined &&
                      (isDead || hasRange) &&
                      `, ${matching} match`}
                  </span>
                </div>
                {list.isFetchNextPageError && list.error !== null && (
                  <Failure
                    name="Older deliveries"
                    error={list.error}
                    isFetching={list.isFetchingNextPage}
                    onRetry={() => list.fetchNextPage()}
                  />
                )}
              </>
            )}
          </Panel>
        </Split>
        {planned !== null && (
          <ReplayPlanDialog
            organization={organization}
            filter={planned}
            onClose={() => setPlanned(null)}
            onStarted={(id) => address.go({ tab: "replays", replay: id })}
          />
        )}
      </div>
    </Page>
  );
};
