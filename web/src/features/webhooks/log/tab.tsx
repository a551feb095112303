import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import type { ReplayFilter } from "@wheelhouse/shared/webhooks/replays.ts";
import { type Delivery, deliveryTopic } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { type ReactNode, Suspense, useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatTime } from "#lib/format.ts";
import { rangeName } from "#lib/history/time-range.ts";
import { useMinute } from "#lib/live/now.ts";
import { useTail } from "#lib/live/tail.ts";
import { useRereadWith } from "#lib/live/use-reread.ts";
import { onDemand } from "#lib/on-demand.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, Skeleton } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { TailStrip } from "#ui/table/tail-strip.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { type CauseActs, CausesPanel, DiscardDialog, type Grouping } from "../causes/causes.ts";
import {
  activeTab,
  countedFilter,
  DeliveryTable,
  filterCount,
  isReplayable,
  matchCount,
  matchesFilter,
  newestFirst,
  useSelection,
} from "../deliveries/deliveries.ts";
import { deliveriesQuery, deliverySummaryQuery } from "../queries.ts";
import { ReplayPlanDialog, replayFilterOf } from "../replays/replays.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { DeadLettersVerdict } from "./dead-letters-verdict.tsx";
import { DeliveriesFilter } from "./filter.tsx";
import { DeliveriesHistogram } from "./histogram.tsx";
import { LogMenu } from "./log-menu.tsx";

const DeliveryDrawer = onDemand(async () => ({
  default: (await import("./delivery-drawer.tsx")).DeliveryDrawer,
}));

type Address = PageAddress<WebhooksSearch>;

const summaryEveryMs = 10_000;

