import type { DeliveryAttempt } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { useState } from "react";
import { formatTime } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import css from "../webhooks.module.css";
import { attemptDiff, type DiffLine, lineDiff } from "./attempt-diff.ts";
import { attemptKey } from "./attempt-view.ts";

const nameOf = ({ generation, attempt }: DeliveryAttempt): string =>
  generation === 1 ? `attempt ${attempt}` : `attempt ${attempt} of replay ${generation - 1}`;

const signClass = { " ": undefined, "+": css.added, "-": css.removed } as const;

const Body = ({ label, lines }: { label: string; lines: readonly DiffLine[] }) =>
  lines.length === 0 ? (
    <p className="c3 t12">{label}: the same in both.</p>
  ) : (
    <figure className={css.diff}>
      <figcaption className="c3 t12">{label}</figcaption>
      <pre className="code">
        {lines.map(({ at, sign, text }) => (
          <span key={at} className={signClass[sign]}>
            {`${sign} ${text}\n`}
          </span>
        ))}
      </pre>
    </figure>
  );

/** What differs between an attempt and another one of the same delivery, by default the one before it. */
export const AttemptCompare = (props: {
  attempt: DeliveryAttempt;
  /** Newest first. */
  all: readonly DeliveryAttempt[];
}) => {
  const { attempt, all } = props;
  const { zone } = usePreferences();
  const others = all.filter((each) => each !== attempt);
  const at = all.indexOf(attempt);
  const [picked, setPicked] = useState<string | null>(null);
  const other = others.find((each) => attemptKey(each) === picked) ?? all[at + 1] ?? all[at - 1];
  if (other === undefined) return <p className="c2">There is no other attempt.</p>;
  const rows = attemptDiff(other, attempt);
  return (
    <>
      <FormField label={`Compare ${nameOf(attempt)} with`}>
        {(control) => (
          <Select
            {...control}
            className="field"
            value={attemptKey(other)}
            onChange={(event) => setPicked(event.target.value)}
          >
            {others.map((each) => (
              <option key={attemptKey(each)} value={attemptKey(each)}>
                {nameOf(each)}, {formatTime(each.startedAt, zone)}
              </option>
            ))}
          </Select>
        )}
      </FormField>
      {rows.length === 0 ? (
        <p className="c2">Result, address and headers are the same.</p>
      ) : (
        <table className={`lt ${css.compare}`}>
          <caption className="vh">What differs between the two attempts</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">{nameOf(other)}</th>
              <th scope="col">{nameOf(attempt)}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, before, after }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td className="mono">{before}</td>
                <td className="mono">{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Body label="Body of the request" lines={lineDiff(other.request.body, attempt.request.body)} />
      <Body
        label="Body of the response"
        lines={lineDiff(other.response?.body ?? "", attempt.response?.body ?? "")}
      />
    </>
  );
};
