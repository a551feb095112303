import type { BreakerState } from "@wheelhouse/shared/breaker-state.ts";
import { type BreakerInstance, breakerTopic } from "@wheelhouse/shared/breakers.ts";
import type { Turn } from "@wheelhouse/shared/live/flaps.ts";
import type { Board, ObservedChange, Seen } from "#observe/aspect.ts";
import { type BreakerHolders, isHeld } from "./holders.ts";
import { addMove, instanceOf, mergeReadings, unheardInstance, unknownFromMs } from "./instance.ts";
import type { BreakerReading } from "./reading.ts";
import { causeOf, labelOf, rollUpFigures, worstOf } from "./roll-up.ts";
import { isOfChecks, type ObservedBreaker } from "./rows.ts";

/** Maximum number of instances over all breakers, and of instances per breaker that no longer report. */
const mostInstances = 5_000;
const mostLost = 200;
/** An instance that stopped reporting is shown as unknown this long, then removed. */
const forgottenAfterMs = 15 * 60_000;

type Kept = { shown: BreakerInstance; source: string | null; reading: BreakerReading | null };
type Group = {
  instances: Map<string, Kept>;
  /** The inputs of the row, and the time until which it cannot change without new input. */
  readings: readonly BreakerReading[];
  turnsMs: number;
  row: ObservedBreaker | null;
};

export type BreakersSource = {
  /**
   * Starts the reads that are due without waiting. @returns the latest readings; an unchanged reading keeps
   * its identity.
   */
  read(seen: Seen): readonly BreakerReading[];
  /** False once a source is no longer read: everything it reported is removed at once. */
  isWatched(source: string): boolean;
  rest(): void;
};

const groupKeys = new WeakMap<BreakerReading, string>();
/** Computed once per reading, because the same readings come with every tick. */
function groupKey(reading: BreakerReading): string {
  const known = groupKeys.get(reading);
  if (known !== undefined) return known;
  const { organization, service, key } = reading;
  const made = `${organization}/${encodeURIComponent(service)}~${encodeURIComponent(key)}`;
  groupKeys.set(reading, made);
  return made;
}
const { compare } = new Intl.Collator("en", { numeric: true });
/** `Map.groupBy`, which Node 20 lacks. */
function groupBy<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}
const isoOf = (ms: number) => new Date(ms).toISOString();

/** Readings of the first instances only; every further source of an admitted instance is admitted as well. */
function bounded(readings: readonly BreakerReading[]): readonly BreakerReading[] {
  if (readings.length <= mostInstances) return readings;
  const seen = new Set<string>();
  return readings.filter((reading) => {
    const key = `${groupKey(reading)}/${reading.instance}`;
    if (seen.size < mostInstances) seen.add(key);
    return seen.has(key);
  });
}

/**
 * All breakers of all sources, one row per breaker over its instances. A breaker reported by several sources
 * is one row; an instance that disappears is unknown before it is removed.
 */
