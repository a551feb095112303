import { floorTo, monthsKeptMs } from "../times.ts";
import { type DeltaBase, deltaBase, packDifference, packWhole } from "./delta.ts";

/** What was observed of one organization at a moment, packed, by name of the part. */
export type Frame = {
  organizationId: string;
  atMs: number;
  /** The frame that is needed to read this one; null when it stands for itself. */
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
/** A thing that flaps shall not fill the store for 13 months: what is more in an hour is kept for a week. */
const mostChangesInHour = 60;
/** Of a frame in memory beside its parts, about. */
const frameOverheadBytes = 200;

/**
 * Packs frames one after the other. The first of an hour is whole and kept for 13 months, the first of 10 minutes whole
 * and kept for a week; the others are differences to these, kept for 13 months at a change, a week for the first of a minute, and 6 hours else.
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
      // A base outlives what is read by it.
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
    /** Takes what is observed now; packed soon after, in order. */
    take(
      organizationId: string,
      atMs: number,
      { parts, isChange }: { parts: PlainParts; isChange: boolean },
    ) {
      packing = packing.then(() => pack(organizationId, atMs, parts, isChange));
    },
    /** Resolves when all that was taken is packed. */
    settled: () => packing,
    waiting: (): readonly Frame[] => waiting,
    /** Forgets those that are stored. */
    settle(stored: ReadonlySet<Frame>) {
      waiting = waiting.filter((frame) => !stored.has(frame));
      waitingBytes = waiting.reduce((sum, frame) => sum + bytesOf(frame), 0);
    },
    /** Frames that found no room since the last call. */
    takeRefused() {
      const count = refused;
      refused = 0;
      return count;
    },
    /** Nothing that was taken will be stored, so nothing may build on it. */
    forget() {
      known.clear();
      waiting = [];
      waitingBytes = 0;
    },
  };
}
