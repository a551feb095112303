import { isReason, reasonCharsMax } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { serverClock } from "#lib/live/server-clock.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useIncidentAct } from "../queries.ts";

type Props = { organization: string; number: number; onClose: () => void };

export const NoteDialog = ({ organization, number, onClose }: Props) => {
  const act = useIncidentAct(organization, number);
  const [text, setText] = useState("");
  return (
    <FormDialog
      title={`Add a note to INC-${number}`}
      confirm="Add note"
      failure="No note was added."
      fields={["text"]}
      error={act.error}
      isReady={isReason(text)}
      isBusy={act.isPending}
      onSubmit={() => act.mutate({ act: "note", text: text.trim() }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <TextField
          label="Note"
          value={text}
          onChange={setText}
          error={complaint("text")}
          maxLength={reasonCharsMax}
          rows={3}
        />
      )}
    </FormDialog>
  );
};

export const AssignDialog = (props: Props & { assignedTo: string | null }) => {
  const { organization, number, onClose } = props;
  const act = useIncidentAct(organization, number);
  const [to, setTo] = useState(props.assignedTo ?? "");
  return (
    <FormDialog
      title={`Assign INC-${number}`}
      confirm={to.trim() === "" ? "Assign to nobody" : "Assign incident"}
      failure="The incident was not assigned."
      fields={["to"]}
      error={act.error}
      isReady
      isBusy={act.isPending}
      onSubmit={() =>
        act.mutate({ act: "assign", to: to.trim() === "" ? null : to.trim() }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
      {(complaint) => (
        <TextField
          label="Person or team"
          hint="Empty assigns it to nobody."
          value={to}
          onChange={setTo}
          error={complaint("to")}
          maxLength={100}
        />
      )}
    </FormDialog>
  );
};

export const ResolveDialog = ({ organization, number, onClose }: Props) => {
  const act = useIncidentAct(organization, number);
  const [reason, setReason] = useState("");
  const submit = () => {
    if (isReason(reason) && !act.isPending)
      act.mutate({ act: "resolve", reason: reason.trim() }, { onSuccess: onClose });
  };
  return (
    <FormDialog
      title={`Resolve INC-${number} by hand`}
      confirm="Resolve incident"
      foot="Its alerts stay quiet until they clear and fire again."
      failure="The incident was not resolved."
      fields={["reason"]}
      error={act.error}
      isReady={isReason(reason)}
      isBusy={act.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
      )}
    </FormDialog>
  );
};

const snoozes = [
  { label: "15 minutes", ms: 900_000 },
  { label: "1 hour", ms: 3_600_000 },
  { label: "4 hours", ms: 14_400_000 },
  { label: "1 day", ms: 86_400_000 },
] as const;

export const SnoozeDialog = ({ organization, number, onClose }: Props) => {
  const act = useIncidentAct(organization, number);
  const [ms, setMs] = useState<number>(snoozes[0].ms);
  return (
    <FormDialog
      title={`Snooze INC-${number}`}
      confirm="Snooze incident"
      foot="If it still fires then, people are notified again."
      failure="The incident was not snoozed."
      fields={["until"]}
      error={act.error}
      isReady
      isBusy={act.isPending}
      onSubmit={() =>
        act.mutate(
          { act: "snooze", until: new Date(serverClock.now() + ms).toISOString() },
          { onSuccess: onClose },
        )
      }
      onClose={onClose}
    >
      {(complaint) => (
        <FormField label="For" error={complaint("until")}>
          {(control) => (
            <Select {...control} value={ms} onChange={(event) => setMs(Number(event.target.value))}>
              {snoozes.map(({ label, ms: span }) => (
                <option key={span} value={span}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </FormField>
      )}
    </FormDialog>
  );
};
