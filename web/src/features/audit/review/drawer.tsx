import type { AuditReviewItem } from "@wheelhouse/shared/audit/review.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import { Time } from "#ui/text/time.tsx";
import css from "../audit.module.css";
import { AuditDrawer } from "../reading/reading.ts";
import type { AuditSearch } from "../search.ts";

export const ReviewMark = ({ item }: { item: AuditReviewItem }) => {
  if (item.mark === "flagged")
    return item.settled === null ? (
      <Status tone="degraded" label="Flagged" inRow />
    ) : (
      <Status tone="ok" label="Resolved" inRow />
    );
  if (item.mark === "reviewed") return <Status tone="ok" label="Reviewed" inRow />;
  return <span className="c3">{item.isOwn ? "Your own action" : "Not reviewed"}</span>;
};

const ReviewState = ({ item }: { item: AuditReviewItem }) => {
  const by = item.settled ?? item.marked;
  return (
    <section className={css.reviewState} aria-label="Review">
      <div className="row">
        <ReviewMark item={item} />
        {by !== null && (
          <span className="c3 t12">
            by {by.name}, <Time at={by.at} full />
          </span>
        )}
        {item.isOwn && <span className="c3 t12">someone else has to review it</span>}
      </div>
      {item.comments.map(({ id, author, at, text }) => (
        <p key={id} className={css.wrap}>
          “{text}”{" "}
          <span className="c3 t12">
            {author}, <Time at={at} full />
          </span>
        </p>
      ))}
    </section>
  );
};

/** An event under review, beside the list, with its review actions. */
export const ReviewDrawer = (props: {
  organization: string;
  id: string;
  items: readonly AuditReviewItem[];
  address: PageAddress<AuditSearch>;
  /** Undefined for readers without review permission. */
  acts:
    | {
        isDone: boolean;
        flag: (item: AuditReviewItem) => void;
        review: (item: AuditReviewItem) => void;
        comment: (item: AuditReviewItem) => void;
      }
    | undefined;
}) => {
  const { organization, id, items, address, acts } = props;
  const item = items.find(({ auditId }) => auditId === id);
  const events = items.flatMap(({ event }) => (event === null ? [] : [event]));
  return (
    <AuditDrawer
      organization={organization}
      id={id}
      events={events}
      address={address}
      review={
        item && {
          state: <ReviewState item={item} />,
          acts: acts && (
            <>
              <Button
                variant="primary"
                disabled={item.isOwn || item.mark !== null}
                onClick={() => acts.review(item)}
              >
                Mark reviewed
              </Button>
              <Button disabled={item.isOwn || acts.isDone} onClick={() => acts.flag(item)}>
                {item.mark === "flagged" && item.settled === null ? "Resolve flag…" : "Flag…"}
              </Button>
              <Button onClick={() => acts.comment(item)}>Comment…</Button>
            </>
          ),
        }
      }
    />
  );
};
