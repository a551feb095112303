import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import { formatCount } from "#lib/format.ts";
import css from "./breakers.module.css";
import { stateWords } from "./states.ts";

const tones: Partial<Record<BreakerState, string>> = { open: "tx-down", half_open: "tx-warn" };
const listed: readonly BreakerState[] = ["open", "half_open", "forced_open", "unknown", "disabled"];

/** Number of breakers and instances, and their states. */
export const BreakersSummary = ({ rows, all }: { rows: readonly BreakerRow[]; all: number }) => {
  const instances = rows.reduce((sum, row) => sum + row.instances.length, 0);
  const countOf = (state: BreakerState) => rows.filter((row) => row.state === state).length;
  return (
    <div className={`sum pad ${css.summary}`}>
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
