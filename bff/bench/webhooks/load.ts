import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { Pool } from "undici";

const padding = "x".repeat(600);

/** Where events are posted. Without a secret they are not signed. */
export type Intake = { address: string; path: string; secret: string | null };

export type Sent = { accepted: number; refused: number; tookMs: number };

/**
 * Posts events of the types `t.0` … in turn for `durationMs`, or until `count` are posted.
 * @param perSecond posts at this rate however long the answers take; null: each connection posts the next event once
 * the last one is answered.
 */
export async function send(
  { address, path, secret }: Intake,
  options: {
    types: number;
    connections: number;
    durationMs: number;
    perSecond: number | null;
    count?: number;
  },
): Promise<Sent> {
  const { types, connections, durationMs, perSecond, count = Number.POSITIVE_INFINITY } = options;
  const pool = new Pool(address, { connections, pipelining: 1 });
  const signer = secret === null ? null : new Webhook(secret);
  const startedMs = performance.now();
  let posted = 0;
  let accepted = 0;
  let refused = 0;

  async function post() {
    const id = randomUUID();
    const type = `t.${posted % types}`;
    posted += 1;
    const now = new Date();
    const body = JSON.stringify({ id, type, sentAtMs: now.getTime(), data: { padding } });
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": signer?.sign(id, now, body) ?? "",
    };
    try {
      const { statusCode, body: answer } = await pool.request({ method: "POST", path, headers, body });
      await answer.dump();
      if (statusCode === 202) accepted += 1;
      else refused += 1;
    } catch {
      refused += 1;
    }
  }

  const isOver = () => performance.now() - startedMs >= durationMs || posted >= count;
  if (perSecond === null) {
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (!isOver()) await post();
      }),
    );
  } else {
    const running = new Set<Promise<void>>();
    while (!isOver()) {
      const due = Math.min(count, ((performance.now() - startedMs) / 1000) * perSecond);
      while (posted < due) {
        const one = post().finally(() => running.delete(one));
        running.add(one);
      }
      await wait(5);
    }
    await Promise.all(running);
  }
  const tookMs = performance.now() - startedMs;
  await pool.close();
  return { accepted, refused, tookMs };
}
