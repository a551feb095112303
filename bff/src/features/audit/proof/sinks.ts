import { sql } from "kysely";
import type { Logger } from "pino";
import { z } from "zod";
import { CallRefused } from "#lib/http/call-breaker.ts";
import type { Database } from "#lib/postgres/postgres.ts";
import type { AuditCheckpoints } from "./checkpoints.ts";

export type NumberedLine = { number: number; line: string };

/** A place outside the database that stores checkpoints and never deletes one. */
export type AuditSink = {
  name: string;
  /** Number of the newest stored checkpoint of this organization, 0 if none. */
  newest(organizationId: string): Promise<number>;
  /** Adds lines after the newest one. Lines that are already stored have no effect. */
  add(organizationId: string, lines: readonly NumberedLine[]): Promise<void>;
};

type SinksDeps = {
  database: Database;
  checkpoints: Pick<AuditCheckpoints, "lines">;
  sinks: readonly AuditSink[];
  log: Logger;
};

const linesAtOnce = 100;
const newestRow = z.object({ organizationId: z.string(), number: z.number() });

/** Copies every checkpoint to every sink; a sink that was unavailable catches up when it is back. */
export function createAuditSinks({ database, checkpoints, sinks, log }: SinksDeps) {
  const problems = new Map<string, string>();
  // Avoids asking a sink each time for checkpoints it is known to have.
  const brought = new Map<string, number>();
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;

  async function bring(sink: AuditSink, organizationId: string, upTo: number) {
    const key = `${sink.name}|${organizationId}`;
    if ((brought.get(key) ?? 0) >= upTo) return;
    const from = await sink.newest(organizationId);
    let number = from;
    let lines: NumberedLine[] = [];
    for await (const line of checkpoints.lines(organizationId, from)) {
      number += 1;
      lines.push({ number, line });
      if (lines.length < linesAtOnce) continue;
      await sink.add(organizationId, lines);
      lines = [];
    }
    if (lines.length > 0) await sink.add(organizationId, lines);
    brought.set(key, number);
  }

  async function flush() {
    const { rows } = await sql`
      select org_id as "organizationId", max(number) as number from audit_checkpoints group by org_id`.execute(
      database.system,
    );
    const newest = rows.map((row) => newestRow.parse(row));
    for (const sink of sinks) {
      try {
        for (const { organizationId, number } of newest) await bring(sink, organizationId, number);
        problems.delete(sink.name);
      } catch (err) {
        // What made the breaker open says more than that it is open.
        if (err instanceof CallRefused && problems.has(sink.name)) continue;
        const reason = err instanceof Error ? err.message : String(err);
        if (!problems.has(sink.name))
          log.warn({ reason, sink: sink.name }, "checkpoints are waiting for their sink");
        problems.set(sink.name, reason);
      }
    }
  }

  function begin(): Promise<void> {
    running = flush().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    /**
     * Calls during a run share the next run, which includes everything this one missed.
     * @throws while the database is unavailable.
     */
    flush(): Promise<void> {
      if (!running) return begin();
      following ??= running
        .catch(() => {})
        .then(() => {
          following = undefined;
          return begin();
        });
      return following;
    },
    async statusOf(organizationId: string) {
      return Promise.all(
        sinks.map(async (sink) => ({
          name: sink.name,
          number: await sink.newest(organizationId).catch(() => 0),
          problem: problems.get(sink.name) ?? null,
        })),
      );
    },
  };
}
export type AuditSinks = ReturnType<typeof createAuditSinks>;
