import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type {
  AuditReviewDetail,
  AuditReviewGroup,
  AuditReviewItem,
} from "@wheelhouse/shared/audit/review.ts";
import { auditMarksMax } from "@wheelhouse/shared/audit/review.ts";
import { type ComponentProps, useMemo, useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatDate, formatPlural, formatTime } from "#lib/format.ts";
import { useKeys } from "#lib/keys.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { usePreferences } from "#lib/preferences.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Segments } from "#ui/filter/segments.tsx";
import { Button } from "#ui/page/button.tsx";
import { Split } from "#ui/page/page.tsx";
import { Empty, Panel, type PanelQuery } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { TimeHeader } from "#ui/text/time.tsx";
import { targetName } from "../filter.ts";
import { auditReviewItemsQuery, auditReviewQuery } from "../queries.ts";
import { Outcome } from "../reading/reading.ts";
import css from "../review.module.css";
import type { AuditSearch } from "../search.ts";
import { type Remark, RemarkDialog, SignDialog } from "./dialogs.tsx";
import { ReviewDrawer, ReviewMark } from "./drawer.tsx";
import { ReviewGroups } from "./groups.tsx";
import { useGatheredMarks, useReviewActs } from "./marks.ts";
import { ReviewFacts } from "./panel.tsx";

type Address = PageAddress<AuditSearch>;
type State = "all" | "open" | "flagged";
type Shown = State | "groups";

const states: readonly { value: Shown; label: string }[] = [
  { value: "all", label: "All" },
  { value: "open", label: "Not reviewed" },
  { value: "flagged", label: "Flagged" },
  { value: "groups", label: "By actor and action" },
];

const Moment = ({ at }: { at: string }) => {
  const { zone } = usePreferences();
  return (
    <time dateTime={at}>
      <span className="c3">{formatDate(at, zone)} </span>
      {formatTime(at, zone)}
    </time>
  );
};

const columns: readonly Column<AuditReviewItem>[] = [
  {
    id: "time",
    header: <TimeHeader />,
    card: "age",
    className: css.colTime,
    cell: (item) => <Moment at={item.recordedAt} />,
  },
  {
    id: "mark",
    header: "Review",
    card: "badge",
    className: css.colMark,
    cell: (item) => <ReviewMark item={item} />,
  },
  {
    id: "actor",
    header: "Actor",
    card: "detail",
    className: `cut ${css.colActor}`,
    cell: (item) => item.event?.actor.display ?? <span className="zero">–</span>,
  },
  {
    id: "action",
    header: "Action",
    card: "title",
    className: `cut ${css.colAction}`,
    cell: (item) =>
      item.event === null ? (
        <span className="c3">Content expired</span>
      ) : (
        <span className="mono">{item.event.action}</span>
      ),
  },
  {
    id: "target",
    header: "Target",
    className: "cut c2",
    cell: (item) => (
      <>
        {item.event === null ? "" : targetName(item.event)}
        {item.comments.length > 0 && (
          <span
            className="c3"
            title={item.comments.map(({ author, text }) => `${author}: ${text}`).join("\n")}
          >
            {" "}
            “{item.comments.at(-1)?.text}”
          </span>
        )}
      </>
    ),
  },
  {
    id: "reason",
    header: "Reason",
    drop: "first",
    className: "cut c2",
    cell: (item) => item.event?.reason ?? "",
  },
  {
    id: "outcome",
    header: "Outcome",
    className: css.colMark,
    cell: (item) => item.event !== null && <Outcome outcome={item.event.outcome} inRow />,
  },
  {
    id: "event",
    header: "Event",
    num: true,
    className: `c3 ${css.colEvent}`,
    cell: (item) => formatCount(item.seq),
  },
];
const keyOf = (item: AuditReviewItem): string => item.auditId;

