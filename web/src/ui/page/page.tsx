import type { Observation } from "@wheelhouse/shared/freshness.ts";
import { createContext, type ReactNode, Suspense, useContext, useRef } from "react";
import { formatDateTime, formatTime, zoneName } from "#lib/format.ts";
import { useKeys } from "#lib/keys.ts";
import { describeFreshness } from "#lib/live/freshness.ts";
import { useLiveStatus } from "#lib/live/live-context.tsx";
import { useMomentNow } from "#lib/live/moment.ts";
import { useNow } from "#lib/live/now.ts";
import { setPreferences, usePreferences } from "#lib/preferences.ts";
import { HistorySpanSelect } from "#ui/chart/history-span-select.tsx";
import { Skeleton } from "./panel.tsx";

/**
 * Provided by the shell: the function that opens the palette, the collector's age as default, and the rewind
 * strip with the function that shows it, null where a page is always live.
 */
export type Frame = {
  openPalette: () => void;
  observation: Observation | null;
  strip: ReactNode;
  onRewind: (() => void) | null;
  /** At the right end of the top bar. */
  bell: ReactNode;
};
const FrameContext = createContext<Frame>({
  openPalette: () => undefined,
  observation: null,
  strip: null,
  onRewind: null,
  bell: null,
});
export const FrameProvider = FrameContext;

type Pause = { isPaused: boolean; newCount: number; onToggle: () => void };

/**
 * Freshness chip of the top bar: Live · 1 s ago, Paused · 37 new, Reconnecting 6 s, Offline 41 s, Stale,
 * Unknown, Collector lost. It is a button only on pages that can be paused.
 */
const FreshnessChip = ({
  observation,
  pause,
}: {
  observation: Observation | null;
  pause: Pause | undefined;
}) => {
  const nowMs = useNow();
  const { connection, collectorLost } = useLiveStatus();
  const { zone } = usePreferences();
  const momentMs = useMomentNow();
  const { tone, text } = describeFreshness(
    {
      connection,
      observation,
      collectorLost,
      pausedNewCount: pause?.isPaused === true ? pause.newCount : null,
    },
    nowMs,
  );
  const observedAt = observation?.observedAt ?? null;
  const title = observedAt === null ? "No data yet" : `Data from ${formatDateTime(observedAt, zone)}.`;
  if (momentMs !== null) {
    return (
      <span className="fresh paused" title={title} data-testid="freshness">
        <i />
        As of {formatTime(new Date(momentMs).toISOString(), zone)}
      </span>
    );
  }
  if (pause === undefined) {
    return (
      <span className={`fresh ${tone}`} title={title} data-testid="freshness">
        <i />
        {text}
      </span>
    );
  }
  return (
    <button
      type="button"
      className={`fresh ${tone}`}
      title={`${title} Press Space to pause.`}
      data-testid="freshness"
      onClick={pause.onToggle}
    >
      <i />
      {text}
    </button>
  );
};

const ZoneSwitch = () => {
  const { zone } = usePreferences();
  return (
    <button
      type="button"
      className="btn"
      title="Switch UTC / local (u)"
      onClick={() => setPreferences({ zone: zone === "utc" ? "local" : "utc" })}
    >
      {zoneName(zone)}
    </button>
  );
};

/**
 * Frame of one page: top bar (title, palette, time zone, freshness, always in this order) above the content.
 *
 * `within`: the page above it, before the title. `observation`: age of the page's own data, by default the collector's. `pause`: for live lists. `crumb`:
 * muted text after the title. Content with a drawer goes in a `Split`.
 */
export const Page = (props: {
  title: string;
  within?: ReactNode;
  crumb?: ReactNode;
  observation?: Observation | null;
  pause?: Pause;
  children: ReactNode;
}) => {
  const frame = useContext(FrameContext);
  const range = useRef<HTMLSelectElement>(null);
  useKeys([
    { keys: "t", label: "Time range of the charts", group: "This page", run: () => range.current?.focus() },
  ]);
  return (
    <div className={frame.strip === null ? "main" : "main has-strip"}>
      <header className="top">
        <h1>
          {props.within !== undefined && <span className="crumb">{props.within} / </span>}
          {props.title}
          {props.crumb !== undefined && <span className="crumb"> {props.crumb}</span>}
        </h1>
        <span className="grow" />
        <button type="button" className="search" onClick={frame.openPalette}>
          Search or jump to<kbd>Ctrl K</kbd>
        </button>
        {frame.onRewind !== null && (
          <button
            type="button"
            className="btn rewind"
            title="Rewind to a past moment (Shift T)"
            onClick={frame.onRewind}
          >
            Rewind
          </button>
        )}
        {frame.onRewind !== null && <HistorySpanSelect ref={range} className="btn range" />}
        <ZoneSwitch />
        <FreshnessChip observation={props.observation ?? frame.observation} pause={props.pause} />
        {frame.bell}
      </header>
      {frame.strip}
      <main className="content" tabIndex={-1}>
        <Suspense fallback={<Skeleton rows={10} label={props.title} />}>{props.children}</Suspense>
      </main>
    </div>
  );
};

/** List on the left, drawer on the right. The drawer narrows the list; below 1200 px it covers it. */
export const Split = ({ children, drawer }: { children: ReactNode; drawer?: ReactNode }) => (
  <div className="split">
    <div className="pane">{children}</div>
    <Suspense fallback={<aside className="drawer" />}>{drawer}</Suspense>
  </div>
);
