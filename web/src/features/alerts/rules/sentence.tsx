import { figureName } from "@wheelhouse/shared/alerts/words.ts";
import type { Draft } from "./draft.ts";
import css from "./rules.module.css";

const isNothing = (text: string) => text.trim() === "" || text.trim() === "0 s";

/** The rule in words, as it is typed. */
export const Sentence = ({ draft }: { draft: Draft }) => {
  const { kind, metric, dividedBy, of, when, threshold, forText, resolveAt, resolveFor, aggregate, window } =
    draft;
  const whose = draft.things.trim() === "" ? `any ${of}` : draft.things;
  const during = isNothing(forText) ? "" : ` for ${forText}`;
  const calm = isNothing(resolveFor) ? "" : ` for ${resolveFor}`;
  if (kind === "problem")
    return (
      <p className={css.sentence}>
        Fires when <b>the board shows the problem</b>
        {during}. Resolves <b>without it{calm}</b>.
      </p>
    );
  const name = dividedBy === "" ? figureName(metric) : `${figureName(metric)} of ${figureName(dividedBy)}`;
  if (kind === "absence")
    return (
      <p className={css.sentence}>
        Fires when <b>{name}</b> of <b>{whose}</b> has <b>no value{during}</b>. Resolves{" "}
        <b>with data{calm}</b>.
      </p>
    );
  const within =
    aggregate === "last"
      ? ""
      : ` (${aggregate === "risePerMinute" ? "rise per minute" : aggregate} of ${window})`;
  return (
    <p className={css.sentence}>
      Fires when <b>{name}</b> of <b>{whose}</b>
      {within} is{" "}
      <b>
        {when} {threshold}
        {during}
      </b>
      . Resolves{" "}
      <b>
        {when === "over" ? "at most" : "at least"} {resolveAt.trim() === "" ? threshold : resolveAt}
        {calm}
      </b>
      .
    </p>
  );
};
