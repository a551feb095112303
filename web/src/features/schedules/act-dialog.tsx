import type { ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { type ScheduleCommand, useScheduleAct } from "./queries.ts";

type Words = { title: string; effect: (row: ScheduleRow) => string };

const words: Record<ScheduleCommand, Words> = {
  run: {
    title: "Run now",
    effect: ({ kind }) =>
      kind === "own"
        ? "A worker runs it once, at once. Its plan stays as it is."
        : "A job is added to its queue, with the data of its template. Its plan stays as it is.",
  },
  pause: {
    title: "Pause",
    effect: ({ kind }) =>
      kind === "own"
        ? "It does not run until it is resumed. What falls due meanwhile is skipped."
        : "The scheduler and its next job are removed from Redis; its template is kept here. Its program may create it again when it starts; this page then says so.",
  },
  remove: {
    title: "Remove",
    effect: () =>
      "The scheduler and its next job are removed from Redis, and nothing of it is kept here. To stop it for a while, pause it instead. Its program may create it again when it starts.",
  },
  resume: {
    title: "Resume",
    effect: ({ kind }) =>
      kind === "own"
        ? "It continues with its next time. What fell due meanwhile stays skipped."
        : "The scheduler is put back into Redis from its template and continues with its next time.",
  },
};

const outcomes = { done: "Done.", accepted: "Accepted.", refused: "Refused." } as const;

/** Asks for a reason, acts, and stays open to show what became of it. */
export const ScheduleActDialog = (props: {
  organization: string;
  row: ScheduleRow;
  command: ScheduleCommand;
  onClose: () => void;
}) => {
  const { organization, row, command, onClose } = props;
  const act = useScheduleAct(organization, row.id, command);
  const [reason, setReason] = useState("");
  const { title, effect } = words[command];
  const errors = fieldErrors(act.error);
  const canSend = isReason(reason) && !act.isPending;
  const send = () => {
    if (canSend) act.mutate(reason.trim());
  };
  return (
    <Dialog
      title={`${title}: ${row.name}`}
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large onClick={onClose}>
            {act.data === undefined ? "Cancel" : "Close"}
          </Button>
          {act.data === undefined && (
            <Button
              large
              variant={command === "remove" ? "danger-solid" : "primary"}
              disabled={!canSend}
              onClick={send}
            >
              {title}
            </Button>
          )}
        </>
      }
    >
      {act.data === undefined ? (
        <>
          <p>{effect(row)}</p>
          {act.error !== null && errors.size === 0 && (
            <ActError title="Nothing was changed." error={act.error} />
          )}
          <ReasonField reason={reason} error={errors.get("reason")} onChange={setReason} onSend={send} />
        </>
      ) : (
        <div role="status">
          <Note tone={act.data.state === "refused" ? "bad" : "plain"} title={outcomes[act.data.state]}>
            {act.data.detail}
          </Note>
        </div>
      )}
    </Dialog>
  );
};
