import { formatClock, zoneName } from "#lib/format.ts";
import { usePreferences } from "#lib/preferences.ts";

/** Beginning, middle and end of a chart that ends at `observedAt` and shows `spanMs`. */
export const TimeAxis = ({ observedAt, spanMs }: { observedAt: string; spanMs: number }) => {
  const { zone } = usePreferences();
  const endMs = Date.parse(observedAt);
  const clockAt = (share: number) => formatClock(new Date(endMs - spanMs * share).toISOString(), zone);
  return (
    <div className="axis">
      {[clockAt(1), clockAt(0.5), `${clockAt(0)} ${zoneName(zone)}`].map((text) => (
        <span key={text}>{text}</span>
      ))}
    </div>
  );
};
