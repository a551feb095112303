import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { formatCount } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Time } from "#ui/text/time.tsx";
import css from "./breakers.module.css";
import { stateWords, turnReason, turnsOf, wordOf } from "./states.ts";

const tones: Partial<Record<BreakerState, string>> = { open: "tx-down", half_open: "tx-warn" };
const listed: readonly BreakerState[] = ["open", "half_open", "forced_open", "unknown", "disabled"];

/** Number of breakers and instances, and their states. */
export const BreakersSummary = ({ rows, all }: { rows: readonly BreakerRow[]; all: number }) => {
  const instances = rows.reduce((sum, row) => sum + row.instances.length, 0);
  const countOf = (state: BreakerState) => rows.filter((row) => row.state === state).length;
  return (
    <div className="sum pad">
      <span>
        <b>{formatCount(rows.length)}</b>
        {rows.length === all ? "" : ` of ${formatCount(all)}`} {rows.length === 1 ? "breaker" : "breakers"} on{" "}
        <b>{formatCount(instances)}</b> {instances === 1 ? "instance" : "instances"}
      </span>
      {listed.map((state) => {
        const count = countOf(state);
        return count === 0 ? null : (
          <span key={state} className={tones[state] ?? ""}>
            <b>{formatCount(count)}</b> {stateWords[state]}
          </span>
        );
      })}
      <span className="c3">{formatCount(countOf("closed"))} closed</span>
    </div>
  );
};

const mostTurns = 30;

/** Latest state changes of the listed breakers; `withName`: whether each row names its breaker. */
export const StateChanges = ({
  rows,
  withName = true,
}: {
  rows: readonly BreakerRow[];
  withName?: boolean;
}) => {
  const { zone } = usePreferences();
  const { turns, total } = turnsOf(rows, mostTurns);
  return (
    <section aria-label="State changes" className={withName ? css.changes : undefined}>
      <div className={`sec-h ${withName ? css.changesHead : ""}`}>
        <h3 className="h">State changes</h3>
        <span className="c3 t12">
          {zone === "utc" ? "UTC, " : ""}newest first, {formatCount(total)} in 24 hours
        </span>
      </div>
      {turns.length === 0 ? (
        <p className={`c3 t12 ${withName ? css.changesNone : ""}`}>No state changes.</p>
      ) : (
        <table className={withName ? `tb compact ${css.turns}` : css.mini}>
          <caption className="vh">Latest state changes</caption>
          <tbody>
            {turns.map((turn) => (
              <tr key={turn.key}>
                <td className="nw c3">
                  <Time at={turn.at} />
                </td>
                {withName && <td>{turn.breaker.name}</td>}
                <td className="nw">
                  <span className="c3">{wordOf(turn.from, turn.breaker.kind)} to</span>{" "}
                  {wordOf(turn.to, turn.breaker.kind)}
                </td>
                <td className="c2">{[turn.instance, turnReason(turn)].filter(Boolean).join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};
