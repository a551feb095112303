import { baseOf, type QueueName, queueOfClientName } from "./keys.ts";

export type QueueClients = {
  /** Worker connections per base `<prefix>:<name>:`. */
  workers: Map<string, number>;
  queues: Map<string, QueueName>;
  /** Worker connections per base, by machine address. */
  hosts: Map<string, Map<string, number>>;
};

const field = (line: string, name: string) => new RegExp(`(?:^| )${name}=([^ ]*)`).exec(line)?.[1] ?? "";

/** Strips the port from addresses like `127.0.0.1:5050` and `[::1]:5050`. */
const hostOf = (address: string) => address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");

/**
 * Parses the CLIENT LIST reply to find which queues of one logical database have workers, and where they
 * run. Counts only connections that wait for a job, since each worker has a second one for everything else.
 */
export function parseClientList(text: string, database: number): QueueClients {
  const found: QueueClients = { workers: new Map(), queues: new Map(), hosts: new Map() };
  for (const line of text.split(/\r?\n/)) {
    if (field(line, "db") !== String(database)) continue;
    const queue = queueOfClientName(field(line, "name"));
    if (!queue) continue;
    const base = baseOf(queue);
    found.queues.set(base, queue);
    found.workers.set(base, (found.workers.get(base) ?? 0) + 1);
    const host = hostOf(field(line, "addr"));
    const there = found.hosts.get(host) ?? new Map<string, number>();
    there.set(base, (there.get(base) ?? 0) + 1);
    found.hosts.set(host, there);
  }
  return found;
}
