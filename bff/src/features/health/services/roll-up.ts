import type { HealthState } from "@wheelhouse/shared/health/health.ts";

/** A part of something watched: an instance of a service, or the server itself. */
export type Member = {
  id: string;
  state: HealthState;
  cause: string | null;
  /** When the state began. */
  sinceMs: number;
  observedAt: string | null;
};

/** One watched thing: its members, its dependencies, and whether it is under maintenance. */
export type Watchable = {
  id: string;
  members: readonly Member[];
  /** Ids of required members; a missing one is unknown. */
  expected: readonly string[];
  /** Ids of what it calls; its own id and ids that are not watched are ignored. */
  dependsOn: readonly string[];
  /** The previous state, so that `sinceMs` survives a change among the members. */
  before: { state: HealthState; sinceMs: number } | null;
};

export type RolledUp = {
  state: HealthState;
  cause: string | null;
  sinceMs: number;
  /** Observation time of the oldest member: the whole is as old as its oldest part. */
  observedAt: string | null;
  explainedBy: string | null;
  affects: number;
};

type Whole = Pick<RolledUp, "state" | "cause">;

/** Severity of states other than ok; a cause is at least as severe as what it explains. */
const severity: Record<HealthState, 0 | 1 | 2 | 3> = { ok: 0, unknown: 1, degraded: 2, down: 3 };
type Level = 1 | 2 | 3;
const levels: readonly Level[] = [1, 2, 3];

/**
 * The state of a whole from its members: ok only when every expected member is ok; down when every judged
 * member is down; degraded when some fail and others work; unknown when none fails but one could not be
 * checked. The age of the members plays no part, because `observedAt` tells it.
 */
export function stateOfMembers(members: readonly Member[], expected: readonly string[]): Whole {
  const present = new Set(members.map(({ id }) => id));
  const missing = expected.filter((id) => !present.has(id));
  const total = members.length + missing.length;
  if (total === 0) return { state: "unknown", cause: "No instance reports" };
  const of = (state: HealthState) => members.filter((member) => member.state === state);
  const down = of("down");
  const degraded = of("degraded");
  const unknown = of("unknown").length + missing.length;
  const words = (first: string) => (total === 1 ? "" : first);
  const firstCause = (some: readonly Member[]) => some.find(({ cause }) => cause !== null)?.cause ?? null;
  const told = (prefix: string, cause: string | null) =>
    [prefix, cause ?? ""].filter((part) => part !== "").join(": ") || null;
  if (down.length > 0 && down.length + unknown === total)
    return { state: "down", cause: told(words(`${down.length} of ${total} down`), firstCause(down)) };
  if (down.length > 0)
    return { state: "degraded", cause: told(words(`${down.length} of ${total} down`), firstCause(down)) };
  if (degraded.length > 0)
    return {
      state: "degraded",
      cause: told(words(`${degraded.length} of ${total} degraded`), firstCause(degraded)),
    };
  if (unknown > 0) {
    const lost = missing[0];
    const cause = lost === undefined ? firstCause(of("unknown")) : `${lost} no longer reports`;
    return { state: "unknown", cause: told(words(`${unknown} of ${total} unknown`), cause) };
  }
  return { state: "ok", cause: null };
}

/**
 * Rolls up the state of each watched thing from its members and finds root causes. A failure is explained by
 * a dependency, direct or through other failing ones, that fails at least as severely; among several the
 * worst counts, then the oldest. A failure without explanation is a root cause. In a dependency cycle the
 * worst member leads, then the oldest. Every explanation is itself a root cause, so no problem disappears.
 */
