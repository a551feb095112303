import type { Refusal } from "@wheelhouse/shared/webhooks/refusals.ts";
import { formatCount } from "#lib/format.ts";
import { Time } from "#ui/text/time.tsx";
import css from "../webhooks.module.css";
import { arrivedLines, expectedLines, fieldName, reasonWords } from "./words.ts";

/** A scrollable region must be reachable by keyboard. */
const scrollable = { tabIndex: 0 };

const Lines = (props: {
  label: string;
  first?: string;
  lines: readonly { name: string; text: string }[];
  wrong: string | null;
}) => {
  const { label, first, lines, wrong } = props;
  return (
    <section aria-label={label}>
      <h4 className={css.seriesTitle}>{label}</h4>
      <pre className="code" {...scrollable}>
        {first !== undefined && `${first}\n`}
        {lines.map(({ name, text }) => (
          <span key={name}>
            <i>{name}:</i> {name === wrong ? <mark className={css.wrong}>{text}</mark> : text}
            {"\n"}
          </span>
        ))}
      </pre>
    </section>
  );
};

/** The part of the lines that a field of the error stands for. */
const lineOf = (field: string | null): string | null => {
  if (field === null) return null;
  const name = fieldName(field);
  return name === "content-length" || name.startsWith("body") ? "body" : name;
};

/** What arrived beside what was expected, of the newest request of a row. */
export const RefusedRequest = ({ row, toleranceMs }: { row: Refusal; toleranceMs: number }) => {
  const { source, reason, status, newest, message, lastAt, lastRequestId, addresses, count } = row;
  const wrong = lineOf(row.field);
  const arrived = arrivedLines(row);
  const missing =
    wrong !== null && wrong !== "path" && !arrived.some(({ name }) => name === wrong)
      ? [{ name: wrong, text: "missing" }]
      : [];
  return (
    <section className={css.request} aria-label="Newest refused request">
      <div className="sec-h">
        <h3 className="h">
          {source?.slug ?? "unknown"}: {reasonWords[reason].toLowerCase()}
        </h3>
        <span className="c3 t12">
          newest of {formatCount(count)}, <Time at={lastAt} full /> from{" "}
          {addresses[0] ?? "an unknown address"}
        </span>
      </div>
      <div className={css.pair}>
        <Lines
          label="What arrived"
          first={`POST ${newest.path ?? "/hooks/…"}`}
          lines={[...arrived, ...missing]}
          wrong={wrong}
        />
        <Lines
          label="What was expected"
          lines={[
            ...expectedLines(row, toleranceMs),
            { name: "answered", text: `${status}, ${message}` },
            { name: "request", text: lastRequestId },
          ]}
          wrong={wrong}
        />
      </div>
    </section>
  );
};
