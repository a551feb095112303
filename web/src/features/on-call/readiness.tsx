import type { ReadinessGap } from "@wheelhouse/shared/alerts/routing.ts";
import { formatDateTime } from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Button } from "#ui/page/button.tsx";
import { Status } from "#ui/page/status.tsx";
import css from "./on-call.module.css";

const labels: Record<ReadinessGap["kind"], string> = {
  not_reachable: "Not reachable",
  not_at_night: "Not at night",
  nobody: "Leads to nobody",
  no_team: "No escalation",
  channel_failing: "Channel fails",
};

export type GapAct = { label: string; run: () => void } | null;

const keyOf = ({ kind, title, where, from }: ReadinessGap): string => `${kind}:${title}:${where}:${from}`;

const When = ({ gap }: { gap: ReadinessGap }) => {
  const { zone } = usePreferences();
  const nowMs = useNow();
  if (gap.from === null) return <small>always</small>;
  if (Date.parse(gap.from) <= nowMs) return <small>now</small>;
  return <small>from {formatDateTime(gap.from, zone)}</small>;
};

/** Everything that would keep somebody from being called, with one act each. */
export const Readiness = (props: { gaps: readonly ReadinessGap[]; actOf: (gap: ReadinessGap) => GapAct }) => {
  const { gaps, actOf } = props;
  if (gaps.length === 0)
    return (
      <p className={css.ready}>
        <Status tone="ok" label="Ready" inRow /> Everyone on a step can be reached, and every step leads to
        somebody.
      </p>
    );
  return (
    <>
      <div className={`${css.gapHead} c3 t12`}>
        <span>Readiness</span>
        <span>Who and why</span>
        <span>Would be notified</span>
        <span />
      </div>
      <ol className={css.gaps} aria-label="Gaps, worst first">
        {gaps.map((gap) => {
          const act = actOf(gap);
          return (
            <li key={keyOf(gap)}>
              <span>
                <Status tone={gap.kind === "no_team" ? "neutral" : "degraded"} label={labels[gap.kind]} />
              </span>
              <span>
                <b>{gap.title}</b>
                <small>{gap.detail}</small>
              </span>
              <span className={css.where}>
                {gap.where} <When gap={gap} />
              </span>
              {act === null ? <span /> : <Button onClick={act.run}>{act.label}</Button>}
            </li>
          );
        })}
      </ol>
    </>
  );
};
