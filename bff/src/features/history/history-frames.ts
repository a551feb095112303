import type { OrganizationViews } from "#observe/organization-views.ts";
import { type DeltaBase, deltaBase, packDifference, packWhole } from "./history-delta.ts";
import { floorTo, monthsKeptMs } from "./history-times.ts";

export const frameTopics = [
  "overview",
  "health",
  "breakers",
  "caches",
  "queues",
  "servers",
  "details",
] as const;
export type FrameTopic = (typeof frameTopics)[number];

/**
 * What the status endpoints of one organization (and of Redis servers all but the trends) answered at a moment, and what
 * instances told of their components, packed.
 */
export type Frame = {
  organizationId: string;
  atMs: number;
  /** The frame that is needed to read this one; null when it stands for itself. */
  baseAtMs: number | null;
  keepUntilMs: number;
} & Record<FrameTopic, Buffer>;

type Base = { atMs: number; of: Record<FrameTopic, DeltaBase> };
type Known = {
  hour: Base | null;
  recent: Base | null;
  minuteMs: number;
  changesInHour: number;
};
type Plain = Record<FrameTopic, Buffer>;

const hourMs = 3_600_000;
const minuteMs = 60_000;
const recentMs = 10 * minuteMs;
const briefMs = 6 * hourMs;
const weekMs = 7 * 24 * hourMs;
/** A thing that flaps shall not fill the store for 13 months: what is more in an hour is kept for a week. */
const mostChangesInHour = 60;

/**
 * Packs frames one after the other. The first of an hour is whole and kept for 13 months, the first of 10 minutes whole
 * and kept for a week; the others are differences to these, kept as long as SETTLED 16 says.
 */
export function createFrames({ mostWaitingBytes }: { mostWaitingBytes: number }) {
  const known = new Map<string, Known>();
  let waiting: Frame[] = [];
  let waitingBytes = 0;
  let refused = 0;
  let packing: Promise<void> = Promise.resolve();

  const bytesOf = (frame: Frame) => frameTopics.reduce((sum, topic) => sum + frame[topic].length, 200);

  const pack = async (organizationId: string, atMs: number, plain: Plain, isChange: boolean) => {
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
      frameTopics.map((topic) =>
        base === null ? packWhole(plain[topic]) : packDifference(plain[topic], base.of[topic]),
      ),
    );
    const [overview, health, breakers, caches, queues, servers, details] = packed;
    if (!overview || !health || !breakers || !caches || !queues || !servers || !details) return;
    const frame: Frame = {
      organizationId,
      atMs,
      baseAtMs: base?.atMs ?? null,
      // A base outlives what is read by it.
      keepUntilMs: atMs + keepMs + (base === null ? hourMs : 0),
      overview,
      health,
      breakers,
      caches,
      queues,
      servers,
      details,
    };
    if (waitingBytes > mostWaitingBytes) {
      refused += 1;
      return;
    }
    waiting.push(frame);
    waitingBytes += bytesOf(frame);
    if (base === null) {
      const made: Base = {
        atMs,
        of: {
          overview: deltaBase(plain.overview),
          health: deltaBase(plain.health),
          breakers: deltaBase(plain.breakers),
          caches: deltaBase(plain.caches),
          queues: deltaBase(plain.queues),
          servers: deltaBase(plain.servers),
          details: deltaBase(plain.details),
        },
      };
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
    /** Takes what is served now; packed soon after, in order. `details`: as `observe/kept-details.ts` makes it. */
    take(
      organizationId: string,
      atMs: number,
      { views, details, isChange }: { views: OrganizationViews; details: Buffer; isChange: boolean },
    ) {
      const plain: Plain = {
        overview: views.overviewJson.plain(),
        health: views.healthJson.plain(),
        breakers: views.breakersJson.plain(),
        caches: views.cachesJson.plain(),
        queues: views.queuesJson.plain(),
        servers: views.redisServersKeptJson.plain(),
        details,
      };
      packing = packing.then(() => pack(organizationId, atMs, plain, isChange));
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
