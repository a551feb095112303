import { formatCount, formatPercent } from "#lib/format.ts";
import css from "./run.module.css";
import { type RunCounts, remainingOf } from "./run-rates.ts";

/** What the parts of a bar are called: what succeeded, and what waits for an outcome. */
export type ProgressWords = { succeeded: string; open: string };

const openOf = ({ sent, succeeded, failed }: RunCounts) => sent - succeeded - failed;

/** Four parts: succeeded, failed, waiting for an outcome, and remaining. */
export const RunProgress = (props: {
  counts: RunCounts;
  words: ProgressWords;
  isHeld?: boolean;
  isBig?: boolean;
}) => {
  const { counts, words, isHeld = false, isBig = false } = props;
  const { total, succeeded, failed } = counts;
  const share = (count: number) => ({ width: `${total === 0 ? 0 : (count / total) * 100}%` });
  const label = `${formatCount(succeeded)} of ${formatCount(total)} ${words.succeeded}, ${formatCount(failed)} failed, ${formatCount(openOf(counts))} ${words.open}, ${formatCount(remainingOf(counts))} remaining`;
  return (
    <div className={isBig ? `${css.bar} ${css.big}` : css.bar} role="img" aria-label={label}>
      <i className={css.ok} style={share(succeeded)} />
      {failed > 0 && <i className={css.bad} style={share(failed)} />}
      <i className={css.open} style={share(openOf(counts))} />
      {isHeld && <i className={css.held} style={share(remainingOf(counts))} />}
    </div>
  );
};

/** The parts of the bar in words, with their shares. */
export const RunKeys = (props: { counts: RunCounts; words: ProgressWords; isHeld: boolean }) => {
  const { counts, words, isHeld } = props;
  const { total, succeeded, failed, skipped } = counts;
  const share = (count: number) => formatPercent(total === 0 ? 0 : count / total);
  return (
    <div className={css.keys}>
      <span className="key">
        <i className="acc" />
        {words.succeeded} {share(succeeded)}
      </span>
      <span className="key">
        <i className="bad" />
        failed {share(failed)}
      </span>
      {openOf(counts) > 0 && (
        <span className="key">
          <i className={css.waits} />
          {words.open} {share(openOf(counts))}
        </span>
      )}
      <span className="key">
        <i className={isHeld ? css.held : css.toGo} />
        {isHeld ? "on hold" : "to go"} {share(remainingOf(counts))}
      </span>
      {skipped > 0 && <span className="key">skipped {share(skipped)}</span>}
    </div>
  );
};
