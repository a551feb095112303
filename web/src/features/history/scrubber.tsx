import { useQuery } from "@tanstack/react-query";
import type { Annotation, HistorySeries } from "@wheelhouse/shared/history.ts";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { formatDateTime, formatSpan, formatTime, type Zone, zoneName } from "#lib/format.ts";
import { annotationsQuery, seriesQuery } from "#lib/history/history-queries.ts";
import { serverClock } from "#lib/live/server-clock.ts";
import { usePreferences } from "#lib/preferences.ts";
import { Sparkline } from "#ui/chart/sparkline.tsx";
import { Select } from "#ui/form/select.tsx";
import { Button } from "#ui/page/button.tsx";
import styles from "./history.module.css";
import { momentAt, neighbourOf, spanFor, spans } from "./moments.ts";

const turnMs = 15_000;
const minuteMs = 60_000;
const stepMs = 10_000;
const leapMs = 5 * minuteMs;

/** Now, in steps: the end of the track moves with it, and its data is refetched. */
const useTrackEnd = (): number => {
  const [endMs, setEndMs] = useState(() => serverClock.now());
  useEffect(() => {
    const timer = setInterval(() => setEndMs(serverClock.now()), turnMs);
    return () => clearInterval(timer);
  }, []);
  return endMs;
};

const failingOf = (answer: HistorySeries | undefined): (number | null)[] => {
  const [down, degraded] = answer?.series ?? [];
  return (down?.values ?? []).map((value, at) =>
    value === null ? null : value + (degraded?.values[at] ?? 0),
  );
};

/** How far an arrow, Page, Home or End key moves the moment, in ms; null for other keys. */
const stepOf = (key: string, track: { fromMs: number; endMs: number; shownMs: number }): number | null => {
  const { fromMs, endMs, shownMs } = track;
  const by: Record<string, number> = {
    ArrowLeft: -stepMs,
    ArrowDown: -stepMs,
    ArrowRight: stepMs,
    ArrowUp: stepMs,
    PageDown: -leapMs,
    PageUp: leapMs,
    Home: fromMs - shownMs,
    End: endMs - shownMs,
  };
  return by[key] ?? null;
};

/** Pointer handlers of the track; the dragged moment is a draft until released. */
const useDrag = (options: {
  fromMs: number;
  endMs: number;
  onDraft: (ms: number | null) => void;
  onMoment: (ms: number) => void;
}) => {
  const { fromMs, endMs, onDraft, onMoment } = options;
  const isDragging = useRef(false);
  const timeAt = (event: PointerEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const part = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    return Math.round((fromMs + part * (endMs - fromMs)) / 1000) * 1000;
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      isDragging.current = true;
      event.currentTarget.setPointerCapture(event.pointerId);
      onDraft(timeAt(event));
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      if (isDragging.current) onDraft(timeAt(event));
    },
    onPointerUp: (event: PointerEvent<HTMLDivElement>) => {
      if (!isDragging.current) return;
      isDragging.current = false;
      onDraft(null);
      onMoment(timeAt(event));
    },
    onPointerCancel: () => {
      isDragging.current = false;
      onDraft(null);
    },
  };
};

/** Changes as hairlines, failing checks and the handle; a slider for keyboards and screen readers. */
const Track = (props: {
  fromMs: number;
  endMs: number;
  momentMs: number | null;
  marks: readonly Annotation[];
  failing: readonly (number | null)[];
  onDraft: (ms: number | null) => void;
  onMoment: (ms: number) => void;
}) => {
  const { fromMs, endMs, momentMs, marks, failing, onDraft, onMoment } = props;
  const { zone } = usePreferences();
  const shownMs = momentMs ?? endMs;
  const placeOf = (ms: number) => Math.min(Math.max((ms - fromMs) / (endMs - fromMs), 0), 1);
  const at = `${placeOf(shownMs) * 100}%`;
  const drag = useDrag({ fromMs, endMs, onDraft, onMoment });
  const onKey = (event: KeyboardEvent) => {
    const change = stepOf(event.key, { fromMs, endMs, shownMs });
    if (change === null) return;
    event.preventDefault();
    onMoment(shownMs + change);
  };
  const clock = (ms: number) => formatTime(new Date(ms).toISOString(), zone);
  return (
    <div
      className={styles.track}
      role="slider"
      tabIndex={0}
      aria-label="Moment"
      aria-valuemin={0}
      aria-valuemax={Math.round((endMs - fromMs) / 1000)}
      aria-valuenow={Math.round((shownMs - fromMs) / 1000)}
      aria-valuetext={momentMs === null ? "Now" : `${clock(shownMs)} ${zoneName(zone)}`}
      onKeyDown={onKey}
      {...drag}
    >
      <div className={styles.trend}>
        <Sparkline values={failing} height={30} tone="bad" label="Checks down or degraded" />
      </div>
      <span className={styles.base} />
      {marks.map(({ id, at: time, source, text }) => (
        <span
          key={`${source} ${id}`}
          className={styles.mark}
          style={{ left: `${placeOf(Date.parse(time)) * 100}%` }}
          title={`${clock(Date.parse(time))} ${text}`}
        />
      ))}
      <span className={styles.future} style={{ left: at }} />
      <span className={styles.handle} style={{ left: at }} />
      <small className={styles.begin}>
        {endMs - fromMs > 86_400_000
          ? formatDateTime(new Date(fromMs).toISOString(), zone)
          : clock(fromMs).slice(0, 5)}
      </small>
      <small className={styles.end}>now</small>
    </div>
  );
};

