import { isReason } from "@wheelhouse/shared/reason.ts";
import type { ScheduleRow } from "@wheelhouse/shared/schedules.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useEditSchedule } from "./queries.ts";

/** Changes the pattern and zone, or the interval, of a schedule of a watched program. */
export const EditScheduleDialog = (props: {
  organization: string;
  row: ScheduleRow;
  onClose: () => void;
}) => {
  const { organization, row, onClose } = props;
  const edit = useEditSchedule(organization, row.id);
  // What it was when the dialog opened; a change by someone else meanwhile is refused.
  const [before] = useState({ pattern: row.pattern, everyMs: row.everyMs });
  const [pattern, setPattern] = useState(row.pattern ?? "");
  const [zone, setZone] = useState(row.timeZone ?? "");
  const [seconds, setSeconds] = useState(row.everyMs === null ? "" : String(row.everyMs / 1_000));
  const [reason, setReason] = useState("");
  const isInterval = before.everyMs !== null;
  const isReady = isReason(reason) && (isInterval ? Number(seconds) > 0 : pattern.trim() !== "");
  const send = () =>
    edit.mutate(
      {
        reason: reason.trim(),
        before,
        ...(isInterval
          ? { everyMs: Math.round(Number(seconds) * 1_000) }
          : { pattern: pattern.trim(), ...(zone.trim() === "" ? {} : { timeZone: zone.trim() }) }),
      },
      { onSuccess: onClose },
    );
  return (
    <FormDialog
      title={`Edit: ${row.name}`}
      confirm="Save"
      foot="Its program may set it back when it starts."
      failure="Nothing was changed."
      fields={["pattern", "timeZone", "everyMs", "reason"]}
      error={edit.error}
      isReady={isReady}
      isBusy={edit.isPending}
      onSubmit={send}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          {isInterval ? (
            <TextField
              label="Interval in seconds"
              value={seconds}
              onChange={setSeconds}
              error={complaint("everyMs")}
            />
          ) : (
            <>
              <TextField
                label="Cron pattern"
                value={pattern}
                onChange={setPattern}
                error={complaint("pattern")}
              />
              <TextField label="Time zone" value={zone} onChange={setZone} error={complaint("timeZone")} />
            </>
          )}
          <ReasonField
            reason={reason}
            error={complaint("reason")}
            onChange={setReason}
            onSend={() => isReady && send()}
          />
        </>
      )}
    </FormDialog>
  );
};
