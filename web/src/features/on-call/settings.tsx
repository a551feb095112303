import { useQuery } from "@tanstack/react-query";
import type { AlertSettings } from "@wheelhouse/shared/alerts/channels.ts";
import { useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Button } from "#ui/page/button.tsx";
import { Panel } from "#ui/page/panel.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import { Age } from "#ui/text/time.tsx";
import css from "./on-call.module.css";
import { settingsQuery, useUpdateSettings } from "./queries.ts";

const Heartbeat = ({ heartbeat }: Pick<AlertSettings, "heartbeat">) => {
  if (heartbeat === null) return <>none: nobody notices when Wheelhouse itself is dead</>;
  return (
    <>
      {heartbeat.hint}, every {heartbeat.everySeconds} s
      {heartbeat.sentAt === null ? (
        ", not sent yet"
      ) : (
        <>
          , sent <Age at={heartbeat.sentAt} short suffix="ago" />
        </>
      )}
      {heartbeat.error !== null && <span className="tx-down"> {heartbeat.error}</span>}
    </>
  );
};

type Form = {
  limit: string;
  within: string;
  digest: string;
  allowsLinks: boolean;
  address: string;
  /** Ends the heartbeat. */
  ends: boolean;
  every: string;
};
const formOf = (settings: AlertSettings): Form => ({
  limit: String(settings.throttleLimit),
  within: String(settings.throttleMinutes),
  digest: String(settings.digestMinutes),
  allowsLinks: settings.allowsLinks,
  address: "",
  ends: false,
  every: String(settings.heartbeat?.everySeconds ?? 60),
});
const bodyOf = ({ limit, within, digest, allowsLinks, address, ends, every }: Form, version: number) => ({
  version,
  throttleLimit: Number(limit),
  throttleMinutes: Number(within),
  digestMinutes: Number(digest),
  allowsLinks,
  heartbeatSeconds: Number(every),
  heartbeatAddress: ends ? null : address.trim() || undefined,
});

type Fields = {
  form: Form;
  change: (given: Partial<Form>) => void;
  complaint: (field: string) => string | undefined;
};

const Limits = ({ form, change, complaint }: Fields) => {
  const number = (name: "limit" | "within" | "digest", label: string, field: string) => (
    <TextField
      label={label}
      error={complaint(field)}
      isNumber
      value={form[name]}
      onChange={(value) => change({ [name]: value })}
    />
  );
  return (
    <div className={css.grid}>
      {number("limit", "At most for one recipient", "throttleLimit")}
      {number("within", "Within minutes", "throttleMinutes")}
      {number("digest", "Digest every minutes", "digestMinutes")}
    </div>
  );
};

const HeartbeatFields = ({ form, change, complaint, hasOne }: Fields & { hasOne: boolean }) => (
  <>
    <TextField
      label="Heartbeat to an outside service"
      hint={
        hasOne
          ? "Leave empty to keep the present one"
          : "An address that raises its alarm when calls stay away"
      }
      error={complaint("heartbeatAddress")}
      isSecret
      value={form.address}
      onChange={(address) => change({ address })}
    />
    <TextField
      label="Heartbeat every seconds"
      error={complaint("heartbeatSeconds")}
      isNumber
      value={form.every}
      onChange={(every) => change({ every })}
    />
    {hasOne && (
      <label className={css.inline}>
        <Checkbox checked={form.ends} onChange={({ target }) => change({ ends: target.checked })} />
        Send no heartbeat
      </label>
    )}
  </>
);

const Dialog = (props: { organization: string; settings: AlertSettings; onClose: () => void }) => {
  const { organization, settings, onClose } = props;
  const update = useUpdateSettings(organization);
  const [form, setForm] = useState(() => formOf(settings));
  const change = (given: Partial<Form>) => setForm((before) => ({ ...before, ...given }));
  return (
    <FormDialog
      title="Change how notifications are sent"
      confirm="Save"
      failure="The settings were not saved."
      fields={["throttleLimit", "throttleMinutes", "digestMinutes", "heartbeatAddress", "heartbeatSeconds"]}
      error={update.error}
      isReady
      isBusy={update.isPending}
      onSubmit={() => update.mutate({ body: bodyOf(form, settings.version) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Limits form={form} change={change} complaint={complaint} />
          <label className={css.inline}>
            <Checkbox
              checked={form.allowsLinks}
              onChange={({ target }) => change({ allowsLinks: target.checked })}
            />
            The link in a notification acknowledges once without a sign-in
          </label>
          <HeartbeatFields
            form={form}
            change={change}
            complaint={complaint}
            hasOne={settings.heartbeat !== null}
          />
        </>
      )}
    </FormDialog>
  );
};

/** Throttle, digest, links and heartbeat of the organization. */
export const SettingsSection = ({
  organization,
  canConfigure,
}: {
  organization: string;
  canConfigure: boolean;
}) => {
  const settings = useQuery(settingsQuery(organization));
  const [isOpen, setOpen] = useState(false);
  return (
    <section className={css.section}>
      <div className={css.head}>
        <h2 className="h">How notifications are sent</h2>
        <span className="grow" />
        {canConfigure && <Button onClick={() => setOpen(true)}>Change…</Button>}
      </div>
      <Panel name="Settings" query={settings} skeletonRows={4}>
        {(found) => (
          <>
            <Facts
              facts={[
                {
                  label: "Throttle",
                  value: `${found.throttleLimit} within ${found.throttleMinutes} m for each recipient and channel, the rest as a digest`,
                },
                { label: "Digest", value: `after ${found.digestMinutes} m` },
                {
                  label: "E-mail",
                  value: found.sendsMail ? "on" : "off: no SMTP server is set (WHEELHOUSE_SMTP_URL)",
                },
                {
                  label: "Links",
                  value: found.allowsLinks ? "acknowledge once without a sign-in" : "ask for a sign-in",
                },
                { label: "Heartbeat", value: <Heartbeat heartbeat={found.heartbeat} /> },
              ]}
            />
            {isOpen && <Dialog organization={organization} settings={found} onClose={() => setOpen(false)} />}
          </>
        )}
      </Panel>
    </section>
  );
};