const Since = ({ review }: { review: AuditReviewDetail }) => {
  const { newEvents, isMore, expiredEvents, headHolds, verification } = review.since;
  return (
    <div className={`t12 ${css.since}`} role={headHolds ? "status" : "alert"}>
      {headHolds ? (
        <span>
          Event {formatCount(review.coveredSeq)} still has the hash{" "}
          <span className="mono">{review.coveredHash.slice(0, 12)}</span>
        </span>
      ) : (
        <b className="tx-down">
          The chain no longer has the covered hash at event {formatCount(review.coveredSeq)}
        </b>
      )}
      <span className={newEvents > 0 ? "tx-warn" : "c2"}>
        {newEvents === 0
          ? "No events added to this period since"
          : `${formatCount(newEvents)}${isMore ? "+" : ""} ${newEvents === 1 ? "event" : "events"} added to this period since`}
      </span>
      {expiredEvents > 0 && <span>Content of {formatPlural(expiredEvents, "event")} expired</span>}
      <span className="c2">
        {verification === null ? (
          "The chain has never been verified"
        ) : verification.problem === null ? (
          <>
            Verified to event {formatCount(verification.toSeq)}, <Moment at={verification.at} />
          </>
        ) : (
          <b className="tx-down">{verification.problem}</b>
        )}
      </span>
    </div>
  );
};

/** The signature, if there is one, and what changed since. */
const Standing = ({ review }: { review: AuditReviewDetail }) => (
  <>
    {review.signed !== null && <Signature signed={review.signed} ownOpen={review.progress.ownOpen} />}
    <Since review={review} />
  </>
);

const Head = (props: {
  data: AuditReviewDetail;
  address: Address;
  acts: ReturnType<typeof useReviewActs>;
  /** The listed events that the reader may still mark. */
  open: readonly AuditReviewItem[];
  onSign: (() => void) | null;
}) => {
  const { data, address, acts, open, onSign } = props;
  return (
    <div className={css.reviewHead}>
      <h2>Review, {data.name}</h2>
      <span className="c3 t12">
        {data.from.slice(0, 10)} – {new Date(Date.parse(data.to) - 1).toISOString().slice(0, 10)}
        {data.viewName !== null && `, view “${data.viewName}”`}, opened by {data.opened.name}
      </span>
      <span className="grow" />
      {open.length > 0 && (
        <Button
          disabled={acts.mark.isPending}
          onClick={() =>
            acts.mark.mutate({ events: open.map(keyOf).slice(0, auditMarksMax), mark: "reviewed" })
          }
        >
          Mark {formatCount(Math.min(auditMarksMax, open.length))} shown as reviewed
        </Button>
      )}
      {onSign !== null && (
        <Button variant="primary" onClick={onSign}>
          Sign off {data.name}…
        </Button>
      )}
      <AddressLink className="btn ghost" address={address} to={{}}>
        Close review
      </AddressLink>
    </div>
  );
};

/** Whether a reviewer may have judged acts of their own under another account. */
const isClose = ({ sameInviter, sameAddress }: NonNullable<AuditReviewDetail["signed"]>): boolean =>
  (sameInviter ?? 0) + (sameAddress ?? 0) > 0;

const Signature = ({
  signed,
  ownOpen,
}: {
  signed: NonNullable<AuditReviewDetail["signed"]>;
  ownOpen: number;
}) => (
  <div className={css.strip} role="status">
    <Status tone={isClose(signed) ? "degraded" : "ok"} label={`Signed by ${signed.name}`} />
    <span className="c2">
      <Moment at={signed.at} />
      {signed.notReviewed > 0 && `, ${formatPlural(signed.notReviewed, "event")} not reviewed`}
      {ownOpen > 0 && `, ${formatPlural(ownOpen, "action")} of the signer waiting for another reviewer`}
      {(signed.sameInviter ?? 0) > 0 &&
        `, ${formatPlural(signed.sameInviter ?? 0, "event")} of accounts related to their reviewer by invitation`}
      {(signed.sameAddress ?? 0) > 0 &&
        `, ${formatPlural(signed.sameAddress ?? 0, "event")} of others from the signer’s own address`}
      {signed.comment !== null && ` “${signed.comment}”`}
    </span>
  </div>
);

/** Progress of the review, which events are listed, and the marking keys. */
const Progress = (props: {
  progress: AuditReviewDetail["progress"];
  state: Shown;
  onState: (state: Shown) => void;
  canSign: boolean;
  /** Marks collected but not sent yet. */
  waiting: number;
}) => {
  const { progress, state, onState, canSign, waiting } = props;
  return (
    <div className={css.hints}>
      <div className={css.reviewFacts}>
        <ReviewFacts progress={progress} />
      </div>
      <div className="row">
        <Segments options={states} value={state} onChange={onState} />
        {canSign && (
          <span className="c3 t12 no-phone">
            <kbd>j</kbd> <kbd>k</kbd> move, <kbd>x</kbd> reviewed, <kbd>f</kbd> flag or resolve, <kbd>c</kbd>{" "}
            comment
          </span>
        )}
        {waiting > 0 && (
          <span className="c3 t12" role="status">
            Marking {formatCount(waiting)}
          </span>
        )}
      </div>
    </div>
  );
};

