import type { ReplayRun } from "@wheelhouse/shared/webhooks/replays.ts";
import { formatCount } from "#lib/format.ts";
import css from "./replays.module.css";

type Counts = Pick<ReplayRun, "total" | "sent" | "succeeded" | "failed" | "skipped">;

/** Four parts: delivered, failed, waiting for a response, and remaining. */
export const ReplayProgress = (props: { run: Counts; isHeld?: boolean }) => {
  const { run, isHeld = false } = props;
  const { total, sent, succeeded, failed, skipped } = run;
  const open = sent - succeeded - failed;
  const share = (count: number) => ({ width: `${total === 0 ? 0 : (count / total) * 100}%` });
  const label = `${formatCount(succeeded)} of ${formatCount(total)} delivered, ${formatCount(failed)} failed, ${formatCount(open)} waiting for a response, ${formatCount(total - sent - skipped)} remaining`;
  return (
    <div className={css.bar} role="img" aria-label={label}>
      <i className={css.ok} style={share(succeeded)} />
      {failed > 0 && <i className={css.bad} style={share(failed)} />}
      <i className={css.open} style={share(open)} />
      {isHeld && <i className={css.held} style={share(total - sent - skipped)} />}
    </div>
  );
};
