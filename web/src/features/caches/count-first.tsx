import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import styles from "./caches.module.css";

/** Counts what would be removed, which must happen before anything is. `result` is undefined until then. */
export const CountFirst = (props: {
  label: string;
  result: string | undefined;
  isCounting: boolean;
  canCount: boolean;
  onCount: () => void;
}) => {
  const { label, result = "Count first. Nothing is removed yet.", isCounting, canCount, onCount } = props;
  return (
    <div className={styles.plan}>
      <Button disabled={!canCount || isCounting} onClick={onCount}>
        {label}
      </Button>
      <span role="status">{isCounting ? "Counting…" : result}</span>
    </div>
  );
};

/** Why counting or removing failed. */
export const RemovalErrors = (props: { noun: string; removal: Error | null; count: Error | null }) => (
  <>
    {props.removal !== null && <ActError title="Nothing was removed." error={props.removal} />}
    {props.count !== null && (
      <ActError title={`The ${props.noun} could not be counted.`} error={props.count} />
    )}
  </>
);