const NoDelivery = ({ address }: { address: Address }) => {
  const filters = filterCount(address.search);
  const isDead = activeTab(address.search) === "dead";
  if (filters > 0) {
    return (
      <Empty title={isDead ? "No dead letters match" : "No deliveries match"}>
        {filters === 1 ? "1 filter is set. " : `${filters} filters are set. `}
        <AddressLink className="link" address={address} to={isDead ? { status: ["dead_letter"] } : {}}>
          Clear filters
        </AddressLink>
      </Empty>
    );
  }
  return isDead ? (
    <Empty title="All clear">No delivery has exhausted its attempts.</Empty>
  ) : (
    <Empty title="No deliveries yet">Deliveries appear once a source receives an event.</Empty>
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

const hasRange = ({ from, to }: WebhooksSearch): boolean => from !== undefined || to !== undefined;

/** The filtered log, kept current, and the number of matches. */
const useDeliveryLog = (organization: string, address: Address, nowMs: number, isReading: boolean) => {
  const { search } = address;
  const options = deliveriesQuery(organization, search);
  const list = useInfiniteQuery(options);
  const selection = useSelection(JSON.stringify(options.queryKey));
  const tail = useTail<Delivery>({
    topic: deliveryTopic,
    queryKey: options.queryKey,
    compare: newestFirst,
    matches: (row) => matchesFilter(search, row),
    isReading: isReading || selection.ids.size > 0,
  });
  const summary = useQuery({
    ...deliverySummaryQuery(organization, countedFilter(search, nowMs)),
    refetchInterval: tail.isPaused ? false : summaryEveryMs,
  });
  useRereadWith(summary, list.refetch);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  // Without a start the server counts only one day, which the range does not show.
  const counted = summary.data;
  const isCounted = counted !== undefined && (search.to === undefined || search.from !== undefined);
  return {
    list,
    rows,
    selection,
    tail,
    summary,
    matching: isCounted ? matchCount(search, counted) : undefined,
  };
};
type DeliveryLog = ReturnType<typeof useDeliveryLog>;

const StripText = ({ log, search, nowMs }: { log: DeliveryLog; search: WebhooksSearch; nowMs: number }) => {
  const { matching, summary, tail, rows } = log;
  const { zone } = usePreferences();
  const newest = rows[0]?.receivedAt;
  return (
    <>
      {matching !== undefined && <Matches search={search} matching={matching} nowMs={nowMs} />}
      {matching === undefined && summary.isError && (
        <span className="c3">The count is currently unavailable</span>
      )}
      {tail.isPaused && newest !== undefined && (
        <span className="c3">
          {matching === undefined ? "" : ". "}Paused while you are reading, newest shown{" "}
          {formatTime(newest, zone)}
        </span>
      )}
    </>
  );
};

/** Acts on the selection, or on all matching dead letters. */
const ReplayActs = (props: { log: DeliveryLog; search: WebhooksSearch; acts: CauseActs }) => {
  const { log, search, acts } = props;
  const { onPlan, onDiscard } = acts;
  const { selection, rows, matching } = log;
  const dead = log.summary.data?.counts.dead_letter ?? 0;
  const chosenDead = rows.filter(({ id, status }) => selection.ids.has(id) && status === "dead_letter");
  if (selection.ids.size > 0)
    return (
      <>
        <Button variant="ghost" onClick={selection.clear}>
          Clear selection
        </Button>
        {chosenDead.length > 0 && (
          <Button onClick={() => onDiscard({ ids: chosenDead.map(({ id }) => id) }, chosenDead.length)}>
            Discard {formatCount(chosenDead.length)}…
          </Button>
        )}
        <Button variant="primary" onClick={() => onPlan({ ids: [...selection.ids] })}>
          Replay {formatCount(selection.ids.size)} selected…
        </Button>
      </>
    );
  return rows.length > 0 && search.status?.some(isReplayable) === true ? (
    <>
      {activeTab(search) === "dead" && dead > 0 && log.summary.data?.isBound === false && (
        <Button onClick={() => onDiscard(replayFilterOf(search), dead)}>
          Discard all {formatCount(dead)}…
        </Button>
      )}
      <Button onClick={() => onPlan(replayFilterOf(search))}>
        {matching === undefined ? "Replay all matching…" : `Replay all ${matching} matching…`}
      </Button>
    </>
  ) : null;
};

/** How dead letters are shown: grouped, or one by one, as a text can only be searched for. */
const groupingOf = (search: WebhooksSearch): Grouping | null => {
  if (activeTab(search) !== "dead" || search.q !== undefined || search.group === "none") return null;
  return search.group ?? "cause";
};

const groupOptions = [
  { value: "cause", label: "Cause" },
  { value: "endpoint", label: "Endpoint" },
  { value: "event", label: "Event" },
  { value: "none", label: "None" },
] as const;

const GroupChoice = ({ address }: { address: Address }) => (
  <Segments
    options={groupOptions}
    value={groupingOf(address.search) ?? "none"}
    onChange={(group) => address.go({ ...address.search, group: group === "cause" ? undefined : group })}
    group={{ label: "Group by", className: "no-phone" }}
  />
);

const List = ({ log, address, canReplay }: { log: DeliveryLog; address: Address; canReplay: boolean }) => {
  const { list, rows, selection, matching } = log;
  const isDead = activeTab(address.search) === "dead";
  return (
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
          <LoadOlder name="Older deliveries" list={list}>
            {list.hasNextPage
              ? `${formatCount(rows.length)} loaded`
              : `All ${formatCount(rows.length)} loaded`}
            {list.hasNextPage &&
              matching !== undefined &&
              (isDead || hasRange(address.search)) &&
              `, ${matching} match`}
          </LoadOlder>
        </>
      )}
    </Panel>
  );
};

/** Above the list: the dead-letters headline, the filter and the histogram. */
const Head = (props: { organization: string; address: Address; log: DeliveryLog; nowMs: number }) => {
  const { organization, address, log, nowMs } = props;
  const { tail, rows } = log;
  const isDead = activeTab(address.search) === "dead";
  return (
    <>
      <div ref={tail.sentinel} className={css.sentinel} />
      {isDead && <DeadLettersVerdict organization={organization} search={address.search} />}
      <div className={isDead ? `tool ${css.toolAfterVerdict}` : "tool"}>
        <DeliveriesFilter organization={organization} address={address} rows={rows} nowMs={nowMs} />
        {isDead && address.search.q === undefined && <GroupChoice address={address} />}
        <LogMenu organization={organization} address={address} />
      </div>
      <DeliveriesHistogram
        organization={organization}
        address={address}
        nowMs={nowMs}
        refetchEveryMs={tail.isPaused ? false : summaryEveryMs}
      />
    </>
  );
};

