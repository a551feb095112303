import type { ReactNode } from "react";

/**
 * A choice of one option out of a few, side by side. `group` names it for screen readers where the surroundings
 * do not, with its own label or the id of its label.
 */
export const Segments = <T extends string | number | null | undefined>(props: {
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
  group?:
    | { label: string; className?: string | undefined }
    | { labelledBy: string; className?: string | undefined };
}) => {
  const { options, value, onChange, group } = props;
  const buttons: ReactNode = options.map((option) => (
    <button
      key={option.label}
      type="button"
      aria-pressed={option.value === value}
      onClick={() => onChange(option.value)}
    >
      {option.label}
    </button>
  ));
  if (group === undefined) return <div className="seg">{buttons}</div>;
  return (
    <fieldset
      className={`seg ${group.className ?? ""}`}
      {...("label" in group ? { "aria-label": group.label } : { "aria-labelledby": group.labelledBy })}
    >
      {buttons}
    </fieldset>
  );
};