const totalOf = (progress: AuditReviewDetail["progress"], state: State): number =>
  state === "all" ? progress.events : state === "open" ? progress.open : progress.flagged;

const Items = (props: {
  list: PanelQuery<unknown> & {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => unknown;
  };
  items: readonly AuditReviewItem[];
  /** Events of the state in the whole review. */
  total: number;
  state: State;
  address: Address;
}) => {
  const { list, items, total, state, address } = props;
  return (
    <Panel
      name="Events under review"
      query={list}
      isEmpty={() => items.length === 0}
      empty={<Empty title={state === "all" ? "No events in this period" : "No matching events"} />}
      skeletonRows={10}
    >
      {() => (
        <>
          <Table
            caption="Events under review, newest first"
            className={`compact cards ${css.items}`}
            columns={columns}
            rows={items}
            keyOf={keyOf}
            openKey={address.search.event}
            onOpen={(event) => address.go({ ...address.search, event })}
            hrefOf={(event) => address.hrefOf({ ...address.search, event })}
          />
          <div className="more t12">
            {list.hasNextPage && (
              <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                Load older
              </Button>
            )}
            <span>
              {formatCount(items.length)} of {formatCount(Math.max(total, items.length))} loaded
            </span>
          </div>
        </>
      )}
    </Panel>
  );
};

const GroupStrip = ({ group, onBack }: { group: AuditReviewGroup; onBack: () => void }) => (
  <div className={css.strip} role="status">
    <span>
      {group.actorName}, <span className="mono">{group.action}</span>
    </span>
    <span className="grow" />
    <Button onClick={onBack}>Back to the groups</Button>
  </div>
);

const focusedOf = (items: readonly AuditReviewItem[], openId: string | undefined) => {
  const key = document.activeElement?.closest("tr")?.dataset.key ?? openId;
  return items.find((item) => item.auditId === key);
};

type Act = (item: AuditReviewItem | undefined) => void;
const keysOf = (
  { review, flag, comment }: { review: Act; flag: Act; comment: Act },
  focused: () => AuditReviewItem | undefined,
) => [
  { keys: "x", label: "Mark as reviewed", group: "Review", run: () => review(focused()) },
  { keys: "f", label: "Flag, or resolve the flag", group: "Review", run: () => flag(focused()) },
  { keys: "c", label: "Comment", group: "Review", run: () => comment(focused()) },
];

/** Actions available for one event; none when it is done or the reader's own. */
const itemActsOf = (options: {
  isDone: boolean;
  mark: (id: string) => void;
  onRemark: (remark: Remark) => void;
}) => {
  const { isDone, mark, onRemark } = options;
  const review = (item: AuditReviewItem | undefined) => {
    if (item !== undefined && !item.isOwn && item.mark === null) mark(item.auditId);
  };
  const flag = (item: AuditReviewItem | undefined) => {
    if (item !== undefined && !item.isOwn && !isDone)
      onRemark({ item, act: item.mark === "flagged" && item.settled === null ? "settle" : "flag" });
  };
  const comment = (item: AuditReviewItem | undefined) =>
    item !== undefined && onRemark({ item, act: "comment" });
  return { review, flag, comment };
};

/** Which events of a review are listed: all of a state, those of a group, or the groups. */
const useLook = () => {
  const [shown, setShown] = useState<Shown>("all");
  const [group, setGroup] = useState<AuditReviewGroup | null>(null);
  const show = (next: Shown) => {
    setShown(next);
    setGroup(null);
  };
  const open = (one: AuditReviewGroup) => {
    setShown("all");
    setGroup(one);
  };
  return { shown, group, state: shown === "groups" ? ("all" as const) : shown, show, open };
};

