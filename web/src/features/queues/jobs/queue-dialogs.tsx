import { cleanableStates } from "@wheelhouse/shared/queues/job-acts.ts";
import type { JobList } from "@wheelhouse/shared/queues/jobs.ts";
import { isReason, isReasonOrEmpty } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatCount, formatPlural } from "#lib/format.ts";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { TextField } from "#ui/form/text-field.tsx";
import { Note } from "#ui/page/note.tsx";
import { AddDialog } from "./add-dialog.tsx";
import type { QueueAsked } from "./asked.ts";
import { spanMs } from "./change-dialogs.tsx";
import { type DialogPlace, OptionalReason } from "./job-dialogs.tsx";
import css from "./jobs.module.css";
import { isPlain, OutcomeDialog } from "./outcome.tsx";
import { type ActBody, type ActName, useAct, useOperation } from "./queries.ts";
import { stateWords } from "./words.ts";

type Props = DialogPlace & { name: string; list: JobList };

/** The act behind a dialog: sends, and says what happened if there is anything to say. */
const useQueueAct = <A extends ActName>({ organization, queue, onDone, onClose }: DialogPlace, act: A) => {
  const run = useAct(organization, queue, act);
  const operation = useOperation(organization, run.data);
  const send = (body: ActBody<A>) =>
    run.mutate(body, {
      onSuccess: (answer) => {
        onDone();
        if (isPlain(answer)) onClose();
      },
    });
  return { run, operation, send };
};

const PauseDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const [reason, setReason] = useState("");
  const { run, operation, send } = useQueueAct(props, "pause");
  const title = `Pause queue ${name}`;
  const submit = () => isReason(reason) && send({ reason: reason.trim() });
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm="Pause queue"
      foot="Until somebody resumes it."
      failure="The queue was not paused."
      fields={["reason"]}
      error={run.error}
      isReady={isReason(reason)}
      isBusy={run.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <p>
            Workers get no job. Jobs are accepted and wait.{" "}
            {list.counts.active > 0 && `${formatPlural(list.counts.active, "active job")} will finish.`}
          </p>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};

const ResumeDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const [reason, setReason] = useState("");
  const { run, operation, send } = useQueueAct(props, "resume");
  const { counts } = list;
  const title = `Resume queue ${name}`;
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm="Resume queue"
      failure="The queue was not resumed."
      error={run.error}
      isReady={isReasonOrEmpty(reason)}
      isBusy={run.isPending}
      onSubmit={() => send(reason.trim() === "" ? {} : { reason: reason.trim() })}
      onClose={onClose}
    >
      {() => (
        <>
          <p>
            Workers take jobs at once:{" "}
            {formatPlural(counts.waiting + counts.prioritized + counts.paused, "job")} waiting.
          </p>
          <OptionalReason reason={reason} onChange={setReason} />
        </>
      )}
    </FormDialog>
  );
};

const DrainDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const { counts } = list;
  const [reason, setReason] = useState("");
  const [delayed, setDelayed] = useState(false);
  const { run, operation, send } = useQueueAct(props, "drain");
  const count = counts.waiting + counts.prioritized + counts.paused + (delayed ? counts.delayed : 0);
  const title = `Drain queue ${name}`;
  const submit = () => isReason(reason) && send({ delayed, count, reason: reason.trim() });
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm={`Remove ${formatPlural(count, "job")}`}
      foot="This cannot be undone. Schedules stay."
      failure="No job was removed."
      fields={["reason"]}
      error={run.error}
      isReady={isReason(reason) && count > 0}
      isBusy={run.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <p>Removes every job that waits. Active, failed and completed jobs stay.</p>
          <label className={css.check}>
            <Checkbox checked={delayed} onChange={({ target }) => setDelayed(target.checked)} />
            <span>Remove delayed jobs, too ({formatCount(counts.delayed)})</span>
          </label>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};

type Cleanable = (typeof cleanableStates)[number];

const StateField = (props: {
  state: Cleanable;
  counts: JobList["counts"];
  onChange: (state: Cleanable) => void;
}) => (
  <FormField label="Jobs" error={undefined}>
    {(control) => (
      <Select
        {...control}
        className="field"
        value={props.state}
        onChange={({ target }) => {
          const chosen = cleanableStates.find((each) => each === target.value);
          if (chosen !== undefined) props.onChange(chosen);
        }}
      >
        {cleanableStates.map((each) => (
          <option key={each} value={each}>
            {stateWords[each]}, {formatCount(props.counts[each])}
          </option>
        ))}
      </Select>
    )}
  </FormField>
);

const CleanDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const { counts } = list;
  const [state, setState] = useState<Cleanable>("completed");
  const [age, setAge] = useState("1 d");
  const [reason, setReason] = useState("");
  const { run, operation, send } = useQueueAct(props, "clean");
  const olderThanMs = spanMs(age);
  const title = `Clean queue ${name}`;
  const isReady = isReason(reason) && olderThanMs !== null && counts[state] > 0;
  const submit = () =>
    isReady && send({ state, olderThanMs: olderThanMs ?? 0, count: counts[state], reason: reason.trim() });
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm={`Clean ${stateWords[state].toLowerCase()} jobs`}
      foot="This cannot be undone. Schedules stay. Up to 100,000 jobs at a time."
      failure="No job was removed."
      fields={["reason", "olderThanMs"]}
      error={run.error}
      isReady={isReady}
      isBusy={run.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <div className={css.pair}>
            <StateField state={state} counts={counts} onChange={setState} />
            <TextField
              label="Older than"
              hint="Such as 30 m, 12 h or 7 d; 0 s: all"
              value={age}
              error={complaint("olderThanMs") ?? (olderThanMs === null ? "Such as 1 d" : undefined)}
              onChange={setAge}
            />
          </div>
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};

const ObliterateDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const { counts } = list;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const [typed, setTyped] = useState("");
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState("");
  const { run, operation, send } = useQueueAct(props, "obliterate");
  const title = `Obliterate queue ${name} with ${formatPlural(total, "job")}`;
  const isReady =
    isReason(reason) && typed.replace(/[\s,]/g, "") === String(total) && (counts.active === 0 || force);
  const submit = () => isReady && send({ count: total, force, reason: reason.trim() });
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm={`Obliterate ${formatPlural(total, "job")}`}
      foot="This cannot be undone. You confirm with your password next."
      failure="Nothing was removed."
      fields={["reason", "count"]}
      error={run.error}
      isReady={isReady}
      isBusy={run.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <Note tone="bad" title="Everything of this queue is removed:">
            all jobs, their logs, its schedules and its settings. Programs that use it go on and make it anew.
          </Note>
          {counts.active > 0 && (
            <label className={css.check}>
              <Checkbox checked={force} onChange={({ target }) => setForce(target.checked)} />
              <span>
                Also the {formatPlural(counts.active, "active job")}, whose workers will fail to finish them
              </span>
            </label>
          )}
          <TextField
            label={`Type ${total} to confirm`}
            isNumber
            value={typed}
            error={complaint("count")}
            onChange={setTyped}
          />
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};

const numberOf = (text: string): number | null => (/^\d{1,7}$/.test(text.trim()) ? Number(text) : null);

const LimitFields = (props: {
  complaint: (field: string) => string | undefined;
  concurrency: string;
  max: string;
  per: string;
  onConcurrency: (value: string) => void;
  onMax: (value: string) => void;
  onPer: (value: string) => void;
}) => (
  <>
    <TextField
      label="Jobs at once"
      hint="Empty: no limit"
      isNumber
      value={props.concurrency}
      error={props.complaint("concurrency")}
      onChange={props.onConcurrency}
    />
    <div className={css.pair}>
      <TextField
        label="Jobs"
        hint="Empty: no rate limit"
        isNumber
        value={props.max}
        error={props.complaint("max")}
        onChange={props.onMax}
      />
      <TextField
        label="Per"
        hint="Such as 1 s or 1 m"
        value={props.per}
        error={props.complaint("durationMs")}
        onChange={props.onPer}
      />
    </div>
  </>
);

const LimitsDialog = (props: Props) => {
  const { name, list, onClose } = props;
  const [concurrency, setConcurrency] = useState(list.concurrency === null ? "" : String(list.concurrency));
  const [max, setMax] = useState(list.rateLimit === null ? "" : String(list.rateLimit.max));
  const [per, setPer] = useState(list.rateLimit === null ? "1 s" : `${list.rateLimit.durationMs / 1_000} s`);
  const [reason, setReason] = useState("");
  const { run, operation, send } = useQueueAct(props, "limits");
  const [most, rate, durationMs] = [numberOf(concurrency), numberOf(max), spanMs(per)];
  const title = `Concurrency and rate limit of ${name}`;
  const isReady =
    isReason(reason) &&
    (concurrency === "" || (most ?? 0) > 0) &&
    (max === "" || ((rate ?? 0) > 0 && (durationMs ?? 0) > 0));
  const submit = () =>
    isReady &&
    send({
      concurrency: most,
      rateLimit: rate === null ? null : { max: rate, durationMs: durationMs ?? 1_000 },
      reason: reason.trim(),
    });
  if (operation !== undefined) return <OutcomeDialog title={title} operation={operation} onClose={onClose} />;
  return (
    <FormDialog
      title={title}
      confirm="Set limits"
      foot="They hold for all workers of the queue together."
      failure="The limits were not set."
      fields={["reason", "concurrency"]}
      within="rateLimit"
      error={run.error}
      isReady={isReady}
      isBusy={run.isPending}
      onSubmit={submit}
      onClose={onClose}
    >
      {(complaint) => (
        <>
          <LimitFields
            complaint={complaint}
            concurrency={concurrency}
            max={max}
            per={per}
            onConcurrency={setConcurrency}
            onMax={setMax}
            onPer={setPer}
          />
          <ReasonField reason={reason} error={complaint("reason")} onChange={setReason} onSend={submit} />
        </>
      )}
    </FormDialog>
  );
};

const dialogs = {
  pause: PauseDialog,
  resume: ResumeDialog,
  drain: DrainDialog,
  clean: CleanDialog,
  obliterate: ObliterateDialog,
  limits: LimitsDialog,
} as const;

/** Acts on the queue itself. */
export const QueueDialog = ({ act, ...props }: Props & { act: QueueAsked }) => {
  if (act === "add") return <AddDialog {...props} />;
  const Shown = dialogs[act];
  return <Shown {...props} />;
};
