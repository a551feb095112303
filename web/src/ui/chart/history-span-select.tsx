import { type Ref, Suspense, useState } from "react";
import { historySpans, spanPhrase, useHistorySpan } from "#lib/history/history-span.ts";
import { onDemand } from "#lib/on-demand.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Select } from "#ui/form/select.tsx";

const HistoryRangeDialog = onDemand(async () => ({
  default: (await import("./history-range-dialog.tsx")).HistoryRangeDialog,
}));

const custom = "custom";

/** Time range of all charts of the page: one of those offered, or a typed one. */
export const HistorySpanSelect = ({
  className = "btn",
  ref,
}: {
  className?: string;
  ref?: Ref<HTMLSelectElement>;
}) => {
  const { span, choose } = useHistorySpan();
  const { zone } = usePreferences();
  const [isTyping, setTyping] = useState(false);
  return (
    <>
      <Select
        ref={ref}
        className={className}
        aria-label="Time range of the charts"
        title="Time range (t)"
        value={span.name}
        onChange={({ target: { value } }) => (value === custom ? setTyping(true) : choose(value))}
      >
        {historySpans.map(({ name, words }) => (
          <option key={name} value={name}>
            Last {words}
          </option>
        ))}
        {span.ends !== undefined && <option value={span.name}>{spanPhrase(span, zone)}</option>}
        <option value={custom}>Another range…</option>
      </Select>
      {isTyping && (
        <Suspense>
          <HistoryRangeDialog onChoose={choose} onClose={() => setTyping(false)} />
        </Suspense>
      )}
    </>
  );
};
