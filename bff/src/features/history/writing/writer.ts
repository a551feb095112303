import type { Logger } from "pino";
import { isUnavailable } from "#lib/http/errors.ts";
import { LeaseLost, type PostgresLease } from "#lib/postgres/lease.ts";
import type { Clock } from "#lib/time/clock.ts";
import type { Aspect } from "#observe/aspect.ts";
import type { SnapshotStore } from "#observe/spread/spread.ts";
import type { Tick } from "#observe/tick/tick.ts";
import { figuresOfTick } from "../tick-figures.ts";
import { finest, floorTo } from "../times.ts";
import { createFrames, type Frame } from "./frames.ts";
import { type JournalRow, journalOf } from "./journal.ts";
import { type MoveRow, movesOf } from "./moves.ts";
import type { HistoryStore } from "./store.ts";
import { createWindow } from "./window.ts";

export type HistoryWriterDeps = {
  aspects: readonly Aspect[];
  snapshots: SnapshotStore;
  /** Id of this process, as in its ticks. */
  owner: string;
  lease: PostgresLease;
  store: HistoryStore;
  /** Sums up ended windows; called when nothing is waiting. */
  rollUp(epoch: number, nowMs: number): Promise<void>;
  clock: Clock;
  log: Logger;
};

const minuteMs = 60_000;
const mostWaitingFrameBytes = 48 * 1024 * 1024;
const mostWaitingChanges = 10_000;
const mostWaitingMoves = 20_000;
const framesAtOnce = 200;
/** A chunk that was never closed is closed by the next writer, unless it is older than this. */
const leftBehindMs = 24 * 3_600_000;
/**
 * How long a process keeps observations while another one still holds the lease: as long as the lease of a
 * dead leader lasts.
 */
const keptForTakeoverMs = 20_000;

/**
 * Stores what this process observes while it holds the lease: figures, changes and frames, in one transaction
 * every 10 s. While Postgres is unavailable, data waits in bounded memory and is written later.
 */
export function createHistoryWriter(deps: HistoryWriterDeps) {
  const { aspects, snapshots, owner, lease, store, rollUp, clock, log } = deps;
  const window = createWindow(new Set(aspects.flatMap(({ peaks = [] }) => peaks)));
  const frames = createFrames({ mostWaitingBytes: mostWaitingFrameBytes });
  let journal: JournalRow[] = [];
  let moves: MoveRow[] = [];
  let previous: Tick | null = null;
  let stepMs = -1;
  let openWrittenMs = -1;
  let rolledMs = -1;
  let epoch: number | null = null;
  let isRemembering = false;
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  let stopHearing = () => {};

  const forget = () => {
    window.forget();
    frames.forget();
    journal = [];
    moves = [];
    epoch = null;
    stepMs = -1;
    openWrittenMs = -1;
  };

  const take = async (taken: number) => {
    const mine = window.startsAtMs();
    if (mine === null) return;
    const found = await store.readOpen(mine - leftBehindMs);
    const left = found.filter(({ startsAtMs }) => startsAtMs < mine);
    await lease.write(taken, (tx) => store.writeClosed(tx, left));
    window.adopt(found);
    epoch = taken;
    log.info({ epoch: taken }, "this process now records history");
  };

  const writeAll = async (held: number) => {
    await frames.settled();
    for (;;) {
      const [closed] = window.closed();
      const batch: readonly Frame[] = frames.waiting().slice(0, framesAtOnce);
      const changes = journal.slice(0, 500);
      const states = moves.slice(0, 1_000);
      const minute = floorTo(stepMs, minuteMs);
      const open = minute === openWrittenMs || closed !== undefined ? [] : window.open();
      try {
        await lease.write(held, async (tx) => {
          await store.writeJournal(tx, changes);
          await store.writeMoves(tx, states);
          await store.writeFrames(tx, batch);
          if (closed) await store.writeClosed(tx, closed.chunks);
          await store.writeOpen(tx, open);
        });
      } catch (err) {
        if (err instanceof LeaseLost || isUnavailable(err)) throw err;
        // It would fail again and block everything after it.
        log.error({ err }, "a part of the history could not be stored and was dropped");
      }
      frames.settle(new Set(batch));
      journal = journal.filter((row) => !changes.includes(row));
      const written = new Set(states);
      moves = moves.filter((row) => !written.has(row));
      if (closed) window.settle([closed]);
      else openWrittenMs = minute;
      const isEmpty = journal.length === 0 && moves.length === 0;
      if (!closed && frames.waiting().length === 0 && isEmpty) return;
    }
  };

  const flush = async () => {
    try {
      const held = await lease.hold();
      if (held === null) {
        epoch = null;
        const oldest = clock.now() - keptForTakeoverMs;
        journal = journal.filter(({ at }) => Date.parse(at) > oldest);
        moves = moves.filter(({ at }) => Date.parse(at) > oldest);
        frames.forget();
        return;
      }
      if (held !== epoch) await take(held);
      await writeAll(held);
      const refused = frames.takeRefused();
      if (refused > 0) log.warn({ frames: refused }, "frames were dropped while Postgres was unavailable");
      const turn = floorTo(clock.now(), finest.chunkMs);
      if (turn === rolledMs) return;
      await rollUp(held, clock.now());
      rolledMs = turn;
    } catch (err) {
      if (err instanceof LeaseLost) {
        log.info("another process now records history");
        forget();
      } else
        log.warn(
          { reason: err instanceof Error ? err.message : String(err) },
          "history is waiting to be written",
        );
    }
  };

  const startFlush = () => {
    if (isRunning) return;
    isRunning = true;
    running = flush().finally(() => {
      isRunning = false;
    });
  };

  const onTick = (tick: Tick) => {
    const before = previous;
    previous = tick;
    if (tick.head.observer !== owner) {
      if (!isRemembering) return;
      isRemembering = false;
      // The new collector should not have to wait for the lease to expire.
      running = running.then(() => lease.release().catch(() => {})).then(forget);
      return;
    }
    isRemembering = true;
    const atMs = Date.parse(tick.head.observedAt);
    const figures = [...figuresOfTick(aspects, tick)];
    const changes = journalOf(aspects, tick, before);
    const changed = new Set(changes.map(({ organizationId }) => organizationId));
    const isNewStep = floorTo(atMs, finest.stepMs) !== stepMs;
    for (const organization of tick.head.organizations) {
      const isChange = changed.has(organization.id);
      if (!isNewStep && !isChange) continue;
      const views = snapshots.viewsOf(organization);
      if (isNewStep) figures.push(...views.figures());
      frames.take(organization.id, atMs, { parts: views.frame(), isChange });
    }
    window.add(atMs, figures);
    journal = [...journal, ...changes].slice(-mostWaitingChanges);
    moves = [...moves, ...movesOf(aspects, tick, before)].slice(-mostWaitingMoves);
    if (!isNewStep) return;
    stepMs = floorTo(atMs, finest.stepMs);
    startFlush();
  };

  return {
    start() {
      stopHearing = snapshots.onTick((tick) => {
        try {
          onTick(tick);
        } catch (err) {
          log.error({ err }, "a tick could not be recorded");
        }
      });
    },
    /** Writes what is pending and releases the lease at once. */
    async stop() {
      stopHearing();
      await running;
      if (!isRemembering) return;
      openWrittenMs = -1;
      await flush();
      await lease.release().catch(() => {});
    },
    /** Resolves when the writes already started have succeeded or failed. */
    settled: () => running,
  };
}
