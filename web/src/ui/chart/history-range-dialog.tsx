import { useState } from "react";
import type { Zone } from "#lib/format.ts";
import { spanNamed, spanNameOf } from "#lib/history/history-span.ts";
import { parseRange, rangeName } from "#lib/history/time-range.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { usePreferences } from "#lib/preferences.ts";
import { FormDialog } from "#ui/form/form-dialog.tsx";
import { TextField } from "#ui/form/text-field.tsx";

const examples = "05:30-05:40, yesterday, 2026-11-18 22:00 - 2026-11-19 02:00";

type Typed = { name?: string; words?: string; error: string | undefined };

/** What is meant by a typed text, or why it is no range of the charts. */
const readTyped = (typed: string, nowMs: number, zone: Zone): Typed => {
  if (typed.trim() === "") return { words: examples, error: undefined };
  const meant = parseRange(typed, nowMs, zone);
  if (meant?.from === undefined) return { error: `This is not a range. Try ${examples}` };
  const name = spanNameOf(Date.parse(meant.from), meant.to === undefined ? nowMs : Date.parse(meant.to));
  if (spanNamed(name).ends === undefined)
    return { error: "History is kept for 13 months. Type a shorter range." };
  return { name, words: rangeName(meant, nowMs, zone), error: undefined };
};

/** Takes a typed range for the charts of a page. */
export const HistoryRangeDialog = (props: { onChoose: (name: string) => void; onClose: () => void }) => {
  const { onChoose, onClose } = props;
  const { zone } = usePreferences();
  const [typed, setTyped] = useState("");
  const { name, error, words } = readTyped(typed, serverClock.now(), zone);
  return (
    <FormDialog
      title="Time range of the charts"
      confirm="Show this range"
      failure="The range was not shown"
      error={null}
      isReady={name !== undefined}
      isBusy={false}
      onSubmit={() => {
        if (name !== undefined) onChoose(name);
        onClose();
      }}
      onClose={onClose}
    >
      {() => <TextField label="Range" value={typed} onChange={setTyped} hint={words} error={error} />}
    </FormDialog>
  );
};
