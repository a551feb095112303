import type pg from "pg";
import { endSoon, openClient } from "./client.ts";

/** What stands between us and Postgres. */
export type Pooler = { mode: "none" | "session" | "transaction" | "statement"; says: string };

const rounds = 3;

const says: Record<Pooler["mode"], string> = {
  none: "none, connected to Postgres itself",
  session: "PgBouncer or another pooler in session mode",
  transaction: "PgBouncer or another pooler in transaction mode",
  statement: "PgBouncer or another pooler in statement mode",
};

/**
 * A pooler tells each client a process id of its own at the start, which is not that of the server's process. In
 * transaction mode two clients that are open at the same time share processes, and each gets one or another.
 */
export async function findPooler(url: string): Promise<Pooler> {
  const clients = [await openClient(url), await openClient(url)];
  try {
    const mode = await modeOf(clients);
    return { mode, says: says[mode] };
  } finally {
    for (const client of clients) endSoon(client);
  }
}

async function processOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}

async function modeOf(clients: readonly pg.Client[]): Promise<Pooler["mode"]> {
  const serving = new Map<pg.Client, Set<number>>(clients.map((client) => [client, new Set()]));
  // The work of others may lie between two of them, so that one round is not enough.
  for (let round = 0; round < rounds; round += 1)
    for (const [client, processes] of serving) processes.add(await processOf(client));
  // The library keeps what the server told at the start, without declaring it.
  const isDirect = [...serving].every(([client, processes]) =>
    processes.has(Reflect.get(client, "processID")),
  );
  if (isDirect) return "none";
  try {
    for (const client of clients) await client.query("begin; select 1; commit");
    await clients[0]?.query("begin");
    await clients[0]?.query("rollback");
  } catch {
    return "statement";
  }
  const isHeld =
    new Set([...serving.values()].flatMap((processes) => [...processes])).size === clients.length;
  const isOwn = [...serving.values()].every(({ size }) => size === 1);
  return isHeld && isOwn ? "session" : "transaction";
}
