import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { spanMs } from "./change-dialogs.tsx";
import { type DialogPlace, OptionalReason } from "./job-dialogs.tsx";
import css from "./jobs.module.css";
import { OutcomeDialog } from "./outcome.tsx";
import { type ActBody, useAct, useOperation } from "./queries.ts";

type Draft = {
  name: string;
  data: string;
  delay: string;
  priority: string;
  attempts: string;
  reason: string;
};
const empty: Draft = { name: "", data: "{}", delay: "", priority: "", attempts: "", reason: "" };

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
const numberOf = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null);

/** The request for a draft; null while a field is not usable. */
const bodyOf = ({ name, data, delay, priority, attempts, reason }: Draft): ActBody<"add"> | null => {
  const [delayMs, order, tries] = [spanMs(delay), numberOf(priority), numberOf(attempts)];
  const isUsable =
    name.trim() !== "" &&
    isJson(data) &&
    isReasonOrEmpty(reason) &&
    (delay === "" || delayMs !== null) &&
    (priority === "" || order !== null) &&
    (attempts === "" || tries !== null);
  if (!isUsable) return null;
  return {
    name: name.trim(),
    data,
    options: {
      ...(delayMs === null ? {} : { delayMs }),
      ...(order === null ? {} : { priority: order }),
      ...(tries === null ? {} : { attempts: tries }),
    },
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
};

const Fields = (props: {
  draft: Draft;
  complaint: (field: string) => string | undefined;
  onChange: (change: Partial<Draft>) => void;
}) => {
  const { draft, complaint, onChange } = props;
  const field = (key: keyof Draft, name: string = key) => ({
    value: draft[key],
    error: complaint(name),
    onChange: (value: string) => onChange({ [key]: value }),
  });
  return (
    <>
      <TextField {...field("name")} label="Name" maxLength={1_000} />
      <TextField
        {...field("data")}
        label="Data, as JSON"
        rows={5}
        error={isJson(draft.data) ? complaint("data") : "This is not JSON"}
      />
      <div className={css.pair}>
        <TextField {...field("delay", "delayMs")} label="Delay" hint="Such as 5 m; empty: none" />
        <TextField {...field("priority")} label="Priority" hint="1 runs first; empty: none" isNumber />
      </div>
      <TextField {...field("attempts")} label="Attempts" hint="Empty: 1" isNumber />
      <OptionalReason
        reason={draft.reason}
        error={complaint("reason")}
        onChange={(reason) => onChange({ reason })}
      />
    </>
  );
};

/** Adds a new job. */
export const AddDialog = (props: DialogPlace & { name: string }) => {
  const { organization, queue, name: queueName, onDone, onClose } = props;
  const [draft, setDraft] = useState(empty);
  const run = useAct(organization, queue, "add");
  const operation = useOperation(organization, run.data);
  const made = operation?.outcomes[0]?.made;
  const title = `Add job to ${queueName}`;
  if (operation !== undefined)
    return (
      <OutcomeDialog
        title={made ? `Added as job ${made.id}` : title}
        operation={operation}
        onClose={onClose}
      />
    );
  const body = bodyOf(draft);
  return (
    <FormDialog
      title={title}
      confirm="Add job"
      foot="A worker may take it at once."
      failure="No job was added."
      fields={["name", "data"]}
      within="options"
      error={run.error}
      isReady={body !== null}
      isBusy={run.isPending}
      onSubmit={() => body !== null && run.mutate(body, { onSuccess: onDone })}
      onClose={onClose}
    >
      {(complaint) => (
        <Fields
          draft={draft}
          complaint={complaint}
          onChange={(change) => setDraft(Object.assign({}, draft, change))}
        />
      )}
    </FormDialog>
  );
};
