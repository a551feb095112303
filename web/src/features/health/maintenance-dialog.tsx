import { isReason, reasonCharsMax } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatDateTime } from "#lib/format.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { usePreferences } from "#lib/preferences.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import styles from "./services.module.css";
import { useCreateMaintenance } from "./services-queries.ts";

const lengths = [
  { minutes: 15, label: "15 m" },
  { minutes: 60, label: "1 h" },
  { minutes: 240, label: "4 h" },
  { minutes: 1_440, label: "24 h" },
] as const;

const LengthSelect = (props: { control: object; minutes: number; onMinutes: (minutes: number) => void }) => {
  const { control, minutes, onMinutes } = props;
  return (
    <select
      {...control}
      className="field"
      value={minutes}
      onChange={(event) => onMinutes(Number(event.target.value))}
    >
      {lengths.map(({ minutes: length, label }) => (
        <option key={length} value={length}>
          {label}
        </option>
      ))}
    </select>
  );
};

/** Announces planned work at one service, from now on. */
export const MaintenanceDialog = (props: {
  organization: string;
  service: { id: string; name: string };
  onClose: () => void;
}) => {
  const { organization, service, onClose } = props;
  const { zone } = usePreferences();
  const [minutes, setMinutes] = useState<number>(60);
  const [reason, setReason] = useState("");
  const create = useCreateMaintenance(organization);
  const endsAt = new Date(serverClock.now() + minutes * 60_000).toISOString();
  const errors = fieldErrors(create.error);
  const confirm = () =>
    create.mutate({ services: [service.id], endsAt, reason: reason.trim() }, { onSuccess: onClose });
  return (
    <ConfirmDialog
      title={`Plan maintenance of ${service.name}`}
      confirm={`Start maintenance of ${service.name}`}
      foot="It can be ended before its time."
      isBusy={create.isPending || !isReason(reason)}
      error={create.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div className={styles.form}>
        <p className="c2">
          Until its end it is checked as always, but nothing of it counts as a problem. What it explains is
          not listed either.
        </p>
        <FormField
          label="How long"
          hint={`From now until ${formatDateTime(endsAt, zone)}`}
          error={errors.get("endsAt")}
        >
          {(control) => <LengthSelect control={control} minutes={minutes} onMinutes={setMinutes} />}
        </FormField>
        <FormField
          label="Reason"
          hint="Shown beside it, and kept in the audit trail"
          error={errors.get("reason")}
        >
          {(control) => (
            <input
              {...control}
              className="field"
              maxLength={reasonCharsMax}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </FormField>
      </div>
    </ConfirmDialog>
  );
};
