import type { ReactNode } from "react";
import { Icon } from "#ui/text/icon.tsx";
import css from "./run.module.css";

/** A run: what is true of it, beside its journal. */
export const RunFrame = (props: { aside: ReactNode; children: ReactNode }) => (
  <div className={css.layout}>
    <div>{props.children}</div>
    <aside className={css.aside}>{props.aside}</aside>
  </div>
);

/** The answer first: verdict with acts beside it, then the sentence about the run and its figures. */
export const RunHead = (props: {
  verdict: string;
  acts: ReactNode;
  back: ReactNode;
  figures: readonly { label: string; value: string; note?: string; isBad?: boolean }[];
  children: ReactNode;
}) => (
  <section className={css.head}>
    {props.back}
    <div className={css.line}>
      <h2 className="t20 b grow">{props.verdict}</h2>
      {props.acts}
    </div>
    {props.children}
    <div className={css.figures}>
      {props.figures.map(({ label, value, note, isBad = false }) => (
        <div key={label} className="stat">
          <div className="l">{label}</div>
          <div className={isBad ? "v tx-down" : "v"}>
            {value} {note !== undefined && <small>{note}</small>}
          </div>
        </div>
      ))}
    </div>
  </section>
);

export type RunPhaseView = { name: string; detail: string; is: "done" | "now" | "to come" };

/** Where a run is on its way from the snapshot to its end. */
export const RunPhases = ({ phases }: { phases: readonly RunPhaseView[] }) => (
  <ol className={css.phases} aria-label="Phases">
    {phases.map(({ name, detail, is }) => (
      <li
        key={name}
        className={is === "done" ? css.done : is === "now" ? css.now : undefined}
        {...(is === "now" ? { "aria-current": "step" as const } : {})}
      >
        {is === "done" && <Icon name="check" />}
        <span>
          <b>{name}</b>
          <small>{detail}</small>
        </span>
      </li>
    ))}
  </ol>
);
