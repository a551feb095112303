import { isReason, reasonCharsMax } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatDateTime } from "#lib/format.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { usePreferences } from "#lib/preferences.ts";
import { ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import styles from "./services.module.css";
import { useCreateMaintenance } from "./services-queries.ts";

const lengths = [
  { minutes: 15, label: "15 minutes" },
  { minutes: 60, label: "1 hour" },
  { minutes: 240, label: "4 hours" },
  { minutes: 1_440, label: "24 hours" },
] as const;

const LengthSelect = (props: { control: object; minutes: number; onMinutes: (minutes: number) => void }) => {
  const { control, minutes, onMinutes } = props;
  return (
    <Select
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
    </Select>
  );
};

/** Starts planned maintenance of one service. */
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
      foot="You can end it early."
      isBusy={create.isPending || !isReason(reason)}
      error={create.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div className={styles.form}>
        <p className="c2">
          Checks continue during maintenance, but failures of this service and of those it affects do not
          count as problems.
        </p>
        <FormField
          label="Duration"
          hint={`From now until ${formatDateTime(endsAt, zone)}`}
          error={errors.get("endsAt")}
        >
          {(control) => <LengthSelect control={control} minutes={minutes} onMinutes={setMinutes} />}
        </FormField>
        <FormField
          label="Reason"
          hint="Shown beside the service and recorded in the audit trail"
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
