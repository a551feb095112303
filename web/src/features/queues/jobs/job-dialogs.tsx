import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import type { Asked } from "./asked.ts";
import css from "./jobs.module.css";
import { isPlain, OutcomeDialog } from "./outcome.tsx";
import { useAct, useOperation } from "./queries.ts";

export type JobsOfAct = Extract<Asked, { about: "jobs" }>["jobs"];
export type DialogPlace = { organization: string; queue: string; onDone: () => void; onClose: () => void };

const words = {
  retry: {
    verb: "Retry",
    effect: "runs again as soon as a worker is free, with its priority",
    foot: "A job that ran cannot be undone.",
  },
  promote: { verb: "Promote", effect: "runs as soon as a worker is free, not when it was due", foot: "" },
  remove: {
    verb: "Remove",
    effect: "is removed with its logs, and the children that wait below it",
    foot: "This cannot be undone.",
  },
} as const;

/** The jobs of an act: one by its id, several by their number. */
export const jobsText = (jobs: JobsOfAct): string => {
  const [only] = jobs;
  return jobs.length === 1 && only !== undefined
    ? `job ${only.id.slice(0, 60)}`
    : formatPlural(jobs.length, "job");
};

const nameFact = (jobs: JobsOfAct) => {
  const names = [...new Set(jobs.map(({ name }) => name.text))];
  const shown = names.slice(0, 3).join(", ");
  return {
    label: names.length === 1 ? "Name" : "Names",
    value: names.length > 3 ? `${shown} and ${names.length - 3} more` : shown,
  };
};

export const OptionalReason = (props: {
  reason: string;
  error?: string | undefined;
  onChange: (reason: string) => void;
}) => (
  <TextField
    label="Reason, recorded in the audit trail"
    hint="Optional"
    error={props.error}
    value={props.reason}
    maxLength={500}
    onChange={props.onChange}
  />
);

/** Confirms an act on one job or on the selected ones. */
export const ConfirmActDialog = (props: DialogPlace & { act: keyof typeof words; jobs: JobsOfAct }) => {
  const { organization, queue, act, jobs, onDone, onClose } = props;
  const { verb, effect, foot } = words[act];
  const [reason, setReason] = useState("");
  const [resetAttempts, setResetAttempts] = useState(false);
  const run = useAct(organization, queue, act);
  const operation = useOperation(organization, run.data);
  const title = `${verb} ${jobsText(jobs)}`;
  const send = () =>
    run.mutate(
      Object.assign(
        { jobs: jobs.map(({ id }) => id), ...(reason.trim() === "" ? {} : { reason: reason.trim() }) },
        act === "retry" ? { resetAttempts } : {},
      ),
      {
        onSuccess: (answer) => {
          onDone();
          if (isPlain(answer)) onClose();
        },
      },
    );
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <ConfirmDialog
      title={title}
      confirm={`${verb} ${formatPlural(jobs.length, "job")}`}
      foot={foot}
      isDestructive={act === "remove"}
      isBusy={run.isPending || !isReasonOrEmpty(reason)}
      error={run.error}
      onConfirm={send}
      onClose={onClose}
    >
      <Facts
        facts={[
          nameFact(jobs),
          { label: "Effect", value: `${jobs.length === 1 ? "The job" : "Each job"} ${effect}.` },
        ]}
      />
      {act === "retry" && (
        <label className={css.check}>
          <Checkbox checked={resetAttempts} onChange={({ target }) => setResetAttempts(target.checked)} />
          <span>Give {jobs.length === 1 ? "it" : "each"} all attempts again; otherwise one more</span>
        </label>
      )}
      <OptionalReason reason={reason} onChange={setReason} />
    </ConfirmDialog>
  );
};
