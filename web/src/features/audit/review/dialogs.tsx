import type { AuditReview, AuditReviewItem } from "@wheelhouse/shared/audit/review.ts";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Note } from "#ui/page/note.tsx";
import type { useReviewActs } from "./marks.ts";

type Acts = ReturnType<typeof useReviewActs>;
export type Remark = { item: AuditReviewItem; act: "flag" | "settle" | "comment" };

const words = {
  flag: {
    title: "Flag",
    confirm: "Flag event",
    hint: "Explain what is unclear. Recorded in the audit trail.",
  },
  settle: { title: "Resolve flag on", confirm: "Resolve flag", hint: "Explain how it was resolved." },
  comment: { title: "Comment on", confirm: "Add comment", hint: "Recorded in the audit trail." },
} as const;

/** Asks for a comment, with or without a flag. */
export const RemarkDialog = ({
  remark,
  acts,
  onClose,
}: {
  remark: Remark;
  acts: Acts;
  onClose: () => void;
}) => {
  const { item, act } = remark;
  const [text, setText] = useState("");
  const { title, confirm, hint } = words[act];
  const { isPending, error } = act === "comment" ? acts.comment : acts.mark;
  const trimmed = text.trim();
  const send = () => {
    const done = { onSuccess: onClose };
    if (act === "comment") return acts.comment.mutate({ event: item.auditId, text: trimmed }, done);
    acts.mark.mutate(
      { events: [item.auditId], mark: act === "flag" ? "flagged" : "settled", comment: trimmed },
      done,
    );
  };
  return (
    <FormDialog
      title={`${title} event ${formatCount(item.seq)}`}
      confirm={confirm}
      failure="Nothing was changed."
      error={error}
      isReady={trimmed !== ""}
      isBusy={isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {() => (
        <>
          <p className="mono">{item.event?.action ?? "content expired"}</p>
          <FormField label="Comment" hint={hint}>
            {(control) => (
              <textarea
                {...control}
                className="field"
                rows={3}
                maxLength={1000}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </FormField>
        </>
      )}
    </FormDialog>
  );
};

const Covered = ({ review }: { review: AuditReview }) => (
  <p>
    The signature covers the chain up to event {formatCount(review.coveredSeq)}, {review.from.slice(0, 10)} to{" "}
    {new Date(Date.parse(review.to) - 1).toISOString().slice(0, 10)}
    {review.viewName === null ? "" : `, view “${review.viewName}”`}.
  </p>
);

/** Open events, and the count that the signer has to type. */
const Open = (props: {
  progress: AuditReview["progress"];
  typed: string;
  onTyped: (typed: string) => void;
}) => {
  const { typed, onTyped } = props;
  const { open, ownOpen, flagged, settled } = props.progress;
  const unsettled = flagged - settled;
  return unsettled > 0 ? (
    <Note
      tone="warn"
      title={`${formatPlural(unsettled, "flag")} ${unsettled === 1 ? "is" : "are"} unresolved.`}
    >
      Resolve them before you sign off.
    </Note>
  ) : (
    open > 0 && (
      <>
        <Note tone="warn" title={`${formatPlural(open, "event")} not reviewed.`}>
          The sign-off will record this.
          {ownOpen > 0 &&
            ` ${formatPlural(ownOpen, "of them is an action", "of them are actions")} of your own, which someone else has to review.`}
        </Note>
        <FormField label={`Type ${open} to sign off without them`}>
          {(control) => (
            <input
              {...control}
              className="field"
              inputMode="numeric"
              value={typed}
              onChange={(event) => onTyped(event.target.value)}
            />
          )}
        </FormField>
      </>
    )
  );
};

/** Signs off a review; the signer has to type the number of events that nobody reviewed. */
export const SignDialog = ({
  review,
  acts,
  onClose,
}: {
  review: AuditReview;
  acts: Acts;
  onClose: () => void;
}) => {
  const [typed, setTyped] = useState("");
  const [comment, setComment] = useState("");
  const { open, flagged, settled, events } = review.progress;
  const unsettled = flagged - settled;
  const canSign = unsettled === 0 && (open === 0 || typed.trim() === String(open));
  const sign = () =>
    acts.sign.mutate(
      { notReviewed: open, ...(comment.trim() === "" ? {} : { comment: comment.trim() }) },
      { onSuccess: onClose },
    );
  return (
    <FormDialog
      title={`Sign off ${review.name}, ${formatPlural(events, "event")}`}
      confirm={`Sign off ${review.name}`}
      foot="A sign-off cannot be undone."
      failure="The review was not signed off."
      error={acts.sign.error}
      isReady={canSign}
      isBusy={acts.sign.isPending}
      onSubmit={sign}
      onClose={onClose}
    >
      {() => (
        <>
          <Covered review={review} />
          <Open progress={review.progress} typed={typed} onTyped={setTyped} />
          <FormField label="Comment (optional)">
            {(control) => (
              <textarea
                {...control}
                className="field"
                rows={2}
                maxLength={1000}
                value={comment}
                onChange={(event) => setComment(event.target.value)}
              />
            )}
          </FormField>
        </>
      )}
    </FormDialog>
  );
};
