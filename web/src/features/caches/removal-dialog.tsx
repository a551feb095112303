import { useQuery } from "@tanstack/react-query";
import type { CacheRemoval, DeclaredCache } from "@wheelhouse/shared/caches/removals.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import styles from "./caches.module.css";
import { CountFirst, RemovalErrors } from "./count-first.tsx";
import { RemovalProgress } from "./removal-progress.tsx";
import { type RemovalWhat, removalQuery, useRemovalPreview, useStartRemoval } from "./removals-queries.ts";
import { WhatFields } from "./what-fields.tsx";

type Plan = NonNullable<ReturnType<typeof useRemovalPreview>["data"]>;

const planWords = ({ count, isEstimate, looked, totalKeys }: Plan): string => {
  if (count === null) return "bentocache keeps no index of entries by tag, so their number is unknown.";
  if (count === 0 && !isEstimate) return "No keys match.";
  return isEstimate
    ? `About ${formatPlural(count, "key")}, estimated from ${formatCount(looked)} of ${formatCount(totalKeys)} keys`
    : formatPlural(count, "key");
};

const Running = (props: {
  organization: string;
  removal: CacheRemoval;
  title: string;
  onClose: () => void;
}) => {
  const { organization, removal: first, title, onClose } = props;
  const { data: removal } = useQuery(removalQuery(organization, first));
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">
            {removal.state === "running" && "It continues after you close this dialog."}
          </span>
          <Button large variant="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div role="status">
        <RemovalProgress organization={organization} removal={removal} mayCancel />
      </div>
    </Dialog>
  );
};

const Examples = ({ keys }: { keys: readonly string[] }) =>
  keys.length > 0 && (
    <ul className={styles.examples} aria-label="Sample of the keys">
      {keys.map((key) => (
        <li key={key} className="mono cut" title={key}>
          {key}
        </li>
      ))}
    </ul>
  );

type RemovalDialogProps = { organization: string; cache: DeclaredCache; onClose: () => void };

/** Choose keys of a declared cache, count them, give a reason and remove them; then follow the progress. */
export const RemovalDialog = ({ organization, cache, onClose }: RemovalDialogProps) => {
  const [what, setWhat] = useState<RemovalWhat>({ by: cache.removeBy[0] ?? "key", value: "" });
  const [reason, setReason] = useState("");
  const preview = useRemovalPreview(organization, cache.id);
  const removal = useStartRemoval(organization, cache.id);
  const title = `Remove keys of ${cache.name} of ${cache.service}`;
  if (removal.data !== undefined)
    return <Running organization={organization} title={title} onClose={onClose} removal={removal.data} />;
  const value = what.value.trim();
  const seen = preview.variables;
  const plan = seen?.by === what.by && seen.value === value ? preview.data : undefined;
  const canAct = plan !== undefined && (plan.count !== 0 || plan.isEstimate) && isReason(reason);
  const look = () => {
    if (value !== "" && !preview.isPending) preview.mutate({ by: what.by, value });
  };
  const act = () => {
    if (canAct && !removal.isPending)
      removal.mutate({ by: what.by, value, count: plan.count, reason: reason.trim() });
  };
  const errors = fieldErrors(removal.error ?? preview.error);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">
            In-process memory is not cleared: processes serve their entries until these expire.
          </span>
          <Button large onClick={onClose}>
            Cancel
          </Button>
          <Button large variant="danger-solid" disabled={!canAct || removal.isPending} onClick={act}>
            {what.by === "tag" ? "Invalidate tag" : "Remove keys"}
          </Button>
        </>
      }
    >
      <WhatFields
        choices={cache.removeBy}
        {...what}
        tags={[]}
        prefix={cache.prefix}
        error={errors.get("value")}
        onChange={(by, next) => setWhat({ by, value: next })}
        onEnter={look}
      />
      <CountFirst
        label="Count keys"
        result={plan && planWords(plan)}
        isCounting={preview.isPending}
        canCount={value !== ""}
        onCount={look}
      />
      {plan !== undefined && <Examples keys={plan.examples} />}
      <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={act} />
      {errors.size === 0 && <RemovalErrors noun="keys" removal={removal.error} count={preview.error} />}
    </Dialog>
  );
};
