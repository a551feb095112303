import type { RunPhase } from "@wheelhouse/shared/runs.ts";

/** What the pace of a lane does, as the journal tells it. */
export type Happening =
  | "canary_passed"
  | "slowed"
  | "held"
  | "lane_done"
  | "resumed"
  | "skipped"
  | "rate_set";

/** The part of a run that shares a pace; times in ms, rates in items per second. */
export type Lane = {
  phase: RunPhase;
  cause: string | null;
  /** Held by the breaker, so it goes on by itself; otherwise a held lane waits for a person. */
  waitsForBreaker: boolean;
  total: number;
  sent: number;
  succeeded: number;
  failed: number;
  skipped: number;
  canarySent: number;
  canaryOk: number;
  canaryBad: number;
  failedInRow: number;
  /** Null: unlimited. */
  rate: number | null;
  budget: number;
  pacedAtMs: number;
  windowAtMs: number;
  windowOk: number;
  windowBad: number;
};

/** A lane's breaker. `probe_due`: it is not closed, and the next item may probe. */
export type Gate = "closed" | "half_open" | "open" | "probe_due";

/** Outcomes since the last step, `undone` of which never took place; and the state of the lane's breaker. */
type Seen = { ok: number; bad: number; undone?: number; breaker: Gate };

export type PaceLimits = {
  /** Maximum rate set by a person; null: unlimited. */
  ceiling: number | null;
  /** Items that go first. */
  canary: number;
  /** Rate after the canary, at least 1/s. */
  startRate: number;
  /** Maximum started per step. */
  batch: number;
  /** This many failures without a success between them hold the lane. */
  failuresToHold: number;
  /** What the items are called, plural. */
  items: string;
  /** Keeps the rate of the person as it is, instead of learning one from outcomes. */
  isSteady?: boolean;
  /** Holds a steady lane when more than this share of at least `sharedFrom` items failed since its canary. */
  failedShareToHold?: number;
  /** Seconds of sending without outcome before a lane waits; 5 when absent. */
  openSeconds?: number;
};

type Note = { what: Happening; detail: string };
type Paced = { lane: Lane; send: number; note: Note | null };

const windowMs = 1_000;
const openSecondsDefault = 5;
/** Fewer outcomes say nothing about a share. */
const sharedFrom = 20;

/** Neither sent nor skipped yet. */
export const waitingOf = ({ total, sent, skipped }: Lane) => total - sent - skipped;
const openOf = ({ sent, succeeded, failed }: Lane) => sent - succeeded - failed;
const rounded = (rate: number) => (rate < 10 ? rate.toFixed(1) : rate.toFixed(0));

/** Counts outcomes, including those that arrive while nothing is sent. */
export const counted = (lane: Lane, { ok, bad, undone = 0 }: Omit<Seen, "breaker">): Lane => {
  const isCanary = lane.phase === "canary";
  return {
    ...lane,
    sent: lane.sent - undone,
    skipped: lane.skipped + undone,
    canarySent: lane.canarySent - (isCanary || lane.waitsForBreaker ? undone : 0),
    succeeded: lane.succeeded + ok,
    failed: lane.failed + bad,
    canaryOk: lane.canaryOk + (isCanary ? ok : 0),
    canaryBad: lane.canaryBad + (isCanary ? bad : 0),
    failedInRow: ok > 0 ? 0 : lane.failedInRow + bad,
    windowOk: lane.windowOk + ok,
    windowBad: lane.windowBad + bad,
  };
};

const held = (lane: Lane, cause: string): Paced => ({
  lane: { ...lane, phase: "held", cause, waitsForBreaker: false },
  send: 0,
  note: { what: "held", detail: cause },
});

const breakerCause = "Breaker opened";
const newCanary = { canarySent: 0, canaryOk: 0, canaryBad: 0, failedInRow: 0 };

/**
 * Holds the lane while its breaker is open, and sends one item each time a probe is due. After as many
 * probes as a canary has items it waits for a person, so that a receiver that is down does not use up the whole
 * run.
 */
function waitForBreaker(before: Lane, breaker: Gate, limits: PaceLimits): Paced {
  const isNew = !before.waitsForBreaker;
  const lane: Lane = isNew
    ? { ...before, ...newCanary, phase: "held", cause: breakerCause, waitsForBreaker: true }
    : before;
  const note: Note | null = isNew ? { what: "held", detail: breakerCause } : null;
  // What is already on its way probes, too.
  if (openOf(lane) > 0) return { lane, send: 0, note };
  if (lane.canarySent >= limits.canary)
    return held(lane, `${breakerCause}, ${lane.canarySent} probes failed`);
  if (breaker !== "probe_due") return { lane, send: 0, note };
  return { lane: { ...lane, canarySent: lane.canarySent + 1 }, send: 1, note };
}

/**
 * Raises the rate by 2 % of the limit (at least 1/s) for each second without a failure, and halves it
 * otherwise.
 */
