import type { CacheRemoval } from "@wheelhouse/shared/caches/removals.ts";
import { formatCount, formatPercent, formatPlural } from "#lib/format.ts";
import { Button } from "#ui/page/button.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import styles from "./caches.module.css";
import { useCancelRemoval } from "./removals-queries.ts";

const states: Record<CacheRemoval["state"], { tone: Tone; label: string }> = {
  running: { tone: "run", label: "Removing" },
  done: { tone: "ok", label: "Done" },
  cancelled: { tone: "unknown", label: "Cancelled" },
  failed: { tone: "degraded", label: "Failed" },
};

/** Progress (0–1) through the keys of the database; null where no scan is needed. */
const shareOf = ({ looked, totalKeys, state }: CacheRemoval): number | null =>
  looked === null || totalKeys === null || totalKeys === 0 || state !== "running"
    ? null
    : Math.min(0.99, looked / totalKeys);

/** Progress of a removal, and a button to cancel it while it runs. */
export const RemovalProgress = (props: {
  organization: string;
  removal: CacheRemoval;
  mayCancel: boolean;
}) => {
  const { organization, removal, mayCancel } = props;
  const cancel = useCancelRemoval(organization, removal.id);
  const share = shareOf(removal);
  return (
    <div className={styles.progress}>
      <Status {...states[removal.state]} inRow />
      <span>
        {removal.removed === null
          ? removal.state === "done" && "Entries with the tag are no longer valid."
          : `${formatPlural(removal.removed, "key")} removed`}
        {removal.cause !== null && ` · ${removal.cause}`}
        {share !== null && (
          <span className="c3">
            {" "}
            · {formatPercent(share)} of {formatCount(removal.totalKeys ?? 0)} keys scanned
          </span>
        )}
      </span>
      {removal.state === "running" && mayCancel && (
        <Button disabled={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          Cancel removal
        </Button>
      )}
    </div>
  );
};
