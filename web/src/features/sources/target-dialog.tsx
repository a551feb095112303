import type { WatchedSource } from "@wheelhouse/shared/sources.ts";
import { type ReactNode, useState } from "react";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { CredentialsFields, credentialsOf, emptyCredentials, isComplete } from "./credentials.tsx";
import { SourceDialog } from "./dialog.tsx";
import {
  definitionOf,
  dependables,
  formatWords,
  formOf,
  isAskedByHttp,
  readFormat,
  type TargetForm,
} from "./form.ts";
import { HeartbeatsOnce } from "./heartbeats.tsx";
import { useSaveTarget } from "./queries.ts";
import css from "./sources.module.css";

const fields = [
  "name",
  "format",
  "instances",
  "conditions",
  "dependsOn",
  "consumes",
  "group",
  "owner",
  "runbookUrl",
  "intervalMs",
  "timeoutMs",
  "downAfter",
  "upAfter",
  "checkAgeMs",
  "actuatorBreakers",
  "service",
  "instance",
  "url",
  "credentials",
];

type Control = {
  form: TargetForm;
  set: (change: Partial<TargetForm>) => void;
  complaint: (field: string) => string | undefined;
};

const instancesHint = {
  push: "One name per line; each gets its own URL",
  tcp: "One per line: a name and tcp://host:port",
} as const;