export function createBreakersBoard(
  sources: readonly BreakersSource[],
  holders: BreakerHolders,
): Board<ObservedBreaker> {
  let groups = new Map<string, Group>();
  let sorted: ObservedBreaker[] = [];

  const isWatched = (source: string | null) =>
    source === null || sources.some((each) => each.isWatched(source));

  const instancesOf = (group: Group, readings: readonly BreakerReading[], nowMs: number) => {
    const byInstance = groupBy(readings, ({ instance }) => instance);
    const next = new Map<string, Kept>();
    for (const [instance, there] of byInstance) {
      const reading = mergeReadings(there, nowMs);
      if (!reading) continue;
      const before = group.instances.get(instance)?.shown;
      next.set(instance, { shown: instanceOf(reading, before, nowMs), source: reading.source, reading });
    }
    const most = next.size + mostLost;
    for (const [instance, kept] of group.instances) {
      if (next.size >= most) break;
      if (next.has(instance) || !isWatched(kept.source)) continue;
      const heardMs = kept.shown.observedAt === null ? 0 : Date.parse(kept.shown.observedAt);
      if (nowMs - heardMs < forgottenAfterMs)
        next.set(instance, { ...kept, shown: unheardInstance(kept.shown, nowMs) });
    }
    return new Map([...next].sort(([a], [b]) => compare(a, b)));
  };

  /** While the holder is being read, the last known one is kept. */
  const forcedOf = (
    row: Pick<ObservedBreaker, "organization" | "id" | "instances">,
    before: ObservedBreaker | null,
  ) => {
    if (!isHeld(row)) return null;
    const holder = holders.of(row);
    return holder === undefined ? (before?.forced ?? null) : holder;
  };

  const rowOf = (key: string, group: Group, nowMs: number): ObservedBreaker | null => {
    const before = group.row;
    const all = [...group.instances.values()];
    const lead = all.flatMap(({ reading }) => reading ?? []).sort((a, b) => b.rank - a.rank)[0] ?? null;
    const base = lead ?? before;
    if (!base || all.length === 0) return null;
    const instances = all.map(({ shown }) => shown);
    const heard = all.flatMap(({ reading, shown }) =>
      reading && shown.state !== "unknown" ? [reading] : [],
    );
    const state = worstOf(instances);
    const figures = rollUpFigures(instances);
    const threshold = lead ? lead.threshold : (before?.threshold ?? null);
    const library = base.library;
    const began = (of: readonly BreakerInstance[]) => of.flatMap(({ since }) => since ?? []).sort();
    // A newly found row dates from its oldest instance; a changed row dates from the instance that changed
    // last.
    const at = before ? began(instances).at(-1) : began(instances.filter((each) => each.state === state))[0];
    const moves = addMove(
      before?.moves ?? [],
      { at: at ?? isoOf(nowMs), state, failureRatio: figures.failureRatio },
      nowMs,
    );
    const ages = instances.flatMap(({ observedAt }) => observedAt ?? []).sort();
    const place = { id: key.slice(key.indexOf("/") + 1), organization: base.organization };
    return {
      ...place,
      name: base.name,
      service: base.service,
      library,
      kind: base.kind,
      state,
      label: labelOf(instances, base.kind, nowMs),
      cause: causeOf({ state, library, threshold, instances, failureRatio: figures.failureRatio }, nowMs),
      since: moves.at(-1)?.at ?? null,
      moves,
      instances,
      ...figures,
      threshold,
      coolDownMs: lead ? lead.coolDownMs : (before?.coolDownMs ?? null),
      // A command goes to all instances, so each of them has to support it.
      commands: (heard[0]?.commands ?? []).filter((command) =>
        heard.every(({ commands }) => commands.includes(command)),
      ),
      forced: forcedOf({ ...place, instances }, before),
      observedAt: ages.at(-1) ?? null,
      intervalMs: Math.max(...instances.map(({ intervalMs }) => intervalMs)),
    };
  };

  const refresh = (
    key: string,
    group: Group,
    readings: readonly BreakerReading[],
    nowMs: number,
  ): Group | null => {
    const isSame =
      group.row !== null &&
      nowMs < group.turnsMs &&
      group.row.forced === forcedOf(group.row, group.row) &&
      readings.length === group.readings.length &&
      readings.every((reading, index) => reading === group.readings[index]) &&
      [...group.instances.values()].every(({ source }) => isWatched(source));
    if (isSame) return group;
    const instances = instancesOf(group, readings, nowMs);
    const row = rowOf(key, { ...group, instances }, nowMs);
    if (!row) return null;
    return { instances, readings, row, turnsMs: turnsOf([...instances.values()], nowMs) };
  };

  return {
    adopt(rows) {
      groups = new Map(
        rows.map((row) => [
          `${row.organization}/${row.id}`,
          {
            instances: new Map(
              row.instances.map((shown) => [shown.instance, { shown, source: null, reading: null }]),
            ),
            readings: [],
            turnsMs: 0,
            row,
          },
        ]),
      );
    },
    observe(seen) {
      const { nowMs } = seen;
      const readings = bounded(sources.flatMap((source) => source.read(seen)));
      const byGroup = groupBy(readings, groupKey);
      const changes: ObservedChange[] = [];
      const next = new Map<string, Group>();
      let isNew = false;
      for (const key of new Set([...groups.keys(), ...byGroup.keys()])) {
        const before = groups.get(key);
        const empty: Group = { instances: new Map(), readings: [], turnsMs: 0, row: null };
        const group = refresh(key, before ?? empty, byGroup.get(key) ?? [], nowMs);
        if (group?.row !== before?.row) isNew = true;
        if (!group?.row) continue;
        next.set(key, group);
        const change = changeOf(before?.row ?? null, group.row, nowMs);
        if (change) changes.push(change);
      }
      groups = next;
      if (isNew || sorted.length !== groups.size)
        sorted = [...groups.values()]
          .flatMap(({ row }) => row ?? [])
          .sort((a, b) => breakerTopic.order(a, b, nowMs));
      holders.poke(sorted, seen.organizations);
      return { rows: sorted, changes };
    },
    rest() {
      groups = new Map();
      sorted = [];
      for (const source of sources) source.rest();
      holders.rest();
    },
  };
}

