import type { LaneChange } from "@wheelhouse/shared/runs.ts";
import { useState } from "react";
import { formatCount } from "#lib/format.ts";
import { ActError, ConfirmDialog } from "#ui/dialog/confirm-dialog.tsx";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { FormField } from "#ui/form/form-field.tsx";
import { Button } from "#ui/page/button.tsx";

/** A positive whole number; null for no limit of its own, undefined for invalid input. */
const limitOf = (text: string): number | null | undefined => {
  if (text.trim() === "") return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= 10_000 ? value : undefined;
};

const RateDialog = (props: {
  name: string;
  limit: number | null;
  isBusy: boolean;
  error: Error | null;
  onChange: (change: LaneChange) => void;
  onClose: () => void;
}) => {
  const { name, limit, isBusy, error, onChange, onClose } = props;
  const [text, setText] = useState(limit === null ? "" : String(limit));
  const value = limitOf(text);
  return (
    <FormDialog
      title={`Rate of ${name}`}
      confirm="Set rate"
      failure="The rate was not changed."
      fields={["ratePerSecond"]}
      error={error}
      isReady={value !== undefined}
      isBusy={isBusy}
      onSubmit={() => value !== undefined && onChange({ do: "rate", ratePerSecond: value })}
      onClose={onClose}
    >
      {(complaint) => (
        <FormField
          label="At most, per second"
          hint="Leave empty for the limit of the run"
          error={value === undefined ? "1 to 10,000, or empty" : complaint("ratePerSecond")}
        >
          {(control) => (
            <input
              {...control}
              className="field"
              inputMode="numeric"
              value={text}
              onChange={({ target }) => setText(target.value)}
            />
          )}
        </FormField>
      )}
    </FormDialog>
  );
};

/** What a person can do about one lane of a going run: pause or resume it, give it a rate, leave the rest out. */
export const LaneActs = (props: {
  name: string;
  /** What still waits, in the words of the kind: `1,204 deliveries`. */
  rest: string;
  remaining: number;
  isHeld: boolean;
  limit: number | null;
  isBusy: boolean;
  error: Error | null;
  onChange: (change: LaneChange, done: () => void) => void;
}) => {
  const { name, rest, remaining, isHeld, limit, isBusy, error, onChange } = props;
  const [open, setOpen] = useState<"rate" | "skip" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Button
        disabled={isBusy}
        aria-label={`${isHeld ? "Resume" : "Pause"} ${name}`}
        onClick={() => onChange({ do: isHeld ? "resume" : "pause" }, close)}
      >
        {isHeld ? "Resume" : "Pause"}
      </Button>
      <Button disabled={isBusy} aria-label={`Rate… of ${name}`} onClick={() => setOpen("rate")}>
        Rate…
      </Button>
      <Button
        disabled={isBusy || remaining === 0}
        aria-label={`Skip… of ${name}`}
        onClick={() => setOpen("skip")}
      >
        Skip…
      </Button>
      {open === "rate" && (
        <RateDialog
          name={name}
          limit={limit}
          isBusy={isBusy}
          error={error}
          onChange={(change) => onChange(change, close)}
          onClose={close}
        />
      )}
      {open === "skip" && (
        <ConfirmDialog
          title={`Leave out the remaining ${rest} of ${name}`}
          confirm={`Leave out ${formatCount(remaining)}`}
          foot="They stay as they are, and another plan can take them."
          isDestructive
          isBusy={isBusy}
          error={null}
          onConfirm={() => onChange({ do: "skip" }, close)}
          onClose={close}
        >
          <p className="c2">The run goes on with the others. What has begun is not affected.</p>
          {error !== null && <ActError title="Nothing was left out." error={error} />}
        </ConfirmDialog>
      )}
    </>
  );
};
