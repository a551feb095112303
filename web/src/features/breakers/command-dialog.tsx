import type { BreakerCommand } from "@wheelhouse/shared/breaker-state.ts";
import type { BreakerRow } from "@wheelhouse/shared/breakers.ts";
import type { Operation } from "@wheelhouse/shared/operations.ts";
import { isReason } from "@wheelhouse/shared/reason.ts";
import { useState } from "react";
import { formatPlural } from "#lib/format.ts";
import { ActError } from "#ui/dialog/confirm-dialog.tsx";
import { Dialog } from "#ui/dialog/dialog.tsx";
import { Checkbox } from "#ui/form/checkbox.tsx";
import { fieldErrors } from "#ui/form/form-field.tsx";
import { ReasonField } from "#ui/form/reason-field.tsx";
import { Select } from "#ui/form/select.tsx";
import { Button } from "#ui/page/button.tsx";
import { Note } from "#ui/page/note.tsx";
import { Status, type Tone } from "#ui/page/status.tsx";
import { Facts } from "#ui/text/quantity.tsx";
import css from "./breakers.module.css";
import { useBreakerCommand, useOperation } from "./queries.ts";
import { badgeOf } from "./states.ts";

export const commandWords: Record<
  BreakerCommand,
  { button: string; title: string; effect: string; done: string }
> = {
  open: {
    button: "Force open…",
    title: "Force open",
    effect: "Rejects all calls immediately.",
    done: "forced open",
  },
  close: {
    button: "Force closed…",
    title: "Force closed",
    effect: "Lets all calls through, even if they fail: the breaker protects nothing.",
    done: "forced closed",
  },
  reset: {
    button: "Reset…",
    title: "Reset",
    effect: "Removes the override. The breaker starts again as closed and reacts to failures.",
    done: "reset",
  },
};

const outcomes: Record<Operation["outcomes"][number]["outcome"], { tone: Tone; label: string }> = {
  obeyed: { tone: "ok", label: "Applied" },
  refused: { tone: "degraded", label: "Refused" },
  "no answer": { tone: "unknown", label: "No answer" },
};