/**
 * The next time at which an instance changes without new input: it gets too old, is due for a probe, or is
 * removed.
 */
function turnsOf(kept: readonly Kept[], nowMs: number): number {
  const moments = kept.flatMap(({ shown, reading }) => {
    const heardMs = shown.observedAt === null ? 0 : Date.parse(shown.observedAt);
    const probeMs = shown.nextProbeAt === null ? 0 : Date.parse(shown.nextProbeAt);
    const sources = reading ? [unknownFromMs(reading.observedAtMs, reading.intervalMs)] : [];
    return [...sources, unknownFromMs(heardMs, shown.intervalMs), probeMs, heardMs + forgottenAfterMs];
  });
  return Math.min(...moments.filter((moment) => moment > nowMs), Number.POSITIVE_INFINITY);
}

const verbs: Record<BreakerState, string> = {
  open: "opened",
  half_open: "half-open",
  closed: "closed",
  forced_open: "forced open",
  disabled: "forced closed",
  unknown: "stopped reporting",
};

/** Overrides are acts, so they are never folded. */
const turns: Record<BreakerState, Turn> = {
  open: "worse",
  half_open: "probing",
  closed: "better",
  forced_open: null,
  disabled: null,
  unknown: null,
};

const limitVerbs: Partial<Record<BreakerState, string>> = {
  open: "reached its limit",
  closed: "is back within its limit",
};

/** The journal entry for a changed row. A newly found row has not changed. */
function changeOf(
  before: ObservedBreaker | null,
  now: ObservedBreaker,
  nowMs: number,
): ObservedChange | null {
  // What a check or a scrape finds is a change of its service.
  if (!before || before.state === now.state || isOfChecks(now)) return null;
  const { state, instances, name, organization, failureRatio } = now;
  const inState = instances.filter((each) => each.state === state).length;
  const where = instances.length > 1 && state !== "closed" ? ` on ${inState} of ${instances.length}` : "";
  const isLimit = now.kind === "concurrency";
  const verb = (isLimit ? limitVerbs[state] : undefined) ?? verbs[state];
  const by =
    state === "open" && failureRatio !== null
      ? `${(failureRatio * 100).toFixed(1)}% failures`
      : state === "closed"
        ? "Recovered"
        : now.service;
  return {
    organization,
    subject: name,
    subjectId: now.id,
    turn: turns[state],
    change: {
      at: isoOf(nowMs),
      text: `${name} ${verb}${where}`,
      by,
      kind: "breaker",
      state:
        state === "open" && !isLimit ? "down" : state === "open" || state === "half_open" ? "degraded" : null,
    },
  };
}
