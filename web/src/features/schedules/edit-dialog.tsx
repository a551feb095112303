import type { ScheduleRow } from "@wheelhouse/shared/queues/schedules.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useEditSchedule } from "./queries.ts";

/** The times of a schedule as they are typed. */
type Times = { pattern: string; zone: string; seconds: string };

const timesOf = ({ pattern, timeZone, everyMs }: ScheduleRow): Times => ({
  pattern: pattern ?? "",
  zone: timeZone ?? "",
  seconds: everyMs === null ? "" : String(everyMs / 1_000),
});

const TimesFields = (props: {
  times: Times;
  isInterval: boolean;
  complaint: (field: string) => string | undefined;
  onChange: (times: Times) => void;
}) => {
  const { times, isInterval, complaint, onChange } = props;
  return isInterval ? (
    <TextField
      label="Interval in seconds"
      value={times.seconds}
      onChange={(seconds) => onChange({ ...times, seconds })}
      error={complaint("everyMs")}
    />
  ) : (
    <>
      <TextField
        label="Cron pattern"
        value={times.pattern}
        onChange={(pattern) => onChange({ ...times, pattern })}
        error={complaint("pattern")}
      />
      <TextField
        label="Time zone"
        value={times.zone}
        onChange={(zone) => onChange({ ...times, zone })}
        error={complaint("timeZone")}
      />
    </>
  );
};

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
  const [times, setTimes] = useState(timesOf(row));
  const [reason, setReason] = useState("");
  const { pattern, zone, seconds } = times;
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
          <TimesFields times={times} isInterval={isInterval} complaint={complaint} onChange={setTimes} />
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
