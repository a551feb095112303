import type { Ref } from "react";
import { type HistorySpanName, historySpans, useHistorySpan } from "#lib/history/history-span.ts";
import { Select } from "#ui/form/select.tsx";

/** Time range of all charts of the page. */
export const HistorySpanSelect = ({
  className = "btn",
  ref,
}: {
  className?: string;
  ref?: Ref<HTMLSelectElement>;
}) => {
  const { span, choose } = useHistorySpan();
  const nameOf = (value: string): HistorySpanName =>
    historySpans.find(({ name }) => name === value)?.name ?? "1h";
  return (
    <Select
      ref={ref}
      className={className}
      aria-label="Time range of the charts"
      title="Time range (t)"
      value={span.name}
      onChange={(event) => choose(nameOf(event.target.value))}
    >
      {historySpans.map(({ name, words }) => (
        <option key={name} value={name}>
          Last {words}
        </option>
      ))}
    </Select>
  );
};