const Listed = (props: {
  organization: string;
  id: string;
  look: ReturnType<typeof useLook>;
  list: ComponentProps<typeof Items>["list"];
  items: readonly AuditReviewItem[];
  progress: AuditReviewDetail["progress"];
  acts: ReturnType<typeof useReviewActs> | null;
  address: Address;
}) => {
  const { organization, id, look, list, items, progress, acts, address } = props;
  const { group, state } = look;
  if (look.shown === "groups")
    return <ReviewGroups organization={organization} id={id} acts={acts} onOpen={look.open} />;
  return (
    <>
      {group !== null && <GroupStrip group={group} onBack={() => look.show("groups")} />}
      <Items
        list={list}
        items={items}
        total={group?.events ?? totalOf(progress, state)}
        state={state}
        address={address}
      />
    </>
  );
};

const useAsking = () => {
  const [remark, setRemark] = useState<Remark | null>(null);
  const [isSigning, setIsSigning] = useState(false);
  return { remark, setRemark, isSigning, setIsSigning };
};

const Dialogs = (props: {
  review: AuditReviewDetail;
  acts: ReturnType<typeof useReviewActs>;
  asking: ReturnType<typeof useAsking>;
}) => {
  const { review, acts, asking } = props;
  const { remark, setRemark, isSigning, setIsSigning } = asking;
  return (
    <>
      {remark !== null && <RemarkDialog remark={remark} acts={acts} onClose={() => setRemark(null)} />}
      {isSigning && <SignDialog review={review} acts={acts} onClose={() => setIsSigning(false)} />}
    </>
  );
};

/** What the page of a review holds and does. */
const useReview = (organization: string, id: string, openEvent: string | undefined) => {
  const canSign = useCan(organization, "audit:sign-off");
  const query = useQuery(auditReviewQuery(organization, id));
  const look = useLook();
  const list = useInfiniteQuery(auditReviewItemsQuery(organization, id, look.state, look.group));
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const acts = useReviewActs(organization, id);
  const asking = useAsking();
  const gathered = useGatheredMarks((events) => acts.mark.mutateAsync({ events, mark: "reviewed" }));
  const isDone = query.data?.signed != null;
  const itemActs = itemActsOf({ isDone, mark: gathered.add, onRemark: asking.setRemark });
  useKeys(canSign ? keysOf(itemActs, () => focusedOf(items, openEvent)) : []);
  const canMark = canSign && !isDone;
  const open = canMark ? items.filter((item) => item.mark === null && !item.isOwn) : [];
  return { canSign, canMark, isDone, query, look, list, items, open, acts, asking, gathered, itemActs };
};

const ReviewBody = (props: {
  data: AuditReviewDetail;
  review: ReturnType<typeof useReview>;
  organization: string;
  id: string;
  address: Address;
}) => {
  const { data, review, organization, id, address } = props;
  const { acts, asking, canMark, look } = review;
  return (
    <>
      <Head
        data={data}
        address={address}
        acts={acts}
        open={review.open}
        onSign={canMark ? () => asking.setIsSigning(true) : null}
      />
      <Standing review={data} />
      <Progress
        progress={data.progress}
        state={look.shown}
        onState={look.show}
        canSign={review.canSign}
        waiting={review.gathered.waiting.size}
      />
      {acts.mark.error !== null && asking.remark === null && (
        <ActError title="Nothing was marked." error={acts.mark.error} />
      )}
      <Listed
        organization={organization}
        id={id}
        look={look}
        list={review.list}
        items={review.items}
        progress={data.progress}
        acts={canMark ? acts : null}
        address={address}
      />
      <Dialogs review={data} acts={acts} asking={asking} />
    </>
  );
};

/** The events of one review, and its sign-off. */
export const AuditReviewPage = (props: { organization: string; id: string; address: Address }) => {
  const { organization, id, address } = props;
  const { event } = address.search;
  const review = useReview(organization, id, event);
  const { canSign, isDone, items, itemActs } = review;
  return (
    <Split
      drawer={
        event !== undefined && (
          <ReviewDrawer
            organization={organization}
            id={event}
            items={items}
            address={address}
            acts={canSign ? { isDone, ...itemActs } : undefined}
          />
        )
      }
    >
      <Panel name="The review" query={review.query} skeletonRows={12}>
        {(data) => (
          <ReviewBody data={data} review={review} organization={organization} id={id} address={address} />
        )}
      </Panel>
    </Split>
  );
};
