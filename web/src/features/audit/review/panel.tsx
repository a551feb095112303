import { useQuery } from "@tanstack/react-query";
import type { AuditReview } from "@wheelhouse/shared/audit/review.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { formatCount, formatPlural } from "#lib/format.ts";
import type { PageAddress } from "#lib/page-address.ts";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { AddressLink } from "#ui/text/address-link.tsx";
import { auditRetentionQuery, auditReviewsQuery } from "../queries.ts";
import css from "../review.module.css";
import type { AuditSearch } from "../search.ts";
import { ReviewOpenDialog } from "./open.tsx";
import { RetentionDialog } from "./retention.tsx";

type Address = PageAddress<AuditSearch>;

/** Progress of a review. */
export const ReviewFacts = ({ progress }: { progress: AuditReview["progress"] }) => {
  const { events, open, flagged, settled, comments, ownOpen } = progress;
  const worked = events - open;
  return (
    <>
      <div className={css.progress}>
        <i style={{ width: events === 0 ? "100%" : `${(worked / events) * 100}%` }} />
      </div>
      <div className="fact">
        <span>Events reviewed</span>
        <b>
          {formatCount(worked)} of {formatCount(events)}
        </b>
      </div>
      <div className="fact">
        <span>Flags resolved</span>
        <b>
          {formatCount(settled)} of {formatCount(flagged)}
        </b>
      </div>
      <div className="fact">
        <span>Comments</span>
        <b>{formatCount(comments)}</b>
      </div>
      {ownOpen > 0 && (
        <p className="t12 tx-warn">
          {formatPlural(ownOpen, "action")} of your own left for someone else to review
        </p>
      )}
    </>
  );
};

const Latest = ({ reviews, address }: { reviews: readonly AuditReview[]; address: Address }) => {
  const open = reviews.find(({ signed }) => signed === null);
  const signed = reviews.find((review) => review.signed !== null);
  return (
    <>
      {open !== undefined && (
        <>
          <p className="t12 c3">
            {open.name}, {open.from.slice(0, 10)} –{" "}
            {new Date(Date.parse(open.to) - 1).toISOString().slice(0, 10)}
          </p>
          <ReviewFacts progress={open.progress} />
        </>
      )}
      <div className={css.signAct}>
        {open !== undefined && (
          <AddressLink className="btn" address={address} to={{ review: open.id }}>
            Continue review
          </AddressLink>
        )}
      </div>
      {signed?.signed != null && (
        <p className="t12 c3">
          <AddressLink className="link" address={address} to={{ review: signed.id }}>
            {signed.name}
          </AddressLink>{" "}
          signed by {signed.signed.name}, event {formatCount(signed.coveredSeq)}
        </p>
      )}
    </>
  );
};

/** Reviews beside the activity: the open one, the last sign-off and the retention of content. */
export const AuditReviewPanel = ({ organization, address }: { organization: string; address: Address }) => {
  const canSign = useCan(organization, "audit:sign-off");
  const canManage = useCan(organization, "access:manage");
  const query = useQuery(auditReviewsQuery(organization));
  const { data: retention } = useQuery(auditRetentionQuery(organization));
  const [dialog, setDialog] = useState<"open" | "retention" | null>(null);
  return (
    <section className={css.sign} aria-label="Review">
      <h2 className="h">Review</h2>
      <div className={css.reviews}>
        <Panel
          name="The reviews"
          query={query}
          skeletonRows={1}
          isEmpty={({ items }) => items.length === 0}
          empty={<p className="c2">No period has been signed off yet.</p>}
        >
          {({ items }) => <Latest reviews={items} address={address} />}
        </Panel>
      </div>
      {canSign && (
        <div className={css.signAct}>
          <Button onClick={() => setDialog("open")}>Review a period…</Button>
        </div>
      )}
      <p className={`t12 c3 ${css.kept}`}>
        {retention !== undefined && (
          <>
            Retention:{" "}
            {retention.keepDays === null ? "unlimited" : `${formatPlural(retention.keepDays, "day")}`}
            {retention.holds.length > 0 && `, ${formatPlural(retention.holds.length, "legal hold")}`}{" "}
            <button type="button" className={css.link} onClick={() => setDialog("retention")}>
              {canManage ? "Change…" : "Details…"}
            </button>
          </>
        )}
      </p>
      {dialog === "open" && (
        <ReviewOpenDialog organization={organization} address={address} onClose={() => setDialog(null)} />
      )}
      {dialog === "retention" && retention !== undefined && (
        <RetentionDialog
          organization={organization}
          retention={retention}
          canManage={canManage}
          onClose={() => setDialog(null)}
        />
      )}
    </section>
  );
};
