import type { SourceTrial } from "@wheelhouse/shared/sources/trial.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Status } from "#ui/page/status.tsx";
import { CodeBlock, CopyButton } from "#ui/text/code-block.tsx";
import css from "./first-run.module.css";

const words = { ok: "OK", degraded: "Degraded", down: "Down", unknown: "Unknown" };
const shownAtFirst = 5;

const Queues = ({ trial }: { trial: SourceTrial }) => {
  const [isWhole, setWhole] = useState(false);
  const { queues, queueCount } = trial;
  if (queues.length === 0) return null;
  const shown = isWhole ? queues : queues.slice(0, shownAtFirst);
  return (
    <>
      <table className={css.queues}>
        <caption className="vh">Queues found</caption>
        <thead>
          <tr>
            <th>Queue</th>
            <th>State</th>
            <th className="num">Waiting</th>
            <th className={`num ${css.low}`}>Failed</th>
            <th className="num">Workers</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, prefix, state, label, waiting, failed, workers }) => (
            <tr key={`${prefix} ${name}`}>
              <td className="b">
                {name}
                {prefix !== "bull" && <span className="c3"> {prefix}</span>}
              </td>
              <td>
                <Status tone={state} label={label} inRow={state !== "ok"} />
              </td>
              <td className="num">{waiting.toLocaleString("en-GB")}</td>
              <td className={`num ${css.low}`}>{failed.toLocaleString("en-GB")}</td>
              <td className={`num ${workers === 0 ? "tx-down b" : ""}`}>{workers ?? "unknown"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {queues.length > shown.length && (
        <Button variant="ghost" onClick={() => setWhole(true)}>
          Show {queueCount > queues.length ? `the first ${queues.length}` : `all ${queueCount}`}
        </Button>
      )}
    </>
  );
};

/** What was found at one address, what was refused, and what mends it. */
export const FoundSource = (props: {
  trial: SourceTrial;
  isChecking: boolean;
  onAgain: () => void;
  onLeaveOut: () => void;
}) => {
  const { trial, isChecking, onAgain, onLeaveOut } = props;
  const { shown, state, found, product, latencyMs, refusals, remedy } = trial;
  const [first, ...others] = refusals;
  const facts = [product, latencyMs === null ? null : `${latencyMs} ms`].filter((fact) => fact !== null);
  return (
    <section className={css.source} aria-label={shown} data-testid="found">
      <div className={css.head}>
        <Status tone={state} label={words[state]} />
        <span className={`mono cut ${css.address}`}>{shown}</span>
        <b className="b">{found}</b>
        <span className="grow" />
        <span className="t12 c3">{facts.join(", ")}</span>
      </div>
      <Queues trial={trial} />
      {first !== undefined && (
        <Note tone={state === "down" ? "bad" : "warn"} title={first}>
          {others.map((text) => (
            <div key={text}>{text}</div>
          ))}{" "}
          The other side's own words.
        </Note>
      )}
      {remedy !== null && <p className={css.remedy}>{remedy.text}</p>}
      {remedy !== null && remedy.line !== null && (
        <div className={css.line}>
          <CodeBlock label="Line to run" text={remedy.line} />
          <CopyButton text={remedy.line} label="Copy line" />
        </div>
      )}
      <div className={css.again}>
        {(first !== undefined || remedy !== null) && (
          <Button disabled={isChecking} onClick={onAgain}>
            Check again
          </Button>
        )}
        <Button variant="ghost" onClick={onLeaveOut}>
          Leave out
        </Button>
        {state !== "ok" && <span>or keep it as it is: what cannot be read is shown as unknown.</span>}
      </div>
    </section>
  );
};

/** `3 queues of 1 source, 1 warning`. */
export const summaryOf = (trials: readonly SourceTrial[]): string => {
  const queues = trials.reduce((sum, { queueCount }) => sum + queueCount, 0);
  const warnings = trials.filter(({ state }) => state !== "ok").length;
  const sources = formatPlural(trials.length, "source");
  const what = queues === 0 ? sources : `${formatPlural(queues, "queue")} of ${sources}`;
  return warnings === 0 ? what : `${what}, ${formatPlural(warnings, "warning")}`;
};