function steered(lane: Lane, ceiling: number, nowMs: number): { lane: Lane; note: Note | null } {
  if (lane.rate === null || nowMs - lane.windowAtMs < windowMs) return { lane, note: null };
  const window = { windowAtMs: nowMs, windowOk: 0, windowBad: 0 };
  if (lane.windowBad > 0) {
    const rate = Math.max(1, lane.rate / 2);
    const answers = lane.windowBad === 1 ? "1 failure" : `${lane.windowBad} failures`;
    return {
      lane: { ...lane, ...window, rate },
      note: rate < lane.rate ? { what: "slowed", detail: `${answers}: ${rounded(rate)} /s` } : null,
    };
  }
  const rate = lane.windowOk > 0 ? Math.min(ceiling, lane.rate + Math.max(1, ceiling * 0.02)) : lane.rate;
  return { lane: { ...lane, ...window, rate }, note: null };
}

/** Why a steady lane fails too often to go on; null when it does not. */
function failingShare({ phase, windowOk, windowBad }: Lane, limits: PaceLimits): string | null {
  const share = limits.failedShareToHold;
  const ended = windowOk + windowBad;
  if (share === undefined || phase !== "sending" || ended < sharedFrom || windowBad <= share * ended)
    return null;
  return `${windowBad} of ${ended} ${limits.items} failed`;
}

/** Sends what the elapsed time allows, but not more than the receiver keeps up with. */
function spent(lane: Lane, limits: PaceLimits, nowMs: number): { lane: Lane; send: number } {
  const waiting = waitingOf(lane);
  if (lane.rate === null)
    return { lane: { ...lane, pacedAtMs: nowMs }, send: Math.min(limits.batch, waiting) };
  const elapsed = Math.max(0, nowMs - lane.pacedAtMs) / 1000;
  const budget = Math.min(Math.max(1, lane.rate), lane.budget + lane.rate * elapsed);
  const room =
    Math.max(2 * limits.canary, Math.ceil((limits.openSeconds ?? openSecondsDefault) * lane.rate)) -
    openOf(lane);
  const send = Math.max(0, Math.min(Math.floor(budget), waiting, limits.batch, room));
  return { lane: { ...lane, pacedAtMs: nowMs, budget: budget - send }, send };
}

/**
 * Decides how many items of a lane begin now. A canary goes first and must be answered; then
 * the rate grows while items succeed and is halved when some fail. An open breaker holds the lane until
 * it closes; a failed canary or consecutive failures hold it until a person resumes the run.
 */
export function pace(before: Lane, seen: Seen, limits: PaceLimits, nowMs: number): Paced {
  let lane = counted(before, seen);
  const waiting = waitingOf(lane);
  if (waiting === 0) {
    if (lane.phase === "done" || openOf(lane) > 0) return { lane, send: 0, note: null };
    const detail = `${lane.succeeded} of ${lane.sent} succeeded`;
    return {
      lane: { ...lane, phase: "done", cause: null, waitsForBreaker: false },
      send: 0,
      note: { what: "lane_done", detail },
    };
  }
  if (lane.phase === "held" && !lane.waitsForBreaker) return { lane, send: 0, note: null };
  if (seen.breaker === "open" || seen.breaker === "probe_due")
    return waitForBreaker(lane, seen.breaker, limits);
  if (lane.failedInRow >= limits.failuresToHold)
    return held(lane, `The last ${lane.failedInRow} ${limits.items} failed`);
  if (seen.breaker === "half_open") return { lane, send: 0, note: null };

  const failing = failingShare(lane, limits);
  if (failing) return held(lane, failing);

  let note: Note | null = null;
  if (lane.waitsForBreaker) {
    lane = { ...lane, ...newCanary, phase: "canary", cause: null, waitsForBreaker: false };
    note = { what: "resumed", detail: "Breaker closed" };
  }
  if (lane.phase === "canary") {
    const left = Math.min(limits.canary - lane.canarySent, waiting);
    if (left > 0) return { lane: { ...lane, canarySent: lane.canarySent + left }, send: left, note };
    if (lane.canaryOk + lane.canaryBad < lane.canarySent) return { lane, send: 0, note };
    const answered = `${lane.canaryOk} of ${lane.canaryOk + lane.canaryBad}`;
    if (lane.canaryBad > lane.canaryOk) return held(lane, `Canary failed: ${answered} succeeded`);
    if (lane.canarySent > 0) note = { what: "canary_passed", detail: `${answered} succeeded` };
    const startRate = limits.isSteady ? Number.POSITIVE_INFINITY : limits.startRate;
    const rate = limits.ceiling === null ? null : Math.min(startRate, limits.ceiling);
    lane = {
      ...lane,
      phase: "sending",
      rate,
      budget: rate === null ? 0 : 1,
      pacedAtMs: nowMs,
      windowAtMs: nowMs,
      windowOk: 0,
      windowBad: 0,
    };
  }
  if (limits.isSteady) lane = { ...lane, rate: limits.ceiling };
  else if (limits.ceiling !== null) {
    const next = steered(lane, limits.ceiling, nowMs);
    lane = next.lane;
    note ??= next.note;
  }
  return { ...spent(lane, limits, nowMs), note };
}
