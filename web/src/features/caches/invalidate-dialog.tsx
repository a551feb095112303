import { useQuery } from "@tanstack/react-query";
import type { CacheRow } from "@wheelhouse/shared/caches/caches.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Status } from "#ui/page/status.tsx";
import styles from "./caches.module.css";
import { CountFirst, RemovalErrors } from "./count-first.tsx";
import { operationQuery, useInvalidate, usePreview, type What } from "./queries.ts";
import { WhatFields } from "./what-fields.tsx";

type Outcome = Pick<Operation["outcomes"][number], "instance" | "outcome" | "count" | "detail">;

const Outcomes = (props: { outcomes: readonly Outcome[]; isOver: boolean; obeyed: string }) => (
  <table className={`${styles.mini} ${styles.outcomes}`}>
    <thead>
      <tr>
        <th scope="col">Instance</th>
        <th scope="col">Answer</th>
        <th scope="col" className="num">
          Entries
        </th>
      </tr>
    </thead>
    <tbody>
      {props.outcomes.map(({ instance, outcome, count, detail }) => (
        <tr key={instance}>
          <td className="cut">{instance}</td>
          <td className={outcome === "obeyed" ? "c2" : "tx-warn"}>
            {outcome === "no answer" && !props.isOver
              ? "asked"
              : (detail ?? (outcome === "obeyed" ? props.obeyed : outcome))}
          </td>
          <td className="num">{count === null ? "–" : formatCount(count)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Done = (props: { organization: string; operation: Operation; onClose: () => void; title: string }) => {
  const { organization, operation: first, onClose, title } = props;
  const { data: operation } = useQuery(operationQuery(organization, first));
  const isOver = operation.state !== "accepted";
  const missing = operation.outcomes.filter(({ outcome }) => outcome !== "obeyed");
  const removed = operation.outcomes.reduce((sum, { count }) => sum + (count ?? 0), 0);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large variant="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div role="status">
        {!isOver ? (
          <Note title="Waiting for some instances.">Waiting up to 10 seconds for their answers.</Note>
        ) : missing.length === 0 ? (
          <p>
            <Status tone="ok" label="Done" /> <b>{formatPlural(removed, "entry", "entries")} removed.</b> All
            instances confirmed.
          </p>
        ) : (
          <Note tone="warn" title={`${formatPlural(missing.length, "instance")} did not confirm.`}>
            They may serve their entries until these expire.
          </Note>
        )}
      </div>
      <Outcomes outcomes={operation.outcomes} isOver={isOver} obeyed="removed" />
    </Dialog>
  );
};

type Plan = NonNullable<ReturnType<typeof usePreview>["data"]>;

const planWords = (plan: Plan): string =>
  plan.count === 0
    ? "No entries match."
    : `${formatPlural(plan.count, "entry", "entries")} on ${formatPlural(plan.instances.length, "instance")}`;

const preferredBy = ({ tags, invalidateBy }: CacheRow): What["by"] =>
  (tags.length > 0 && invalidateBy.includes("tag") ? "tag" : invalidateBy[0]) ?? "key";

/** Choose entries, count them, give a reason and remove them; then see the result by instance. */
export const InvalidateDialog = (props: { organization: string; row: CacheRow; onClose: () => void }) => {
  const { organization, row, onClose } = props;
  const [{ by, value }, setWhat] = useState<What>({ by: preferredBy(row), value: "" });
  const [reason, setReason] = useState("");
  const preview = usePreview(organization, row.id);
  const invalidate = useInvalidate(organization, row.id);
  const what: What = { by, value: value.trim() };
  const seen = preview.variables;
  const isSeen = preview.data !== undefined && seen?.by === by && seen.value === what.value;
  const plan = isSeen ? preview.data : undefined;
  const title = `Invalidate ${row.name} of ${row.service}`;
  if (invalidate.data !== undefined)
    return <Done organization={organization} operation={invalidate.data} onClose={onClose} title={title} />;
  const look = () => {
    if (what.value !== "" && !preview.isPending) preview.mutate(what);
  };
  const canAct = plan !== undefined && plan.count > 0 && isReason(reason);
  const act = () => {
    if (canAct && !invalidate.isPending)
      invalidate.mutate({ ...what, count: plan.count, reason: reason.trim() });
  };
  const errors = fieldErrors(invalidate.error ?? preview.error);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">Removed entries are reloaded with the next call.</span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="primary" disabled={!canAct || invalidate.isPending} onClick={act}>
            {plan === undefined ? "Invalidate" : `Invalidate ${formatPlural(plan.count, "entry", "entries")}`}
          </Button>
        </>
      }
    >
      <WhatFields
        choices={row.invalidateBy}
        by={by}
        value={value}
        tags={row.tags}
        error={errors.get("value")}
        onChange={(nextBy, next) => setWhat({ by: nextBy, value: next })}
        onEnter={look}
      />
      <CountFirst
        label="Count entries"
        result={plan && planWords(plan)}
        isCounting={preview.isPending}
        canCount={what.value !== ""}
        onCount={look}
      />
      {plan !== undefined && <Outcomes outcomes={plan.instances} isOver obeyed="counted" />}
      <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={act} />
      {errors.size === 0 && <RemovalErrors noun="entries" removal={invalidate.error} count={preview.error} />}
    </Dialog>
  );
};
