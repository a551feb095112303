import type { QueueOperation } from "@wheelhouse/shared/queues/job-acts.ts";
import { formatCount } from "#lib/format.ts";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Status } from "#ui/page/status.tsx";
import css from "./jobs.module.css";

/** Whether everything was done as asked, so that nothing needs to be said. */
export const isPlain = ({ state, outcomes }: QueueOperation): boolean =>
  state === "done" &&
  outcomes.every(({ outcome, detail, count }) => outcome === "done" && detail === null && count === null);

const tones = { done: "ok", refused: "degraded", "no answer": "unknown" } as const;
const words = { done: "Done", refused: "Refused", "no answer": "No answer" } as const;

const headline = ({ state, outcomes }: QueueOperation): string => {
  if (state === "accepted") return "It is being carried out.";
  if (state === "unknown") return "Nobody knows whether it was done.";
  const done = outcomes.filter(({ outcome }) => outcome === "done").length;
  const [only] = outcomes;
  if (only?.job === null) {
    if (only.outcome !== "done") return "It was not done.";
    return only.count === null ? "Done." : `${formatCount(only.count)} jobs were removed.`;
  }
  return `${formatCount(done)} of ${formatCount(outcomes.length)} done.`;
};

const explained = ({ state, outcomes }: QueueOperation): string => {
  if (state === "accepted") return "You can close this: it continues.";
  if (state === "unknown")
    return "The process that carried it out ended. Look at the queue before you try again.";
  return outcomes[0]?.job === null ? (outcomes[0].detail ?? "") : "The others were left as they are.";
};

/** What became of an act that was not plainly done. */
export const OutcomeDialog = ({
  title,
  operation,
  onClose,
}: {
  title: string;
  operation: QueueOperation;
  onClose: () => void;
}) => {
  const rest = operation.outcomes.filter(
    ({ job, outcome, detail }) => job !== null && (outcome !== "done" || detail !== null),
  );
  const isGood =
    operation.state === "accepted" || operation.outcomes.every(({ outcome }) => outcome === "done");
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large variant="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      <div aria-live="polite">
        <Note tone={isGood ? "plain" : "warn"} title={headline(operation)}>
          {rest.length > 0 || operation.outcomes[0]?.job === null || operation.state !== "done"
            ? explained(operation)
            : ""}
        </Note>
        {rest.length > 0 && (
          <table className={`lt ${css.outcomes}`}>
            <caption className="vh">Jobs that need a look</caption>
            <tbody>
              {rest.map(({ job, outcome, detail }) => (
                <tr key={job}>
                  <td className="mono cut">{job}</td>
                  <td>
                    <Status tone={tones[outcome]} label={words[outcome]} inRow />
                  </td>
                  <td className="c2">{detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Dialog>
  );
};