/** Results by instance; instances without an answer so far are marked as waiting. */
const Outcomes = ({ operation, done }: { operation: Operation; done: string }) => {
  const isOpen = operation.state === "accepted";
  const obeyed = operation.outcomes.filter(({ outcome }) => outcome === "obeyed").length;
  const total = operation.outcomes.length;
  const heading = `${obeyed} of ${formatPlural(total, "instance")} ${done}`;
  const lead = {
    accepted: "Waiting for the other instances.",
    superseded: "Replaced by a newer command before it reached the other instances.",
    done: obeyed === total ? "" : "The other instances are unchanged.",
  }[operation.state];
  return (
    <div aria-live="polite">
      <Note tone={obeyed === total || isOpen ? "plain" : "warn"} title={`${heading}.`}>
        {obeyed < total && lead}
      </Note>
      <table className={`${css.mini} ${css.outcomes}`}>
        <caption className="vh">Answers by instance</caption>
        <thead>
          <tr>
            <th>Instance</th>
            <th>Answer</th>
            <th>Detail</th>
          </tr>
        </thead>
        <tbody>
          {operation.outcomes.map(({ instance, outcome, detail }) => {
            const isWaiting = isOpen && outcome === "no answer";
            return (
              <tr key={instance}>
                <td className="mono">{instance}</td>
                <td>
                  {isWaiting ? (
                    <Status tone="run" label="Waiting" inRow />
                  ) : (
                    <Status {...outcomes[outcome]} inRow />
                  )}
                </td>
                <td className="c2">{detail}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
};

/** What the command does, and to which instances it goes. `left`: excluded instances. */
const Target = (props: {
  row: BreakerRow;
  effect: string;
  left: ReadonlySet<string>;
  onToggle: (instance: string) => void;
}) => {
  const { row, effect, left, onToggle } = props;
  return (
    <>
      <Facts
        facts={[
          { label: "Effect", value: effect },
          { label: "Service", value: row.service },
          { label: "State", value: row.label },
        ]}
      />
      <fieldset className={css.choice}>
        <legend className="c3 t12">Instances</legend>
        {row.instances.map((each) => (
          <label key={each.instance}>
            <Checkbox checked={!left.has(each.instance)} onChange={() => onToggle(each.instance)} />
            <span className="mono">{each.instance}</span>
            <span className="c3">{badgeOf(each.state, row.kind).label}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
};

const toggled = (left: ReadonlySet<string>, instance: string): ReadonlySet<string> => {
  const next = new Set(left);
  if (!next.delete(instance)) next.add(instance);
  return next;
};

const minuteMs = 60_000;
/** How long an override may last; undefined: until somebody resets it. */
const holds = [
  { name: "Until it is reset", ms: undefined },
  { name: "For 15 minutes", ms: 15 * minuteMs },
  { name: "For 1 hour", ms: 60 * minuteMs },
  { name: "For 8 hours", ms: 480 * minuteMs },
] as const;

const Lasts = (props: { holdMs: number | undefined; onChange: (ms: number | undefined) => void }) => (
  <label className={css.lasts}>
    <span className="c3 t12">Lasts</span>
    <Select
      className="btn"
      value={props.holdMs ?? ""}
      onChange={({ target: { value } }) => props.onChange(value === "" ? undefined : Number(value))}
    >
      {holds.map(({ name, ms }) => (
        <option key={name} value={ms ?? ""}>
          {name}
        </option>
      ))}
    </Select>
    <span className="c3 t12">
      {props.holdMs === undefined ? "Nobody is reminded." : "Wheelhouse then resets the breaker."}
    </span>
  </label>
);

/** Reason, excluded instances and end of a command, while they are entered. */
const useCommandForm = (row: BreakerRow) => {
  const [reason, setReason] = useState("");
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [holdMs, setHoldMs] = useState<number | undefined>(undefined);
  const chosen = row.instances.map(({ instance }) => instance).filter((instance) => !left.has(instance));
  // Instances are listed only when some are excluded, so that a newly started instance also gets the command.
  const body = {
    reason: reason.trim(),
    ...(left.size === 0 ? {} : { instances: chosen }),
    ...(holdMs === undefined ? {} : { holdMs }),
  };
  const toggle = (instance: string) => setLeft(toggled(left, instance));
  return { reason, setReason, left, toggle, holdMs, setHoldMs, chosen, body };
};

/** Asks for a reason, sends the command, and stays open to show the results by instance. */
export const BreakerCommandDialog = (props: {
  organization: string;
  row: BreakerRow;
  command: BreakerCommand;
  onClose: () => void;
}) => {
  const { organization, row, command, onClose } = props;
  const form = useCommandForm(row);
  const { reason, left, holdMs, chosen } = form;
  const run = useBreakerCommand(organization, row.id, command);
  const operation = useOperation(organization, run.data);
  const words = commandWords[command];
  const errors = fieldErrors(run.error);
  const count = formatPlural(chosen.length, "instance");
  const canSend = isReason(reason) && chosen.length > 0 && !run.isPending;
  const send = () => {
    if (canSend) run.mutate(form.body);
  };
  return (
    <Dialog
      title={`${words.title} ${row.name} on ${count}`}
      onClose={onClose}
      footer={
        <>
          <span className="grow" />
          <Button large onClick={onClose}>
            {operation === undefined ? "Cancel" : "Close"}
          </Button>
          {operation === undefined && (
            <Button
              large
              variant={command === "open" ? "danger-solid" : "primary"}
              disabled={!canSend}
              onClick={send}
            >
              {words.title} on {count}
            </Button>
          )}
        </>
      }
    >
      {operation !== undefined ? (
        <Outcomes operation={operation} done={words.done} />
      ) : (
        <>
          <Target row={row} effect={words.effect} left={left} onToggle={form.toggle} />
          {command !== "reset" && <Lasts holdMs={holdMs} onChange={form.setHoldMs} />}
          {run.error !== null && errors.size === 0 && (
            <ActError title="The command was not sent." error={run.error} />
          )}
          <ReasonField
            reason={reason}
            error={errors.get("reason") ?? errors.get("instances")}
            onChange={form.setReason}
            onSend={send}
          />
        </>
      )}
    </Dialog>
  );
};
