import { readMatchers, writeMatchers } from "@wheelhouse/shared/alerts/inputs.ts";
import type { Matcher } from "@wheelhouse/shared/alerts/silences.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { serverClock } from "#lib/live/server-clock.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { useCreateSilence } from "../queries.ts";

const hourMs = 3_600_000;
const spans = [
  { label: "1 hour", ms: hourMs },
  { label: "4 hours", ms: 4 * hourMs },
  { label: "1 day", ms: 24 * hourMs },
  { label: "1 week", ms: 168 * hourMs },
  { label: "30 days", ms: 720 * hourMs },
] as const;

/** Holds notifications of what matches, until a time. `of`: the matchers to begin with. */
export const SilenceDialog = (props: {
  organization: string;
  of?: readonly Matcher[];
  onClose: () => void;
}) => {
  const { organization, of = [], onClose } = props;
  const [text, setText] = useState(writeMatchers(of));
  const [spanMs, setSpanMs] = useState<number>(spans[0].ms);
  const [reason, setReason] = useState("");
  const create = useCreateSilence(organization);
  const matchers = readMatchers(text) ?? [];
  const isReady = matchers.length > 0 && isReason(reason);
  const submit = () => {
    if (!isReady || create.isPending) return;
    const endsAt = new Date(serverClock.now() + spanMs).toISOString();
    create.mutate({ matchers, reason: reason.trim(), endsAt }, { onSuccess: onClose });
  };
  return (
    <FormDialog
      title="Silence alerts"
      confirm="Silence alerts"
      foot="Incidents stay open. If one still fires when the silence ends, people are notified."
      failure="Nothing was silenced."
      fields={["matchers", "endsAt", "reason"]}
      error={create.error}
      isReady={isReady}
      isBusy={create.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <TextField
            label="Alerts with these labels"
            hint="label:pattern, all must match; * is any text, a leading - excludes. Labels: rule, severity, kind, name, queue, service, breaker, cache, server, and those of rules"
            value={text}
            onChange={setText}
            error={complaint("matchers")}
            placeholder="queue:exports"
            isMono
          />
          <FormField label="For" error={complaint("endsAt")}>
            {(control) => (
              <Select {...control} value={spanMs} onChange={(event) => setSpanMs(Number(event.target.value))}>
                {spans.map(({ label, ms }) => (
                  <option key={ms} value={ms}>
                    {label}
                  </option>
                ))}
              </Select>
            )}
          </FormField>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};
