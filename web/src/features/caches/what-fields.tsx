import { FormField } from "#ui/form/form-field.tsx";
import styles from "./caches.module.css";

export const whatWords = { key: "Key", pattern: "Pattern", prefix: "Beginning", tag: "Tag" } as const;
const hints = {
  key: "The whole key, as the application names it",
  pattern: "A star stands for any text: product:*",
  prefix: "Every key that begins so: product:",
  tag: "Every entry that carries it",
} as const;
type By = keyof typeof whatWords;

/** Which entries are meant: by what, and its value. */
export const WhatFields = <B extends By>(props: {
  choices: readonly B[];
  by: B;
  value: string;
  tags: readonly string[];
  /** Goes before the value, where keys are named within it. */
  prefix?: string;
  error: string | undefined;
  onChange: (by: B, value: string) => void;
  /** Enter in the value. */
  onEnter: () => void;
}) => {
  const { choices, by, value, tags, prefix, error, onChange, onEnter } = props;
  return (
    <>
      <fieldset className={styles.choices}>
        <legend>By</legend>
        {choices.map((next) => (
          <label key={next} className={styles.choice}>
            <input type="radio" name="by" checked={by === next} onChange={() => onChange(next, "")} />
            {whatWords[next]}
          </label>
        ))}
      </fieldset>
      <FormField
        label={whatWords[by]}
        hint={prefix === undefined || by === "tag" ? hints[by] : `Behind ${prefix} · ${hints[by]}`}
        error={error}
      >
        {(control) => (
          <input
            {...control}
            className="field mono"
            list={by === "tag" ? "cache-tags" : undefined}
            maxLength={500}
            required
            autoComplete="off"
            value={value}
            onChange={(event) => onChange(by, event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") onEnter();
            }}
          />
        )}
      </FormField>
      <datalist id="cache-tags">
        {tags.map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </>
  );
};
