import { useState } from "react";
import { formatLatency, formatSpanShort, formatTimeParts } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Icon } from "#ui/text/icon.tsx";
import css from "../webhooks.module.css";
import { type AttemptView, foldAttempts, foldedAnswers, unknownOutcome } from "./attempt-view.ts";

const toneClass = { ok: "tx-ok", bad: "tx-down", unknown: css.unknown, running: css.running } as const;

const useClock = (at: string): string => formatTimeParts(at, usePreferences().zone).join("");
const At = ({ at }: { at: string }) => <time dateTime={at}>{useClock(at)}</time>;

const Attempt = (props: { view: AttemptView; isSelected: boolean; onSelect: (key: string) => void }) => {
  const { view, isSelected, onSelect } = props;
  const { attempt, answer, tone, afterMs, notes } = view;
  const after = afterMs === null ? [] : [`after ${formatSpanShort(afterMs)}`];
  const lines = [...after, ...notes].join(" · ");
  const latency = attempt.latencyMs === null ? "" : formatLatency(attempt.latencyMs);
  const startedAt = useClock(attempt.startedAt);
  // Starts with "Attempt" and then repeats the visible text, so that speech control finds it either way.
  const spoken = [`Attempt ${attempt.attempt}, ${answer}`, latency, startedAt, lines]
    .filter((part) => part !== "")
    .join(" ");
  return (
    <li className={isSelected ? css.attemptOn : css.attempt}>
      <button
        type="button"
        aria-pressed={isSelected}
        aria-label={tone === "unknown" ? `${spoken} ${unknownOutcome}` : spoken}
        onClick={() => onSelect(view.key)}
      >
        <span className={css.attemptNumber}>{attempt.attempt}</span>{" "}
        <span className={css.attemptText}>
          <span className="row">
            <b className={toneClass[tone]}>
              {tone === "unknown" && <Icon name="unknown" />}
              {answer}
            </b>{" "}
            {latency !== "" && <span className="c3">{latency}</span>}
            <span className="grow" />{" "}
            <span className="c2">
              <time dateTime={attempt.startedAt}>{startedAt}</time>
            </span>
          </span>{" "}
          {lines !== "" && <small>{lines}</small>}
          {tone === "unknown" && <small>{unknownOutcome}</small>}
        </span>
      </button>
    </li>
  );
};

/** Attempts of one series, newest first; older ones are folded into a line that summarizes their results. */
export const AttemptList = (props: {
  title: string | null;
  attempts: AttemptView[];
  selected: string | null;
  onSelect: (key: string) => void;
}) => {
  const { title, attempts, selected, onSelect } = props;
  const [isUnfolded, setIsUnfolded] = useState(false);
  const { shown, folded } = isUnfolded ? { shown: attempts, folded: [] } : foldAttempts(attempts);
  const oldest = folded.at(-1);
  const newestFolded = folded[0];
  return (
    <>
      {title !== null && <h4 className={css.seriesTitle}>{title}</h4>}
      <ol className={css.attempts}>
        {shown.map((view) => (
          <Attempt key={view.key} view={view} isSelected={view.key === selected} onSelect={onSelect} />
        ))}
        {oldest !== undefined && newestFolded !== undefined && (
          <li className={css.folded}>
            <span className={css.attemptNumber}>
              {oldest.attempt.attempt}–{newestFolded.attempt.attempt}
            </span>
            <span className="c2 grow">
              {folded.length} more from <At at={oldest.attempt.startedAt} />, {foldedAnswers(folded)}
            </span>
            <button type="button" className={css.linkButton} onClick={() => setIsUnfolded(true)}>
              Show
            </button>
          </li>
        )}
      </ol>
    </>
  );
};
