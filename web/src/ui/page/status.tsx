import { Icon, type IconName } from "#ui/text/icon.tsx";

type StateTone = "ok" | "degraded" | "down" | "unknown" | "stale";
/**
 * `run` is work in progress, `neutral` a state that is neither good nor bad, `held` one forced by an operator.
 */
export type Tone = StateTone | "paused" | "denied" | "neutral" | "run" | "held";

const icons: Partial<Record<Tone, IconName>> = {
  ok: "ok",
  degraded: "degraded",
  down: "down",
  unknown: "unknown",
  stale: "stale",
  paused: "paused",
  denied: "lock",
  held: "lock",
};
const classes: Partial<Record<Tone, string>> = { paused: "neutral", denied: "degraded", held: "neutral" };

/**
 * Status badge: shape, word, fill weight, then colour.
 *
 * `inRow`: shape and word without fill, for outcomes in dense lists. `was`: last known state, shown beside a
 * stale or unknown badge.
 */
export const Status = (props: { tone: Tone; label: string; inRow?: boolean; was?: string | null }) => {
  const { tone, label, inRow = false, was = null } = props;
  const icon = icons[tone];
  return (
    <>
      <span className={`st st-${classes[tone] ?? tone}${inRow ? " st-row" : ""}`}>
        {icon !== undefined && <Icon name={icon} />}
        {label}
      </span>
      {was !== null && <span className="was t12"> was {was}</span>}
    </>
  );
};
