import { CompiledQuery, Kysely } from "kysely";
import type { Logger } from "pino";
import type { Tables } from "#database/tables.ts";
import type { ActOrigin, Denials } from "#lib/change.ts";
import { type Database, openPool, watchedDialect } from "#lib/postgres/postgres.ts";
import type { Clock } from "#lib/time/clock.ts";
import { beginAct, writeAct } from "./write.ts";

type DenialsDeps = {
  database: Database;
  clock: Clock;
  onAuditCommitted?: (organizationId: string, auditId: string) => void;
  log: Logger;
  /** How long repeats are counted before they are written as one event. */
  windowMs?: number;
};

type Attempt = Parameters<Denials["record"]>[1];
type Window = { origin: ActOrigin; attempt: Attempt; repeats: number; closesAt: number };

// An attacker who varies the actor fills this many entries, then shares one per organization.
const windowsMax = 5_000;
const begin = CompiledQuery.raw("begin; set local statement_timeout = 5000");

export function createDenials({
  database,
  clock,
  onAuditCommitted = () => {},
  log,
  windowMs = 60_000,
}: DenialsDeps): Denials {
  // A pool of its own, so that a flood of refusals does not use the connections of changes.
  const pool = openPool(
    {
      ...database.pools.app.options,
      max: 2,
      connectionTimeoutMillis: 2_000,
      query_timeout: 6_000,
      application_name: "wheelhouse-denials",
    },
    log,
  );
  const db = new Kysely<Tables>({ dialect: watchedDialect(pool, begin) });
  const windows = new Map<string, Window>();
  let timer: NodeJS.Timeout | undefined;

  async function write({ origin, attempt }: Window, repeats: number) {
    const auditId = await db.transaction().execute(async (tx) => {
      const begun = await beginAct(tx, [origin.organization.id]);
      await writeAct(tx, begun, origin, {
        action: attempt.action,
        outcome: attempt.outcome,
        entry: {
          targets: attempt.targets ?? [],
          reason: attempt.reason,
          ...(repeats > 0 ? { after: { repeats } } : {}),
        },
      });
      return begun.id;
    });
    onAuditCommitted(origin.organization.id, auditId);
  }

  async function closeWindows(all: boolean) {
    const now = clock.now();
    for (const [key, window] of windows) {
      if (!all && window.closesAt > now) continue;
      windows.delete(key);
      if (window.repeats === 0) continue;
      try {
        await write(window, window.repeats);
      } catch (err) {
        log.error(
          { err, repeats: window.repeats, action: window.attempt.action },
          "refused attempts could not be recorded",
        );
        // The database is unavailable, so keep counting until it is back.
        if (!all) windows.set(key, { ...window, closesAt: now + windowMs });
      }
    }
  }

  function schedule() {
    if (timer || windows.size === 0) return;
    const nextAt = Math.min(...[...windows.values()].map(({ closesAt }) => closesAt));
    const delayMs = Math.min(Math.max(nextAt - clock.now(), 50), windowMs);
    timer = setTimeout(() => {
      timer = undefined;
      void closeWindows(false).finally(schedule);
    }, delayMs);
    timer.unref();
  }

  return {
    async record(origin, attempt) {
      const who = origin.actor.id ?? origin.actor.display;
      const aim = attempt.targets?.map(({ id }) => id).join() ?? "";
      const exact = `${origin.organization.id}|${attempt.action}|${attempt.outcome}|${who}|${aim}`;
      const key =
        windows.has(exact) || windows.size < windowsMax
          ? exact
          : `${origin.organization.id}|${attempt.action}|${attempt.outcome}|*`;
      const open = windows.get(key);
      if (open && open.closesAt > clock.now()) {
        open.repeats += 1;
        return;
      }
      if (open) await closeWindows(false);
      const unwritten = windows.get(key);
      if (unwritten) {
        unwritten.repeats += 1;
        return;
      }
      const window: Window = { origin, attempt, repeats: 0, closesAt: clock.now() + windowMs };
      windows.set(key, window);
      try {
        await write(window, 0);
      } catch (err) {
        log.error({ err, action: attempt.action }, "recording of a refused attempt is delayed");
        window.repeats += 1;
      }
      schedule();
    },
    async close() {
      clearTimeout(timer);
      await closeWindows(true);
      await db.destroy();
    },
  };
}
