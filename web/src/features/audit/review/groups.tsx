import { useQuery } from "@tanstack/react-query";
import type { AuditReviewGroup } from "@wheelhouse/shared/audit/review.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Empty, Panel } from "#ui/page/panel.tsx";
import { Status } from "#ui/page/status.tsx";
import { type Column, Table } from "#ui/table/table.tsx";
import { Age } from "#ui/text/time.tsx";
import { auditReviewGroupsQuery, type ReviewGroupKey } from "../queries.ts";
import css from "../review.module.css";
import type { useReviewActs } from "./marks.ts";

type Acts = ReturnType<typeof useReviewActs>;

const keyOf = ({ actor, action }: ReviewGroupKey): string => JSON.stringify([actor, action]);

const MarkGroup = ({ group, acts }: { group: AuditReviewGroup; acts: Acts | null }) => {
  if (group.open === 0) return <Status tone="ok" label="Reviewed" inRow />;
  if (group.isOwn) return <span className="c3">Your own actions</span>;
  if (acts === null) return <span className="c3">{formatCount(group.open)} not reviewed</span>;
  return (
    <Button
      variant="ghost"
      disabled={acts.markGroup.isPending}
      aria-label={`Mark ${formatPlural(group.open, "event")} of ${group.actorName}, ${group.action}, as reviewed`}
      onClick={() => acts.markGroup.mutate(group)}
    >
      Mark {formatCount(group.open)} reviewed
    </Button>
  );
};

const columnsOf = (acts: Acts | null): Column<AuditReviewGroup>[] => [
  {
    id: "actor",
    header: "Actor",
    card: "detail",
    className: `cut ${css.colActor}`,
    cell: ({ actorName }) => actorName,
  },
  {
    id: "action",
    header: "Action",
    card: "title",
    className: "cut",
    cell: ({ action }) => <span className="mono">{action}</span>,
  },
  {
    id: "events",
    header: "Events",
    num: true,
    className: css.colCount,
    cell: ({ events }) => formatCount(events),
  },
  {
    id: "refused",
    header: "Denied, failed",
    num: true,
    drop: "first",
    className: css.colCount,
    cell: ({ refused }) =>
      refused === 0 ? <span className="zero">0</span> : <b className="tx-warn">{formatCount(refused)}</b>,
  },
  {
    id: "flagged",
    header: "Flagged",
    num: true,
    drop: "first",
    className: css.colCount,
    cell: ({ flagged }) => (flagged === 0 ? <span className="zero">0</span> : formatCount(flagged)),
  },
  {
    id: "last",
    header: "Newest",
    num: true,
    card: "age",
    className: `c2 ${css.colCount}`,
    cell: ({ lastAt }) => <Age at={lastAt} suffix="ago" short />,
  },
  {
    id: "acts",
    header: "Review",
    card: "badge",
    className: css.colGroupAct,
    cell: (group) => <MarkGroup group={group} acts={acts} />,
  },
];

/** Who did what in a review; a row opens its events, and its button marks them in one action. */
export const ReviewGroups = (props: {
  organization: string;
  id: string;
  /** Null for readers who may not mark, and once the review is signed. */
  acts: Acts | null;
  onOpen: (group: AuditReviewGroup) => void;
}) => {
  const { organization, id, acts, onOpen } = props;
  const query = useQuery(auditReviewGroupsQuery(organization, id));
  const open = (key: string) => {
    const group = query.data?.items.find((one) => keyOf(one) === key);
    if (group !== undefined) onOpen(group);
  };
  return (
    <Panel
      name="Groups of the review"
      query={query}
      isEmpty={({ items }) => items.length === 0}
      empty={<Empty title="No events in this period" />}
      skeletonRows={8}
    >
      {({ items, isMore }) => (
        <>
          {acts?.markGroup.error != null && (
            <ActError title="Nothing was marked." error={acts.markGroup.error} />
          )}
          <Table
            caption="Events under review by actor and action, most unreviewed first"
            className={`compact cards ${css.groups}`}
            columns={columnsOf(acts)}
            rows={items}
            keyOf={keyOf}
            onOpen={open}
          />
          <div className="more t12">
            <span>
              {isMore
                ? `The ${formatCount(items.length)} groups with the most unreviewed events`
                : `All ${formatPlural(items.length, "group")}`}
            </span>
          </div>
        </>
      )}
    </Panel>
  );
};
