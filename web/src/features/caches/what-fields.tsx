import { Radio } from "#ui/form/checkbox.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import styles from "./caches.module.css";

export const whatWords = { key: "Key", pattern: "Pattern", prefix: "Prefix", tag: "Tag" } as const;
const hints = {
  key: "The full key, as used by the application",
  pattern: "An asterisk matches any text: product:*",
  prefix: "All keys starting with this text: product:",
  tag: "All entries with this tag",
} as const;
type By = keyof typeof whatWords;

/** Selects entries by key, pattern, prefix or tag. */
export const WhatFields = <B extends By>(props: {
  choices: readonly B[];
  by: B;
  value: string;
  tags: readonly string[];
  /** Prefix of the cache, shown where keys are relative to it. */
  prefix?: string;
  error: string | undefined;
  onChange: (by: B, value: string) => void;
  /** Called on Enter in the value field. */
  onEnter: () => void;
}) => {
  const { choices, by, value, tags, prefix, error, onChange, onEnter } = props;
  return (
    <>
      <fieldset className={styles.choices}>
        <legend>By</legend>
        {choices.map((next) => (
          <label key={next} className={styles.choice}>
            <Radio name="by" checked={by === next} onChange={() => onChange(next, "")} />
            {whatWords[next]}
          </label>
        ))}
      </fieldset>
      <FormField
        label={whatWords[by]}
        hint={
          prefix === undefined || by === "tag" ? hints[by] : `Without the prefix ${prefix} · ${hints[by]}`
        }
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
