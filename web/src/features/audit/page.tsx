import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type AuditEvent, auditTopic } from "@wheelhouse/shared/audit/audit.ts";
import { organizationPages } from "@wheelhouse/shared/pages.ts";
import { useEffect, useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { rangeName } from "#lib/history/time-range.ts";
import { useMinute } from "#lib/live/now.ts";
import { useTail } from "#lib/live/tail.ts";
import { useRereadWith } from "#lib/live/use-reread.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { RangePicker } from "#ui/filter/range-picker.tsx";
import { Button } from "#ui/page/button.tsx";
import { Page, Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { LoadOlder, type OlderQuery } from "#ui/table/load-older.tsx";
import { TailStrip } from "#ui/table/tail-strip.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import css from "./audit.module.css";
import { ExportDialog, ExportStrip, useAuditExport } from "./export/export.tsx";
import { auditFilterCount, matchesAudit, missingEvent, newestEventFirst } from "./filter.ts";
import { AuditProof } from "./proof/proof.tsx";
import { auditCountQuery, auditEventsQuery, auditProofQuery } from "./queries.ts";
import { AuditActivityPanel, AuditDrawer, AuditFilterBar, AuditTable } from "./reading/reading.ts";
import { AuditReviewPage, AuditReviewPanel, AuditViews } from "./review/review.ts";
import reviewCss from "./review.module.css";
import type { AuditSearch } from "./search.ts";

const route = getRouteApi("/o/$org/audit");

const useAddress = (organization: string): PageAddress<AuditSearch> => {
  const router = useRouter();
  const navigate = route.useNavigate();
  return {
    search: route.useSearch(),
    hrefOf: (search) =>
      router.buildLocation({ to: "/o/$org/audit", params: { org: organization }, search }).publicHref,
    go: (search, { replace = false } = {}) => void navigate({ search, replace }),
  };
};

const NoEvent = ({ address }: { address: PageAddress<AuditSearch> }) => {
  const filters = auditFilterCount(address.search);
  return filters === 0 ? (
    <Empty title="No events yet">Every action in this organization is recorded here.</Empty>
  ) : (
    <Empty title="No events match">
      {filters === 1 ? "1 filter is set. " : `${filters} filters are set. `}
      <AddressLink className="link" address={address} to={{}}>
        Clear filters
      </AddressLink>
    </Empty>
  );
};

const Tools = (props: {
  organization: string;
  address: PageAddress<AuditSearch>;
  events: readonly AuditEvent[];
  nowMs: number;
}) => {
  const { organization, address, events, nowMs } = props;
  const { search } = address;
  const { zone } = usePreferences();
  const canExport = useCan(organization, "audit:export");
  const exporting = useAuditExport(organization);
  const [isExporting, setIsExporting] = useState(false);
  return (
    <>
      <div className={reviewCss.top}>
        <AuditActivityPanel organization={organization} address={address} />
        <AuditReviewPanel organization={organization} address={address} />
      </div>
      <div className="tool">
        <AuditFilterBar organization={organization} address={address} events={events} nowMs={nowMs} />
        <RangePicker
          range={search}
          nowMs={nowMs}
          zone={zone}
          onChange={(range) => address.go({ ...search, from: range.from, to: range.to })}
        />
        <AuditViews organization={organization} address={address} />
        {canExport && <Button onClick={() => setIsExporting(true)}>Export…</Button>}
      </div>
      <ExportStrip state={exporting} />
      {isExporting && (
        <ExportDialog
          organization={organization}
          filter={search}
          onExport={(format) => {
            setIsExporting(false);
            exporting.mutate({ filter: search, format });
          }}
          onClose={() => setIsExporting(false)}
        />
      )}
    </>
  );
};

const Events = (props: {
  organization: string;
  list: PanelQuery<unknown> & OlderQuery;
  events: readonly AuditEvent[];
  address: PageAddress<AuditSearch>;
}) => {
  const { organization, list, events, address } = props;
  const matching = useQuery(auditCountQuery(organization, address.search)).data;
  return (
    <Panel
      name="The trail"
      query={list}
      isEmpty={() => events.length === 0}
      empty={<NoEvent address={address} />}
      skeletonRows={16}
    >
      {() => (
        <>
          <AuditTable events={events} address={address} />
          <LoadOlder name="Older events" list={list}>
            {list.hasNextPage ? "" : "All "}
            {formatCount(events.length)} loaded
            {list.hasNextPage &&
              matching !== undefined &&
              `, ${formatCount(matching.count)}${matching.isMore ? "+" : ""} match`}
          </LoadOlder>
        </>
      )}
    </Panel>
  );
};

const countEveryMs = 30_000;

const countWords = ({ count, isMore }: { count: number; isMore: boolean }): string =>
  isMore ? `${formatCount(count)}+ events` : formatPlural(count, "event");

/** Reading the trail is an event that is not announced, so the next one arrives beside a gap. */
const useRereadOfMissing = (
  missing: ReturnType<typeof missingEvent>,
  refetch: () => Promise<unknown>,
): void => {
  useEffect(() => {
    if (missing !== undefined) void refetch();
  }, [missing, refetch]);
};

const LiveWords = (props: { total: Parameters<typeof countWords>[0] | undefined; isPaused: boolean }) => (
  <span className="c3">
    {props.total !== undefined && `${countWords(props.total)}. `}
    {props.isPaused ? "Paused while you are reading" : "New events appear at the top"}
  </span>
);

const Trail = ({ organization }: { organization: string }) => {
  const address = useAddress(organization);
  const { search } = address;
  const options = auditEventsQuery(organization, search);
  const list = useInfiniteQuery(options);
  const tail = useTail<AuditEvent>({
    topic: auditTopic,
    queryKey: options.queryKey,
    compare: newestEventFirst,
    matches: (event) => matchesAudit(search, event),
    isReading: search.event !== undefined,
  });
  const { zone } = usePreferences();
  const nowMs = useMinute();
  const events = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  useRereadWith(useQuery(auditProofQuery(organization)), list.refetch);
  const missing = auditFilterCount(search) === 0 ? missingEvent(events) : undefined;
  useRereadOfMissing(tail.isPaused ? undefined : missing, list.refetch);
  const total = useQuery({ ...auditCountQuery(organization, search), refetchInterval: countEveryMs }).data;
  const hasRange = search.from !== undefined || search.to !== undefined;
  const toggle = () => {
    if (!tail.isPaused) return tail.pause();
    if (search.event !== undefined) address.go({ ...search, event: undefined });
    tail.resume();
  };
  const pause = { isPaused: tail.isPaused, newCount: tail.newCount, onToggle: toggle };
  return (
    <Page title={organizationPages.audit.title} pause={pause}>
      <Split
        drawer={
          search.event !== undefined && (
            <AuditDrawer organization={organization} id={search.event} events={events} address={address} />
          )
        }
      >
        <div ref={tail.sentinel} className={css.sentinel} />
        <AuditProof organization={organization} />
        <Tools organization={organization} address={address} events={events} nowMs={nowMs} />
        <TailStrip
          {...pause}
          text={
            hasRange ? (
              `Recorded ${rangeName(search, nowMs, zone)}${total === undefined ? "" : `, ${countWords(total)}`}`
            ) : (
              <LiveWords total={total} isPaused={tail.isPaused} />
            )
          }
        >
          {hasRange && (
            <Button onClick={() => address.go({ ...search, from: undefined, to: undefined })}>
              Clear selection
            </Button>
          )}
        </TailStrip>
        <Events organization={organization} list={list} events={events} address={address} />
      </Split>
    </Page>
  );
};

const Reviewing = ({ organization, id }: { organization: string; id: string }) => {
  const address = useAddress(organization);
  return (
    <Page title={organizationPages.audit.title} crumb="Review">
      <AuditReviewPage organization={organization} id={id} address={address} />
    </Page>
  );
};

/** Who did what to what, newest first, with the proof that nothing has been altered since. */
export const AuditPage = () => {
  const { org } = route.useParams();
  const { review } = route.useSearch();
  if (useCan(org, "audit:read"))
    return review === undefined ? (
      <Trail key={org} organization={org} />
    ) : (
      <Reviewing key={review} organization={org} id={review} />
    );
  return (
    <Page title={organizationPages.audit.title}>
      <Empty title="You don't have access to this page">Ask an admin for “View audit trail”.</Empty>
    </Page>
  );
};
