import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import {
  eventTopic,
  type LateFilter,
  unmatchedFates,
  type WebhookEvent,
} from "@wheelhouse/shared/webhooks/events.ts";
import { type ReactNode, useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { useMinute } from "#lib/live/now.ts";
import { useTail } from "#lib/live/tail.ts";
import { useRereadWith } from "#lib/live/use-reread.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { LoadOlder } from "#ui/table/load-older.tsx";
import { TailStrip } from "#ui/table/tail-strip.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { histogramRange, useSelection } from "../deliveries/deliveries.ts";
import type { WebhooksSearch } from "../search.ts";
import css from "../webhooks.module.css";
import { EventDrawer } from "./drawer.tsx";
import { EventViews } from "./event-views.tsx";
import { EventsFilter } from "./filter.tsx";
import { EventsHistogram } from "./histogram.tsx";
import { LateDialog } from "./late-dialog.tsx";
import { eventSummaryQuery, eventsQuery, useLiveOutcomes } from "./queries.ts";
import { EventTable } from "./table.tsx";
import { lateFilterOf, matchesEvent, newestEventFirst, unmatchedCount, unmatchedWords } from "./view.ts";

type Address = PageAddress<WebhooksSearch>;
type Late = { title: string; filter: LateFilter };

const summaryEveryMs = 10_000;

/** The filtered events, kept current, and their counts. */
const useEvents = (organization: string, address: Address, nowMs: number) => {
  const { search } = address;
  const options = eventsQuery(organization, search);
  const list = useInfiniteQuery(options);
  const selection = useSelection(JSON.stringify(options.queryKey));
  const tail = useTail<WebhookEvent>({
    topic: eventTopic,
    queryKey: options.queryKey,
    compare: newestEventFirst,
    matches: (row) => matchesEvent(search, row),
    isReading: search.event !== undefined || selection.ids.size > 0,
  });
  useLiveOutcomes(organization);
  const range = histogramRange({ from: search.from, to: search.to }, nowMs);
  const refetchInterval = tail.isPaused ? false : summaryEveryMs;
  const histogram = useQuery({
    ...eventSummaryQuery(organization, { ...search, ...range }),
    refetchInterval,
  });
  const counts = useQuery({
    ...eventSummaryQuery(organization, {
      ...search,
      from: search.from ?? range.from,
      to: search.to ?? range.to,
    }),
    refetchInterval,
  });
  useRereadWith(counts, list.refetch);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return { list, rows, selection, tail, histogram, counts };
};
type EventsState = ReturnType<typeof useEvents>;

const isFiltered = ({ sourceId, eventType, fate, from, to, q }: WebhooksSearch): boolean =>
  [sourceId, eventType, fate, from, to, q].some((value) => value !== undefined);

const NoEvent = ({ address }: { address: Address }) =>
  isFiltered(address.search) ? (
    <Empty title="No events match">
      <AddressLink className="link" address={address} to={{ tab: "events" }}>
        Clear filters
      </AddressLink>
    </Empty>
  ) : (
    <Empty title="No events yet">
      Events appear here once a source receives one, whether or not an endpoint takes it.
    </Empty>
  );

/** What the counted events have in common: how many went nowhere. */
const StripText = ({ state, search }: { state: EventsState; search: WebhooksSearch }) => {
  const { data, isError } = state.counts;
  if (search.q !== undefined) return <span className="c3">Exactly this id</span>;
  if (data === undefined)
    return isError ? <span className="c3">The count is currently unavailable</span> : null;
  const unmatched = unmatchedCount(data.counts);
  const total = Object.values(data.counts).reduce((sum, count) => sum + count, 0);
  const range = search.from === undefined && search.to === undefined ? "in the last hour" : "in this range";
  if (unmatched === 0)
    return (
      <>
        <b>{formatCount(total)}</b>
        {data.isBound && "+"} received {range}, each matched an endpoint
      </>
    );
  return (
    <>
      <b className={data.counts.disabled > 0 ? "tx-warn" : ""}>{unmatchedWords(unmatched, data.isBound)}</b>{" "}
      {range}
    </>
  );
};

const DeliverActs = (props: {
  state: EventsState;
  search: WebhooksSearch;
  onDeliver: (late: Late) => void;
}) => {
  const { state, search, onDeliver } = props;
  const { selection, counts } = state;
  if (selection.ids.size > 0)
    return (
      <>
        <Button variant="ghost" onClick={selection.clear}>
          Clear selection
        </Button>
        <Button
          variant="primary"
          onClick={() =>
            onDeliver({
              title: `Deliver ${formatPlural(selection.ids.size, "selected event")}`,
              filter: { ids: [...selection.ids] },
            })
          }
        >
          Deliver {formatCount(selection.ids.size)} selected to…
        </Button>
      </>
    );
  const unmatched = counts.data === undefined ? 0 : unmatchedCount(counts.data.counts);
  if (unmatched === 0 || search.q !== undefined || counts.data === undefined) return null;
  const { from, to } = counts.data;
  const fates = search.fate?.filter((fate) => unmatchedFates.some((one) => one === fate));
  return (
    <Button
      onClick={() =>
        onDeliver({
          title: `Deliver ${formatPlural(unmatched, "event")}`,
          filter: { ...lateFilterOf(search), fate: fates ?? [...unmatchedFates], from, to },
        })
      }
    >
      Deliver {formatCount(unmatched)}
      {counts.data.isBound && "+"} to…
    </Button>
  );
};

const ofEvent = (event: WebhookEvent): Late => ({
  title: `Deliver ${event.eventType}`,
  filter: { ids: [event.id] },
});

const List = (props: {
  state: EventsState;
  address: Address;
  onDeliver: ((event: WebhookEvent) => void) | null;
}) => {
  const { state, address, onDeliver } = props;
  const { list, rows, selection } = state;
  return (
    <Panel
      name="Events"
      query={list}
      isEmpty={() => rows.length === 0}
      empty={<NoEvent address={address} />}
      skeletonRows={12}
    >
      {() => (
        <>
          <EventTable
            rows={rows}
            address={address}
            acts={onDeliver === null ? null : { selection, rows, onDeliver }}
          />
          <LoadOlder name="Older events" list={list}>
            {list.hasNextPage
              ? `${formatCount(rows.length)} loaded`
              : `All ${formatCount(rows.length)} loaded`}
          </LoadOlder>
        </>
      )}
    </Panel>
  );
};

/** Received events filtered by the URL: filter bar, histogram, live list and the drawer of one event. */
export const EventsTab = (props: { organization: string; address: Address; tabs: ReactNode }) => {
  const { organization, address, tabs } = props;
  const { search } = address;
  const nowMs = useMinute();
  const canDeliver = useCan(organization, "webhooks:replay");
  const [late, setLate] = useState<Late | null>(null);
  const state = useEvents(organization, address, nowMs);
  const { tail, rows, selection } = state;
  const onDeliver = canDeliver ? (event: WebhookEvent) => setLate(ofEvent(event)) : null;
  const toggle = () => {
    if (!tail.isPaused) return tail.pause();
    if (search.event !== undefined) address.go({ ...search, event: undefined });
    selection.clear();
    tail.resume();
  };
  const pause = { isPaused: tail.isPaused, newCount: tail.newCount, onToggle: toggle };
  const drawer = search.event !== undefined && (
    <EventDrawer
      key={search.event}
      organization={organization}
      id={search.event}
      rows={rows}
      address={address}
      onDeliver={onDeliver}
    />
  );
  return (
    <Page title={organizationPages.webhooks.title} pause={pause}>
      <div className={css.layout}>
        {tabs}
        <Split drawer={drawer}>
          <div ref={tail.sentinel} className={css.sentinel} />
          <div className="tool">
            <EventsFilter organization={organization} address={address} rows={rows} nowMs={nowMs} />
            <EventViews address={address} />
          </div>
          <EventsHistogram query={state.histogram} address={address} />
          <TailStrip {...pause} text={<StripText state={state} search={search} />}>
            {canDeliver && <DeliverActs state={state} search={search} onDeliver={setLate} />}
          </TailStrip>
          <List state={state} address={address} onDeliver={onDeliver} />
        </Split>
        {late !== null && <LateDialog organization={organization} {...late} onClose={() => setLate(null)} />}
      </div>
    </Page>
  );
};
