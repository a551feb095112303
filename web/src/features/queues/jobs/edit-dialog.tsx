import { useQuery } from "@tanstack/react-query";
import type { QueueOperation } from "@wheelhouse/shared/queues/job-acts.ts";
import { isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { useCan } from "#lib/api/session.ts";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Note } from "#ui/page/note.tsx";
import { prettyJson } from "#ui/text/code-block.tsx";
import { type DialogPlace, type JobsOfAct, OptionalReason } from "./job-dialogs.tsx";
import css from "./jobs.module.css";
import { OutcomeDialog } from "./outcome.tsx";
import { payloadQuery, useAct, useOperation } from "./queries.ts";

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const given = (reason: string) => (reason.trim() === "" ? {} : { reason: reason.trim() });

/** The data as it is edited, if it can be. */
const DataField = (props: {
  data: string | null;
  error: string | undefined;
  isPending: boolean;
  mayRead: boolean;
  onChange: (data: string) => void;
}) => {
  const { data, error, isPending, mayRead, onChange } = props;
  if (data === null)
    return (
      <Note title={mayRead ? "The data cannot be edited here." : "You don't have access to payloads."}>
        {mayRead && isPending ? "It is being read." : "The job is added with the data it has."}
      </Note>
    );
  return (
    <TextField
      label="Data, as JSON"
      rows={6}
      value={data}
      error={isJson(data) ? error : "This is not JSON"}
      onChange={onChange}
    />
  );
};

/** Adds a job again with edited data; the original stays unless asked otherwise. */
export const EditDialog = (props: DialogPlace & { job: JobsOfAct[number] | undefined }) => {
  const { organization, queue, job, onDone, onClose } = props;
  const id = job?.id ?? "";
  const mayRead = useCan(organization, "queues:payload");
  const payload = useQuery({ ...payloadQuery(organization, queue, id), enabled: mayRead && id !== "" });
  const stored = payload.data?.data;
  const [edited, setEdited] = useState<string | null>(null);
  const [removeOriginal, setRemoveOriginal] = useState(false);
  const [reason, setReason] = useState("");
  const run = useAct(organization, queue, "copy");
  const operation = useOperation(organization, run.data);
  const data = stored?.isJson === true ? (edited ?? prettyJson(stored.text)) : null;
  const title = `Copy job ${id.slice(0, 60)}`;
  if (operation !== undefined)
    return <OutcomeDialog title={addedTitle(operation) ?? title} operation={operation} onClose={onClose} />;
  const send = () => {
    const change = edited === null ? {} : { data: edited };
    run.mutate(Object.assign({ job: id, removeOriginal }, change, given(reason)), { onSuccess: onDone });
  };
  return (
    <FormDialog
      title={title}
      confirm="Add job"
      foot="The flow and the de-duplication key stay with the original."
      failure="Nothing was changed."
      fields={["data"]}
      error={run.error}
      isReady={(data === null || isJson(data)) && isReasonOrEmpty(reason)}
      isBusy={run.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <DataField
            data={data}
            error={complaint("data")}
            isPending={payload.isPending}
            mayRead={mayRead}
            onChange={setEdited}
          />
          <label className={css.check}>
            <Checkbox checked={removeOriginal} onChange={({ target }) => setRemoveOriginal(target.checked)} />
            <span>Remove the original</span>
          </label>
          <OptionalReason reason={reason} error={complaint("reason")} onChange={setReason} />
        </>
      )}
    </FormDialog>
  );
};

const addedTitle = ({ outcomes }: QueueOperation): string | null => {
  const made = outcomes[0]?.made;
  return made ? `Added as job ${made.id}` : null;
};