const ServiceFields = ({ form, set, complaint, known }: Control & { known: readonly string[] }) => {
  const { format } = form;
  const isPush = format === "push";
  return (
    <>
      <FormField label="Format" error={complaint("format")}>
        {(control) => (
          <Select
            {...control}
            className="field"
            value={format}
            onChange={(event) => set({ format: readFormat(event.target.value) })}
          >
            {Object.entries(formatWords).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </FormField>
      <TextField
        label="Instances"
        rows={2}
        hint={isPush || format === "tcp" ? instancesHint[format] : "One per line: a name and its health URL"}
        error={complaint("instances")}
        value={form.instances}
        onChange={(instances) => set({ instances })}
      />
      {!isPush && (
        <TextField
          label="Conditions"
          rows={2}
          hint="One per line, all must pass, such as [STATUS] == 200 or [RESPONSE_TIME] < 300"
          error={complaint("conditions")}
          value={form.conditions}
          onChange={(conditions) => set({ conditions })}
        />
      )}
      <TextField
        label="Depends on"
        hint={known.length === 0 ? "No other sources yet" : `Ids, such as ${known.slice(0, 3).join(", ")}`}
        error={complaint("dependsOn")}
        value={form.dependsOn}
        onChange={(dependsOn) => set({ dependsOn })}
      />
      <TextField
        label="Works on queues"
        hint="Ids of queues that have no worker while it is down"
        error={complaint("consumes")}
        value={form.consumes}
        onChange={(consumes) => set({ consumes })}
      />
    </>
  );
};

const MetricsFields = ({ form, set, complaint }: Control) => (
  <>
    <TextField
      label="Address"
      hint="URL of the metrics in Prometheus text format"
      error={complaint("url")}
      value={form.url}
      onChange={(url) => set({ url })}
    />
    <div className={css.pair}>
      <TextField
        label="Service"
        hint="The service that the breakers belong to"
        error={complaint("service")}
        value={form.service}
        onChange={(service) => set({ service })}
      />
      <TextField
        label="Instance"
        hint="Leave empty to use the service's name"
        error={complaint("instance")}
        value={form.instance}
        onChange={(instance) => set({ instance })}
      />
    </div>
  </>
);

const Rhythm = ({ form, set, complaint }: Control) => (
  <div className={css.pair}>
    <TextField
      label="Interval (seconds)"
      error={complaint("intervalMs")}
      value={form.intervalSeconds}
      onChange={(intervalSeconds) => set({ intervalSeconds })}
      isNumber
    />
    <TextField
      label="Timeout (seconds)"
      hint={form.format === "push" ? "Overdue after interval plus timeout" : ""}
      error={complaint("timeoutMs")}
      value={form.timeoutSeconds}
      onChange={(timeoutSeconds) => set({ timeoutSeconds })}
      isNumber
    />
  </div>
);

/** What is read from the answers of a service over HTTP. */
const OfAnswers = ({ form, set, complaint }: Control) => (
  <>
    <TextField
      label="Maximum age of a part's result (seconds)"
      hint="For services that check their parts rarely. Default: 150, or twice the interval"
      error={complaint("checkAgeMs")}
      value={form.checkAgeSeconds}
      onChange={(checkAgeSeconds) => set({ checkAgeSeconds })}
      isNumber
    />
    <label className={css.check}>
      <Checkbox
        checked={form.actuatorBreakers}
        onChange={({ target }) => set({ actuatorBreakers: target.checked })}
      />
      Also read /actuator/circuitbreakers next to each URL
    </label>
  </>
);

const More = ({ form, set, complaint }: Control) => (
  <details className={css.more}>
    <summary className="link">Owner, runbook, hysteresis</summary>
    <div className={css.pair}>
      <TextField
        label="Group"
        error={complaint("group")}
        value={form.group}
        onChange={(group) => set({ group })}
      />
      <TextField
        label="Owner"
        error={complaint("owner")}
        value={form.owner}
        onChange={(owner) => set({ owner })}
      />
    </div>
    <TextField
      label="Runbook"
      hint="URL of the instructions for an outage"
      error={complaint("runbookUrl")}
      value={form.runbookUrl}
      onChange={(runbookUrl) => set({ runbookUrl })}
    />
    <div className={css.pair}>
      <TextField
        label="Failed checks until down"
        error={complaint("downAfter")}
        value={form.downAfter}
        onChange={(downAfter) => set({ downAfter })}
        isNumber
      />
      <TextField
        label="Successful checks until up"
        error={complaint("upAfter")}
        value={form.upAfter}
        onChange={(upAfter) => set({ upAfter })}
        isNumber
      />
    </div>
    {isAskedByHttp(form.format) && <OfAnswers form={form} set={set} complaint={complaint} />}
  </details>
);

const isFilled = ({ kind, name, instances, url, service }: TargetForm): boolean =>
  name.trim() !== "" &&
  (kind === "service" ? instances.trim() !== "" : url.trim() !== "" && service.trim() !== "");

type Save = ReturnType<typeof useSaveTarget>;

/** The same save, with credentials beside what the dialog gives. */
const withCredentials = (save: Save, credentials: ReturnType<typeof credentialsOf>) => ({
  error: save.error,
  isPending: save.isPending,
  mutate: (
    change: Omit<Parameters<Save["mutate"]>[0], "credentials">,
    then: { onSuccess: (saved: NonNullable<Save["data"]>) => void },
  ) => save.mutate({ ...change, credentials }, then),
});

const NameFields = ({ form, set, complaint, shortName }: Control & { shortName: ReactNode }) => (
  <div className={shortName === null ? undefined : css.pair}>
    <TextField label="Name" error={complaint("name")} value={form.name} onChange={(name) => set({ name })} />
    {shortName}
  </div>
);

/** Watches a service or metrics, or changes an existing source; new heartbeat URLs are shown once. */
export const TargetDialog = (props: {
  organization: string;
  /** The source to change, or the kind of a new one. */
  source: WatchedSource | TargetForm["kind"];
  sources: readonly WatchedSource[];
  onClose: () => void;
}) => {
  const { organization, sources, onClose } = props;
  const source = typeof props.source === "string" ? null : props.source;
  const save = useSaveTarget(organization);
  const [form, setForm] = useState<TargetForm>(() =>
    typeof props.source === "string"
      ? { ...formOf(null), kind: props.source }
      : formOf(props.source.definition),
  );
  const stored = source !== null && source.credentials !== null;
  const [secrets, setSecrets] = useState(() => emptyCredentials(stored));
  const isService = form.kind === "service";
  const hasCredentials = !isService || isAskedByHttp(form.format);
  if (save.data !== undefined && save.data.issued.length > 0)
    return <HeartbeatsOnce name={save.data.name} issued={save.data.issued} onClose={onClose} />;
  const set = (change: Partial<TargetForm>) => setForm((before) => ({ ...before, ...change }));
  return (
    <SourceDialog
      source={source}
      act="Watch"
      word={isService ? "service" : "metrics target"}
      foot="Takes effect within seconds."
      fields={fields}
      name={form.name}
      definition={definitionOf(form)}
      isReady={(!hasCredentials || isComplete(secrets)) && isFilled(form)}
      save={withCredentials(save, hasCredentials ? credentialsOf(secrets) : null)}
      onSaved={({ issued }) => {
        if (issued.length === 0) onClose();
      }}
      onClose={onClose}
    >
      {(complaint, shortName) => (
        <>
          <NameFields form={form} set={set} complaint={complaint} shortName={shortName} />
          {isService ? (
            <ServiceFields
              form={form}
              set={set}
              complaint={complaint}
              known={dependables(sources, source === null ? null : source.id)}
            />
          ) : (
            <MetricsFields form={form} set={set} complaint={complaint} />
          )}
          <Rhythm form={form} set={set} complaint={complaint} />
          {hasCredentials && (
            <CredentialsFields
              form={secrets}
              stored={stored}
              error={complaint("credentials")}
              onChange={setSecrets}
            />
          )}
          {isService && <More form={form} set={set} complaint={complaint} />}
        </>
      )}
    </SourceDialog>
  );
};
