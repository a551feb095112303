import { useQuery } from "@tanstack/react-query";
import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { queuesQuery } from "../queries.ts";
import { type DialogPlace, type JobsOfAct, jobsText, OptionalReason } from "./job-dialogs.tsx";
import { isPlain, OutcomeDialog } from "./outcome.tsx";
import { type ActBody, useAct, useOperation } from "./queries.ts";

type Change = "delay" | "priority" | "move";

const words: Record<Change, { verb: string; of: string; foot: string }> = {
  delay: { verb: "Change delay", of: " of ", foot: "Counted from now." },
  priority: {
    verb: "Change priority",
    of: " of ",
    foot: "1 runs first. 0 is no priority, and comes before them.",
  },
  move: { verb: "Move", of: " ", foot: "A moved job gets a new id; its logs and attempts stay behind." },
};

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90 s`, `5m`, `2h` in ms; null for anything else. */
export const spanMs = (text: string): number | null => {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text);
  if (!match) return null;
  const unit = match[2];
  const factor = unit === "s" || unit === "m" || unit === "h" || unit === "d" ? units[unit] : 1;
  return Math.round(Number(match[1]) * factor);
};

const QueueChoice = (props: {
  organization: string;
  not: string;
  value: string;
  error: string | undefined;
  onChange: (id: string) => void;
}) => {
  const { organization, not, value, error, onChange } = props;
  const queues = useQuery(queuesQuery(organization)).data?.views ?? [];
  return (
    <FormField label="To queue" error={error}>
      {(control) => (
        <Select
          {...control}
          className="field"
          value={value}
          onChange={({ target }) => onChange(target.value)}
        >
          <option value="">Choose a queue</option>
          {queues
            .filter(({ row }) => row.id !== not && row.isUnread !== true)
            .map(({ row }) => (
              <option key={row.id} value={row.id}>
                {row.id}
              </option>
            ))}
        </Select>
      )}
    </FormField>
  );
};

type FieldProps = { value: string; error: string | undefined; onChange: (value: string) => void };

const DelayField = (props: FieldProps) => (
  <TextField {...props} label="Due in" hint="Such as 30 s, 5 m, 2 h or 1 d" />
);
const PriorityField = (props: FieldProps) => (
  <TextField {...props} label="Priority" hint="0 to 2,097,152" isNumber />
);

const fieldNames = { delay: "delayMs", priority: "priority", move: "to" } as const;

/** What was entered, as the body has it; null while it is not usable. */
const changeOf = (
  act: Change,
  value: string,
): { delayMs: number } | { priority: number } | { to: string } | null => {
  if (act === "move") return value === "" ? null : { to: value };
  if (act === "priority") return /^\d{1,7}$/.test(value.trim()) ? { priority: Number(value) } : null;
  const delayMs = spanMs(value);
  return delayMs === null ? null : { delayMs };
};

/** Changes the delay or the priority of jobs, or their queue. */
export const ChangeDialog = (props: DialogPlace & { act: Change; jobs: JobsOfAct }) => {
  const { organization, queue, act, jobs, onDone, onClose } = props;
  const { verb, of, foot } = words[act];
  const [value, setValue] = useState("");
  const [reason, setReason] = useState("");
  const run = useAct(organization, queue, act);
  const operation = useOperation(organization, run.data);
  const title = `${verb}${of}${jobsText(jobs)}`;
  const change = changeOf(act, value);
  const send = () => {
    const given = reason.trim() === "" ? {} : { reason: reason.trim() };
    const body = Object.assign({ jobs: jobs.map(({ id }) => id) }, given, change);
    run.mutate(body as ActBody<Change>, {
      onSuccess: (answer) => {
        onDone();
        if (isPlain(answer)) onClose();
      },
    });
  };
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm={verb}
      foot={foot}
      failure="Nothing was changed."
      fields={Object.values(fieldNames)}
      error={run.error}
      isReady={isReasonOrEmpty(reason) && change !== null}
      isBusy={run.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => {
        const field = { value, error: complaint(fieldNames[act]), onChange: setValue };
        return (
          <>
            {act === "delay" && <DelayField {...field} />}
            {act === "priority" && <PriorityField {...field} />}
            {act === "move" && <QueueChoice {...field} organization={organization} not={queue} />}
            <OptionalReason reason={reason} error={complaint("reason")} onChange={setReason} />
          </>
        );
      }}
    </FormDialog>
  );
};
