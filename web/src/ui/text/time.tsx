import {
  formatDate,
  formatDateTime,
  formatSpan,
  formatSpanShort,
  formatTime,
  formatTimeParts,
  zoneName,
} from "#lib/format.ts";
import { useNow } from "#lib/live/now.ts";
import { usePreferences } from "#lib/preferences.ts";

/** `08:47:12` or, with `full`, `2026-11-19 08:47:12 UTC`, in the chosen zone. */
export const Time = ({ at, full = false }: { at: string; full?: boolean }) => {
  const { zone } = usePreferences();
  const dateTime = formatDateTime(at, zone);
  return (
    <time dateTime={at} title={full ? undefined : dateTime}>
      {full ? dateTime : formatTime(at, zone)}
    </time>
  );
};

/**
 * Time since `at`, counting up: `12 m 08 s`, or `12 m` when `short`. The moment itself shows on hover, focus
 * and tap. Never in the audit trail, where time is always absolute.
 */
export const Age = ({ at, short = false, suffix = "" }: { at: string; short?: boolean; suffix?: string }) => {
  const nowMs = useNow();
  const { zone } = usePreferences();
  const ageMs = nowMs - Date.parse(at);
  return (
    <time dateTime={at} className="age" data-tip={formatDateTime(at, zone)}>
      {short ? formatSpanShort(ageMs) : formatSpan(ageMs)}
      {suffix === "" ? "" : ` ${suffix}`}
    </time>
  );
};

/** Time of day in milliseconds for event lists; the full date and time on hover. */
export const PreciseTime = ({ at }: { at: string }) => {
  const { zone } = usePreferences();
  const [time, fraction] = formatTimeParts(at, zone);
  return (
    <time dateTime={at} title={`${formatDate(at, zone)} ${time}${fraction} ${zoneName(zone)}`}>
      {time}
      <span className="c3">{fraction}</span>
    </time>
  );
};

/** Header of a time column, with its time zone. */
export const TimeHeader = ({ label = "Time" }: { label?: string }) => {
  const { zone } = usePreferences();
  return (
    <>
      {label}, {zoneName(zone)}
    </>
  );
};