const momentName = (ms: number, endMs: number, zone: Zone): string => {
  const iso = new Date(ms).toISOString();
  const isToday = iso.slice(0, 10) === new Date(endMs).toISOString().slice(0, 10);
  return `${isToday ? formatTime(iso, zone) : formatDateTime(iso, zone)} ${isToday ? zoneName(zone) : ""}`.trim();
};

const Acts = (props: {
  spanMs: number;
  onSpan: (ms: number) => void;
  isLive: boolean;
  before: string | null;
  after: string | null;
  onStep: (byMs: number) => void;
  onMoment: (moment: string) => void;
  onLive: () => void;
  onClose: () => void;
}) => {
  const { spanMs, onSpan, isLive, before, after, onStep, onMoment, onLive, onClose } = props;
  return (
    <div className={styles.acts}>
      <Select
        className="btn"
        aria-label="Length of the track"
        value={spanMs}
        onChange={(event) => onSpan(Number(event.target.value))}
      >
        {spans.map(({ ms, name }) => (
          <option key={ms} value={ms}>
            {name}
          </option>
        ))}
      </Select>
      <Button
        aria-label="Previous change"
        disabled={before === null}
        onClick={() => before !== null && onMoment(before)}
      >
        ‹ Change
      </Button>
      <Button onClick={() => onStep(-minuteMs)}>− 1 m</Button>
      <Button disabled={isLive} onClick={() => onStep(minuteMs)}>
        + 1 m
      </Button>
      <Button
        aria-label="Next change"
        disabled={after === null}
        onClick={() => after !== null && onMoment(after)}
      >
        Change ›
      </Button>
      {isLive ? (
        <Button onClick={onClose}>Close</Button>
      ) : (
        <Button variant="primary" onClick={onLive}>
          Return to live
        </Button>
      )}
    </div>
  );
};

const Elsewhere = ({ moment, onLive }: { moment: string; onLive: () => void }) => (
  <section className={styles.scrubber} aria-label="Rewind">
    <div className={styles.at}>
      <b>This page always shows live data</b>
      <span className="t12 c2">The status pages are rewound to {moment}</span>
    </div>
    <span />
    <Button variant="primary" onClick={onLive}>
      Return to live
    </Button>
  </section>
);

/** Data of the track: changes and failed checks. */
const useTrack = (organization: string, fromMs: number, endMs: number) => {
  const range = { from: new Date(fromMs).toISOString(), to: new Date(endMs).toISOString() };
  const annotations = useQuery(annotationsQuery(organization, range));
  const checks = useQuery(
    seriesQuery(organization, { kind: "organization", id: "checks", metrics: ["down", "degraded"] }, range),
  );
  return { annotations, checks };
};

/**
 * Strip under the top bar that rewinds the pages to a past moment. `moment`: the one in the URL, null for now.
 * `rewoundMs`: the moment of what the pages show, which was stored up to 10 s before it, or longer for older ones.
 * `isHere`: whether the page below can show the past.
 */
export const Scrubber = (props: {
  organization: string;
  moment: string | null;
  rewoundMs: number | null;
  isHere: boolean;
  onMoment: (moment: string | null, options: { replace: boolean }) => void;
  onClose: () => void;
}) => {
  const { organization, moment, rewoundMs, isHere, onMoment, onClose } = props;
  const { zone } = usePreferences();
  const endMs = useTrackEnd();
  const [chosenMs, setChosenMs] = useState<number>(spans[0].ms);
  const [draftMs, setDraftMs] = useState<number | null>(null);
  const momentMs = moment === null ? null : Date.parse(moment);
  const fromMs = endMs - spanFor(chosenMs, momentMs, endMs);
  const { annotations, checks } = useTrack(organization, fromMs, endMs);
  const marks = annotations.data?.items ?? [];
  const shownMs = draftMs ?? momentMs;

  const go = (ms: number) => onMoment(momentAt(ms, endMs), { replace: moment !== null });
  const atMs = shownMs ?? endMs;
  const isEmpty =
    annotations.data?.items.length === 0 && failingOf(checks.data).every((value) => value === null);
  const nothing = isEmpty ? "No data recorded for this period yet." : "";
  const toldMs = draftMs ?? rewoundMs;
  const last = marks.find(({ at }) => Date.parse(at) <= (toldMs ?? endMs));
  const named = (ms: number) => momentName(ms, endMs, zone);

  if (!isHere)
    return <Elsewhere moment={named(toldMs ?? endMs)} onLive={() => onMoment(null, { replace: false })} />;
  return (
    <section className={styles.scrubber} aria-label="Rewind">
      <div className={styles.at} data-testid="moment">
        <b>{toldMs === null ? "Now" : `Rewound to ${named(toldMs)}`}</b>
        <span className="t12 c2">
          {toldMs === null
            ? "Drag to a moment, or step to a change"
            : `${formatSpan(Math.max(endMs - toldMs, 0))} ago, read-only`}
        </span>
      </div>
      <div>
        <Track
          fromMs={fromMs}
          endMs={endMs}
          marks={marks}
          momentMs={shownMs}
          failing={failingOf(checks.data)}
          onDraft={setDraftMs}
          onMoment={go}
        />
        <p className={`${styles.last} t12 c2 cut`} aria-live="polite">
          {last === undefined ? nothing : `${named(Date.parse(last.at))}: ${last.text}`}
        </p>
      </div>
      <Acts
        spanMs={spanFor(chosenMs, momentMs, endMs)}
        onSpan={setChosenMs}
        isLive={moment === null}
        before={neighbourOf(marks, atMs, "before")}
        after={neighbourOf(marks, atMs, "after")}
        onStep={(byMs) => go(atMs + byMs)}
        onMoment={(to) => onMoment(to, { replace: moment !== null })}
        onLive={() => onMoment(null, { replace: false })}
        onClose={onClose}
      />
    </section>
  );
};