export function rollUp(watched: readonly Watchable[], nowMs: number): Map<string, RolledUp> {
  const rolled = new Map<string, RolledUp>();
  for (const { id, members, expected, before } of watched) {
    const whole = stateOfMembers(members, expected);
    const began = members
      .filter(({ state }) => whole.state === "ok" || state === whole.state)
      .map(({ sinceMs }) => sinceMs);
    const fresh = began.length === 0 ? nowMs : whole.state === "ok" ? Math.max(...began) : Math.min(...began);
    const dates = members.flatMap(({ observedAt }) => observedAt ?? []).sort();
    rolled.set(id, {
      ...whole,
      sinceMs: before?.state === whole.state ? before.sinceMs : fresh,
      observedAt: dates[0] ?? null,
      explainedBy: null,
      affects: 0,
    });
  }
  explain(watched, rolled);
  return rolled;
}

/** Marks root causes in the graph of failures in one pass over its cycles, callees first. */
function explain(watched: readonly Watchable[], rolled: Map<string, RolledUp>) {
  const levelOf = (id: string) => severity[rolled.get(id)?.state ?? "ok"];
  const calls = new Map(
    watched
      .filter(({ id }) => levelOf(id) > 0)
      .map(({ id, dependsOn }) => [id, dependsOn.filter((callee) => callee !== id && levelOf(callee) > 0)]),
  );
  const sinceOf = (id: string) => rolled.get(id)?.sinceMs ?? 0;
  const before = (a: string, b: string) =>
    levelOf(b) - levelOf(a) || sinceOf(a) - sinceOf(b) || (a < b ? -1 : 1);
  const best = (ids: readonly (string | null)[]) => ids.filter((id) => id !== null).sort(before)[0] ?? null;

  // For each cycle: the best reachable root cause of at least that severity, by level.
  const roots = new Map<string, Record<Level, string | null>>();
  for (const circle of circlesCalleesFirst(calls)) {
    const inside = new Set(circle);
    const outside = circle.flatMap((id) => (calls.get(id) ?? []).filter((callee) => !inside.has(callee)));
    const inReach = (level: Level) => best(outside.map((callee) => roots.get(callee)?.[level] ?? null));
    const reach: Record<Level, string | null> = { 1: inReach(1), 2: inReach(2), 3: inReach(3) };
    const leader = best(circle);
    if (leader === null) continue;
    const leaderLevel = levelOf(leader);
    const leads = levels.every((level) => level !== leaderLevel || reach[level] === null);
    if (leads)
      for (const level of levels) if (level <= leaderLevel) reach[level] = best([reach[level], leader]);
    for (const id of circle) {
      roots.set(id, reach);
      const level = levelOf(id);
      const cause = level === 0 || (id === leader && leads) ? null : reach[level];
      const own = rolled.get(id);
      const root = cause === null ? undefined : rolled.get(cause);
      if (!own || !root) continue;
      own.explainedBy = cause;
      root.affects += 1;
    }
  }
}

/** Strongly connected components of the graph, each after everything it calls (Tarjan, without recursion). */
function circlesCalleesFirst(calls: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const lower = (id: string, to: number) => low.set(id, Math.min(low.get(id) ?? to, to));
  for (const start of calls.keys()) {
    const path: { id: string; next: number }[] = order.has(start) ? [] : [{ id: start, next: 0 }];
    for (let at = path.at(-1); at; at = path.at(-1)) {
      const { id } = at;
      if (!order.has(id)) {
        low.set(id, order.size);
        order.set(id, order.size);
        open.push(id);
        isOpen.add(id);
      }
      const callee = calls.get(id)?.[at.next];
      at.next += 1;
      if (callee !== undefined) {
        const seen = order.get(callee);
        if (seen === undefined) path.push({ id: callee, next: 0 });
        else if (isOpen.has(callee)) lower(id, seen);
        continue;
      }
      path.pop();
      const caller = path.at(-1);
      const reached = low.get(id) ?? 0;
      if (caller) lower(caller.id, reached);
      if (reached !== order.get(id)) continue;
      const circle = open.splice(open.lastIndexOf(id));
      for (const each of circle) isOpen.delete(each);
      circles.push(circle);
    }
  }
  return circles;
}