/** Below the head: the groups of dead letters, or the list with its strip. */
const Shown = (props: {
  organization: string;
  address: Address;
  log: DeliveryLog;
  nowMs: number;
  pause: { isPaused: boolean; newCount: number; onToggle: () => void };
  /** Null without permission to replay. */
  acts: CauseActs | null;
}) => {
  const { organization, address, log, nowMs, pause, acts } = props;
  const { search } = address;
  const grouping = groupingOf(search);
  if (grouping !== null)
    return (
      <Suspense fallback={<Skeleton rows={8} label="causes" />}>
        <CausesPanel organization={organization} address={address} grouping={grouping} acts={acts} />
      </Suspense>
    );
  return (
    <>
      <TailStrip {...pause} text={<StripText log={log} search={search} nowMs={nowMs} />}>
        {acts !== null && <ReplayActs log={log} search={search} acts={acts} />}
        {hasRange(search) && (
          <Button onClick={() => address.go({ ...search, from: undefined, to: undefined })}>
            Clear selection
          </Button>
        )}
      </TailStrip>
      <List log={log} address={address} canReplay={acts !== null} />
    </>
  );
};

type Asked = { act: "plan"; filter: ReplayFilter } | { act: "discard"; filter: ReplayFilter; count: number };

const Dialogs = (props: {
  organization: string;
  address: Address;
  asked: Asked | null;
  onClose: () => void;
}) => {
  const { organization, address, asked, onClose } = props;
  if (asked === null) return null;
  const { filter } = asked;
  return asked.act === "discard" ? (
    <DiscardDialog organization={organization} filter={filter} count={asked.count} onClose={onClose} />
  ) : (
    <ReplayPlanDialog
      organization={organization}
      filter={filter}
      onClose={onClose}
      onStarted={(id) => address.go({ tab: "replays", replay: id })}
    />
  );
};

/** The log filtered by the URL: filter bar, histogram, live list and the drawer of one delivery. */
export const DeliveriesTab = (props: { organization: string; address: Address; tabs: ReactNode }) => {
  const { organization, address, tabs } = props;
  const { search } = address;
  const nowMs = useMinute();
  const canReplay = useCan(organization, "webhooks:replay");
  const [asked, setAsked] = useState<Asked | null>(null);
  const acts: CauseActs = {
    onPlan: (filter) => setAsked({ act: "plan", filter }),
    onDiscard: (filter, count) => setAsked({ act: "discard", filter, count }),
  };
  const log = useDeliveryLog(organization, address, nowMs, search.delivery !== undefined);
  const { tail } = log;
  const toggle = () => {
    if (!tail.isPaused) return tail.pause();
    if (search.delivery !== undefined) address.go({ ...search, delivery: undefined });
    log.selection.clear();
    tail.resume();
  };
  const pause = { isPaused: tail.isPaused, newCount: tail.newCount, onToggle: toggle };
  const { delivery } = search;
  return (
    <Page title={organizationPages.webhooks.title} pause={pause}>
      <div className={css.layout}>
        {tabs}
        <Split
          drawer={
            delivery !== undefined && (
              <DeliveryDrawer
                key={organization}
                organization={organization}
                id={delivery}
                rows={log.rows}
                address={address}
              />
            )
          }
        >
          <Head organization={organization} address={address} log={log} nowMs={nowMs} />
          <Shown
            organization={organization}
            address={address}
            log={log}
            nowMs={nowMs}
            pause={pause}
            acts={canReplay ? acts : null}
          />
        </Split>
        <Suspense>
          <Dialogs
            organization={organization}
            address={address}
            asked={asked}
            onClose={() => setAsked(null)}
          />
        </Suspense>
      </div>
    </Page>
  );
};
