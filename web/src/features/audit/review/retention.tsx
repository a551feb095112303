import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  type AuditRetention,
  placeAuditHold,
  releaseAuditHold,
  updateAuditRetention,
} from "@wheelhouse/shared/audit/retention.ts";
import { isReason, reasonCharsMax } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { call } from "#lib/api/api.ts";
import { formatCount } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { FormField, fieldErrors } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { auditRetentionQuery } from "../queries.ts";

/** Calls `onPlaced` after placing a hold. */
const useRetentionActs = (organization: string, onPlaced: () => void) => {
  const client = useQueryClient();
  const { queryKey } = auditRetentionQuery(organization);
  const hear = (next: AuditRetention) => client.setQueryData(queryKey, next);
  const keep = useMutation({
    mutationFn: (keepDays: number | null) =>
      call(updateAuditRetention, { body: { keepDays } }, { organization }),
    onSuccess: hear,
  });
  const place = useMutation({
    mutationFn: (reason: string) => call(placeAuditHold, { body: { reason } }, { organization }),
    onSuccess: (next) => {
      hear(next);
      onPlaced();
    },
  });
  const release = useMutation({
    mutationFn: (id: string) => call(releaseAuditHold, { params: { id } }, { organization }),
    onSuccess: hear,
  });
  return { keep, place, release };
};

const Holds = (props: {
  holds: AuditRetention["holds"];
  isBusy: boolean;
  onRelease: ((id: string) => void) | null;
}) => {
  const { holds, isBusy, onRelease } = props;
  return (
    <>
      <h3 className="h">Legal holds</h3>
      {holds.length === 0 ? (
        <p className="c2">None. A legal hold keeps all content of this organization.</p>
      ) : (
        <ul className="plain">
          {holds.map(({ id, reason: why, placedBy, placedAt }) => (
            <li key={id} className="row">
              <span className="grow">
                {why}{" "}
                <span className="c3 t12">
                  {placedBy}, {placedAt.slice(0, 10)}
                </span>
              </span>
              {onRelease !== null && (
                <Button disabled={isBusy} onClick={() => onRelease(id)}>
                  Release hold
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
};

const NewHold = (props: {
  reason: string;
  isBusy: boolean;
  onReason: (reason: string) => void;
  onPlace: () => void;
}) => {
  const { reason, isBusy, onReason, onPlace } = props;
  return (
    <FormField label="Reason for a new hold">
      {(control) => (
        <div className="row">
          <input
            {...control}
            className="field grow"
            maxLength={reasonCharsMax}
            value={reason}
            onChange={(event) => onReason(event.target.value)}
          />
          <Button disabled={!isReason(reason) || isBusy} onClick={onPlace}>
            Place hold
          </Button>
        </div>
      )}
    </FormField>
  );
};

const DaysField = (props: { days: string; error: string | undefined; onDays: (days: string) => void }) => (
  <FormField
    label="Days"
    error={props.error}
    hint="Older content expires once a signed checkpoint covers it. Leave empty for unlimited retention."
  >
    {(control) => (
      <input
        {...control}
        className="field"
        inputMode="numeric"
        value={props.days}
        onChange={(event) => props.onDays(event.target.value)}
      />
    )}
  </FormField>
);

const Expired = ({ retention }: { retention: AuditRetention }) =>
  retention.expiredToSeq > 0 ? (
    <p>
      Content up to event {formatCount(retention.expiredToSeq)} expired, covered by checkpoint{" "}
      {formatCount(retention.expiredCheckpoint ?? 0)}.
    </p>
  ) : null;

/** Retention of event content, and the legal holds that suspend it. */
export const RetentionDialog = (props: {
  organization: string;
  retention: AuditRetention;
  canManage: boolean;
  onClose: () => void;
}) => {
  const { organization, retention, canManage, onClose } = props;
  const [days, setDays] = useState(retention.keepDays === null ? "" : String(retention.keepDays));
  const [reason, setReason] = useState("");
  const { keep, place, release } = useRetentionActs(organization, () => setReason(""));
  const error = keep.error ?? place.error ?? release.error;
  const asked = days.trim() === "" ? null : Number(days);
  const isValid = asked === null || (Number.isInteger(asked) && asked >= 1 && asked <= 36_500);
  return (
    <Dialog
      title="Retention of event content"
      onClose={onClose}
      footer={
        <>
          <span className="c3 t12 grow">The hash chain is kept indefinitely.</span>
          <Button large onClick={onClose}>
            Close
          </Button>
          {canManage && (
            <Button
              large
              variant="primary"
              disabled={!isValid || asked === retention.keepDays || keep.isPending}
              onClick={() => keep.mutate(asked)}
            >
              {asked === null ? "Keep indefinitely" : `Keep ${days} days`}
            </Button>
          )}
        </>
      }
    >
      <Expired retention={retention} />
      {canManage ? (
        <DaysField
          days={days}
          error={isValid ? fieldErrors(keep.error).get("keepDays") : "1 to 36,500 days, or empty"}
          onDays={setDays}
        />
      ) : (
        <p>{retention.keepDays === null ? "Unlimited." : `${formatCount(retention.keepDays)} days.`}</p>
      )}
      <Holds
        holds={retention.holds}
        isBusy={release.isPending}
        onRelease={canManage ? (id) => release.mutate(id) : null}
      />
      {canManage && (
        <NewHold
          reason={reason}
          isBusy={place.isPending}
          onReason={setReason}
          onPlace={() => place.mutate(reason.trim())}
        />
      )}
      {error !== null && <ActError title="Nothing was changed." error={error} />}
    </Dialog>
  );
};
