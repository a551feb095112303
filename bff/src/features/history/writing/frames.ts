import { floorTo, monthsKeptMs } from "../times.ts";
import { type DeltaBase, deltaBase, packDifference, packWhole } from "./delta.ts";

/** The observations of one organization at a time, packed, by name of the part. */
export type Frame = {
  organizationId: string;
  atMs: number;
  /** The frame required to read this one; null when it is complete. */
  baseAtMs: number | null;
  keepUntilMs: number;
  parts: ReadonlyMap<string, Buffer>;
};

/** JSON by name of the part. */
export type PlainParts = ReadonlyMap<string, Buffer>;
type Base = { atMs: number; of: ReadonlyMap<string, DeltaBase> };
type Known = {
  hour: Base | null;
  recent: Base | null;
  minuteMs: number;
  changesInHour: number;
};

const hourMs = 3_600_000;
const minuteMs = 60_000;
const recentMs = 10 * minuteMs;
const briefMs = 6 * hourMs;
const weekMs = 7 * 24 * hourMs;
/**
 * Something that flaps must not fill the store for 13 months: excess changes within an hour are kept for a
 * week.
 */
const mostChangesInHour = 60;
/** Approximate memory of a frame besides its parts. */
const frameOverheadBytes = 200;

/**
 * Packs frames in order. The first of an hour is complete and kept for 13 months, the first of 10 minutes is
 * complete and kept for a week; the others are differences to these, kept for 13 months after a change, a
 * week for the first of a minute, and 6 hours otherwise.
 */
export function createFrames({ mostWaitingBytes }: { mostWaitingBytes: number }) {
  const known = new Map<string, Known>();
  let waiting: Frame[] = [];
  let waitingBytes = 0;
  let refused = 0;
  let packing: Promise<void> = Promise.resolve();

  const bytesOf = (frame: Frame) =>
    [...frame.parts.values()].reduce((sum, packed) => sum + packed.length, frameOverheadBytes);

  const pack = async (organizationId: string, atMs: number, plain: PlainParts, isChange: boolean) => {
    const now: Known = known.get(organizationId) ?? {
      hour: null,
      recent: null,
      minuteMs: -1,
      changesInHour: 0,
    };
    const isNewHour = now.hour === null || floorTo(now.hour.atMs, hourMs) !== floorTo(atMs, hourMs);
    const isNewRecent =
      isNewHour || now.recent === null || floorTo(now.recent.atMs, recentMs) !== floorTo(atMs, recentMs);
    const isNewMinute = now.minuteMs !== floorTo(atMs, minuteMs);
    const isKeptChange = isChange && now.changesInHour < mostChangesInHour;
    const base = isNewRecent ? null : isKeptChange ? now.hour : now.recent;
    const keepMs = isNewHour || isKeptChange ? monthsKeptMs : isNewMinute || isChange ? weekMs : briefMs;
    const packed = await Promise.all(
      [...plain].map(async ([part, text]) => {
        const known = base?.of.get(part);
        return [
          part,
          known === undefined ? await packWhole(text) : await packDifference(text, known),
        ] as const;
      }),
    );
    const frame: Frame = {
      organizationId,
      atMs,
      baseAtMs: base?.atMs ?? null,
      // A base outlives the frames that need it.
      keepUntilMs: atMs + keepMs + (base === null ? hourMs : 0),
      parts: new Map(packed),
    };
    if (waitingBytes > mostWaitingBytes) {
      refused += 1;
      return;
    }
    waiting.push(frame);
    waitingBytes += bytesOf(frame);
    if (base === null) {
      const of = new Map([...plain].map(([part, text]) => [part, deltaBase(text)]));
      const made: Base = { atMs, of };
      now.recent = made;
      if (isNewHour) {
        now.hour = made;
        now.changesInHour = 0;
      }
    }
    if (isKeptChange) now.changesInHour += 1;
    now.minuteMs = floorTo(atMs, minuteMs);
    known.set(organizationId, now);
  };

  return {
    /** Accepts the current observations; they are packed soon, in order. */
    take(
      organizationId: string,
      atMs: number,
      { parts, isChange }: { parts: PlainParts; isChange: boolean },
    ) {
      packing = packing.then(() => pack(organizationId, atMs, parts, isChange));
    },
    /** Resolves when all accepted frames are packed. */
    settled: () => packing,
    waiting: (): readonly Frame[] => waiting,
    /** Forgets stored frames. */
    settle(stored: ReadonlySet<Frame>) {
      waiting = waiting.filter((frame) => !stored.has(frame));
      waitingBytes = waiting.reduce((sum, frame) => sum + bytesOf(frame), 0);
    },
    /** Number of frames dropped for lack of room since the last call. */
    takeRefused() {
      const count = refused;
      refused = 0;
      return count;
    },
    /** Pending frames will not be stored, so nothing may build on them. */
    forget() {
      known.clear();
      waiting = [];
      waitingBytes = 0;
    },
  };
}
