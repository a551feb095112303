import type { Clock } from "#lib/time/clock.ts";
import type { Board, ObservedChange } from "#observe/aspect.ts";
import { createProbes } from "#observe/targets/targets.ts";
import { type Steady, settle, type Verdict } from "#observe/tick/tick.ts";
import type { ObservedServer, SampledServer, ServerReading } from "../rows.ts";

type Read = { latest: { value: ServerReading; atMs: number } | null; failure: string | null };

const isoOf = (ms: number) => new Date(ms).toISOString();

/**
 * Redis and Postgres servers, each sampled once per tick.
 * @param servers a live list: its entries change with the catalogue, and an unchanged entry keeps its
 * identity.
 */
export function createServersBoard(deps: {
  servers: readonly SampledServer[];
  intervalMs: number;
  clock: Clock;
}): Board<ObservedServer> {
  const { servers, intervalMs, clock } = deps;
  const probesOf = createProbes(servers, { clock, everyMs: intervalMs });
  let probes = probesOf();
  let memory = new Map<string, Steady>();
  let before = new Map<string, ObservedServer>();

  return {
    poke() {
      probes = probesOf();
      return Promise.all(probes.map(({ probe }) => probe.poke()));
    },
    adopt(rows) {
      before = new Map(rows.map((row) => [row.id, row]));
      memory = new Map(
        rows.map(({ id, state, cause, since }) => [
          id,
          { state, label: "", cause, sinceMs: Date.parse(since), pending: null },
        ]),
      );
    },
    observe({ nowMs }) {
      const settled = new Map<string, Steady>();
      const rows = probes.map(({ source, probe }) => {
        const read = { latest: probe.latest(), failure: probe.failure() };
        const steady = settle(memory.get(source.id), verdictOf(read), nowMs);
        settled.set(source.id, steady);
        return rowOf(source, { read, steady, intervalMs });
      });
      const changes = rows.flatMap((row) => changeOf(before.get(row.id), row, nowMs));
      memory = settled;
      before = new Map(rows.map((row) => [row.id, row]));
      return { rows, changes };
    },
    rest() {},
  };
}

function verdictOf({ latest, failure }: Read): Verdict {
  if (failure !== null) return { state: "down", label: "", cause: failure };
  if (latest) return { state: latest.value.state, label: "", cause: latest.value.cause };
  return { state: "unknown", label: "", cause: "Not checked yet" };
}

function rowOf(
  { id, name, kind, organization }: SampledServer,
  { read: { latest }, steady, intervalMs }: { read: Read; steady: Steady; intervalMs: number },
): ObservedServer {
  const reading = latest?.value;
  return {
    id,
    name,
    kind,
    organization,
    state: steady.state,
    since: isoOf(steady.sinceMs),
    observedAt: latest ? isoOf(latest.atMs) : null,
    intervalMs,
    cause: steady.cause,
    notice: reading?.notice ?? null,
    roundTripMs: reading?.roundTripMs ?? null,
    redis: reading?.kind === "redis" ? reading.figures : null,
    postgres: reading?.kind === "postgres" ? reading.figures : null,
  };
}

function changeOf(was: ObservedServer | undefined, row: ObservedServer, nowMs: number): ObservedChange[] {
  const { name, organization, state } = row;
  if (!was || was.state === state || (state === "ok" && was.state === "unknown")) return [];
  const isOk = state === "ok";
  const change = {
    at: isoOf(nowMs),
    text: isOk ? `${name} recovered` : `${name} is ${state}`,
    by: isOk ? "" : (row.cause ?? ""),
    kind: "health" as const,
    state: state === "down" || state === "degraded" ? state : null,
  };
  return [{ organization, subject: name, subjectId: row.id, turn: isOk ? "better" : "worse", change }];
}
