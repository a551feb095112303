import { type Report, report, reportMember, reportsKey } from "@wheelhouse/shared/reporter/report.ts";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { z } from "zod";
import { createReadOnlyLua, loadLua } from "#lib/redis/lua.ts";
import type { Clock } from "#lib/time/clock.ts";
import { createProbe, type Probe } from "#observe/targets/targets.ts";

const script = loadLua(new URL("./sample-reports.lua", import.meta.url));
/** About a millisecond of server time. */
const reportsPerCall = 200;
const callsPerTick = 10;
const reportsMax = reportsPerCall * callsPerTick;
const reportBytesMax = 200_000;

const reply = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.array(z.union([z.string(), z.number(), z.null()])),
  z.array(z.string()),
]);
const row = z.tuple([z.string(), z.number(), z.string().nullable()]);

type Deps = { redis: Redis; clock: Clock; log: Pick<Logger, "warn">; sourceId: string };

/**
 * Reads the reports that services leave in one Redis: only those that are new since the last read, 200 per call and 2
 * 000 per tick, with a single read-only command. Age is measured by the server's clock, so `reportedAt` is correct
 * whatever the service's clock says. When reports stop, the last one stays and grows older until the service withdraws
 * it or 10 minutes have passed.
 */
function createReportsOfSource({ redis, clock, log, sourceId }: Deps) {
  const read = createReadOnlyLua(redis, script);
  const known = new Map<string, Report>();
  const refused = new Set<string>();
  let seen = new Set<string>();
  let cursor = 0;

  const take = (member: string, text: string, heardAtMs: number) => {
    const parsed = report.safeParse(jsonOf(text));
    const says = parsed.success ? reportMember(parsed.data.service, parsed.data.instance) : null;
    if (parsed.success && says === member) {
      known.set(member, { ...parsed.data, reportedAt: new Date(heardAtMs).toISOString() });
      refused.delete(member);
      return;
    }
    const issue = parsed.error?.issues[0];
    const reason = issue ? `${issue.path.join(".")}: ${issue.message}` : `it is for ${says}`;
    if (!refused.has(member) && refused.size < reportsMax)
      log.warn({ source: sourceId, report: member, reason }, "a report cannot be read");
    refused.add(member);
  };

  const call = async (all: boolean) => {
    const args = [cursor, reportsPerCall, reportBytesMax, all ? 1 : 0, reportsMax];
    const [answer] = await read([{ keys: [reportsKey], args }]);
    const [serverMs, total, last, cells, members] = reply.parse(answer);
    const nowMs = clock.now();
    cursor = last;
    const rows = Array.from({ length: cells.length / 3 }, (_, at) =>
      row.parse(cells.slice(at * 3, at * 3 + 3)),
    );
    for (const [member, heardMs, text] of rows) {
      seen.add(member);
      if (text !== null) take(member, text, nowMs - Math.max(0, serverMs - heardMs));
    }
    return { total, members, full: rows.length >= reportsPerCall };
  };

  return async (): Promise<Report[]> => {
    for (let calls = 0; calls < callsPerTick; calls += 1) {
      const { total, full } = await call(false);
      if (full) continue;
      if (total !== seen.size) {
        seen = new Set((await call(true)).members);
        for (const member of known.keys()) if (!seen.has(member)) known.delete(member);
        for (const member of refused) if (!seen.has(member)) refused.delete(member);
      }
      break;
    }
    return [...known.values()];
  };
}

export type ReportSource = { id: string; redis: Redis };

/** Reports of all watched Redis servers, for the aspects whose rows are built from them. */
export function createReports(deps: {
  sources: () => readonly ReportSource[];
  clock: Clock;
  everyMs: number;
  log: Pick<Logger, "warn">;
}) {
  const { sources, clock, everyMs, log } = deps;
  const probes = new Map<string, { redis: Redis; probe: Probe<Report[]> }>();

  const probeOf = ({ id, redis }: ReportSource) => {
    const known = probes.get(id);
    if (known?.redis === redis) return known.probe;
    const sample = createReportsOfSource({ redis, clock, log, sourceId: id });
    const probe = createProbe(sample, { clock, everyMs });
    probes.set(id, { redis, probe });
    return probe;
  };

  return {
    /** Reads where a read is due; resolves when all servers have answered, and never rejects. */
    async poke() {
      const current = sources();
      for (const id of probes.keys()) if (!current.some((source) => source.id === id)) probes.delete(id);
      await Promise.all(current.map((source) => probeOf(source).poke()));
    },
    /** By id of the Redis source; a source that cannot be read keeps its last reports, which grow older. */
    reports(): ReadonlyMap<string, readonly Report[]> {
      return new Map([...probes].map(([id, { probe }]) => [id, probe.latest()?.value ?? []]));
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
