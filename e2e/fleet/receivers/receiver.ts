import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import type { Behaviour } from "./receiver-cast.ts";

const bodyLimitBytes = 2 * 1024 * 1024;
const rememberedIds = 20_000;
const flakyRatio = 0.3;

type ReceiverStats = {
  behaviour: Behaviour;
  /** Requests with a valid signature. */
  received: number;
  /** Of these, answered with 2xx. */
  accepted: number;
  refused: number;
  /** Accepted requests whose `webhook-id` had been accepted before. */
  duplicates: number;
  badSignatures: number;
  lastAt: string | null;
};

export type Receiver = {
  stats: () => ReceiverStats;
  behave: (behaviour: Behaviour) => void;
  listen: (port: number) => Promise<void>;
  close: () => Promise<void>;
};

type Reply = { status: number; headers?: Record<string, string>; body: unknown };

/** Null if the body is larger than any of our events. */
export const readBody = async (request: IncomingMessage): Promise<string | null> => {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    sizeBytes += bytes.length;
    if (sizeBytes > bodyLimitBytes) return null;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
};

export const writeReply = (response: ServerResponse, { status, headers, body }: Reply): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
};

export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const refusal = (behaviour: Behaviour): Reply | null => {
  if (behaviour === "failing") {
    return {
      status: 500,
      body: {
        error: "internal_error",
        message: "could not write contact: connection to crm-db:5432 refused",
        trace: Math.random().toString(16).slice(2, 14),
      },
    };
  }
  if (behaviour === "gone") {
    return { status: 410, body: { error: "gone", message: "This integration was disabled." } };
  }
  if (behaviour === "flaky" && Math.random() < flakyRatio) {
    return {
      status: 503,
      headers: { "retry-after": "2" },
      body: { error: "overloaded", message: "All 8 workers are busy, try again shortly." },
    };
  }
  return null;
};

/**
 * A customer's webhook receiver: checks Wheelhouse's signature with the reference library, then answers according to
 * its behaviour. `GET /stats` returns its counters. It remembers the last 20 000 ids to detect duplicates.
 */
export const createReceiver = (secret: string, initial: Behaviour): Receiver => {
  const webhook = new Webhook(secret);
  const acceptedIds = new Set<string>();
  let behaviour = initial;
  const counts = { received: 0, accepted: 0, refused: 0, duplicates: 0, badSignatures: 0 };
  let lastAt: string | null = null;

  const accept = (id: string): Reply => {
    const duplicate = acceptedIds.has(id);
    if (duplicate) counts.duplicates += 1;
    acceptedIds.add(id);
    if (acceptedIds.size > rememberedIds) {
      const [oldest] = acceptedIds;
      if (oldest !== undefined) acceptedIds.delete(oldest);
    }
    counts.accepted += 1;
    return { status: 200, body: { ok: true, duplicate } };
  };

  const take = async (request: IncomingMessage): Promise<Reply> => {
    const body = await readBody(request);
    if (body === null) return { status: 413, body: { error: "payload_too_large" } };
    const header = (name: string) => String(request.headers[name] ?? "");
    const id = header("webhook-id");
    try {
      webhook.verify(body, {
        "webhook-id": id,
        "webhook-timestamp": header("webhook-timestamp"),
        "webhook-signature": header("webhook-signature"),
      });
    } catch (error) {
      counts.badSignatures += 1;
      return { status: 401, body: { error: "invalid_signature", message: String(error) } };
    }
    counts.received += 1;
    lastAt = new Date().toISOString();
    if (behaviour === "slow") await sleep(1000 + Math.random() * 1000);
    const refused = refusal(behaviour);
    if (!refused) return accept(id);
    counts.refused += 1;
    return refused;
  };

  const stats = (): ReceiverStats => ({ behaviour, ...counts, lastAt });
  const server = createServer((request, response) => {
    if (request.method === "GET" && request.url === "/stats") {
      writeReply(response, { status: 200, body: stats() });
      return;
    }
    if (request.method !== "POST") {
      writeReply(response, {
        status: 405,
        headers: { allow: "POST" },
        body: { error: "method_not_allowed" },
      });
      return;
    }
    take(request).then(
      (reply) => writeReply(response, reply),
      () => response.destroy(),
    );
  });
  server.requestTimeout = 20_000;

  return {
    stats,
    behave: (next) => {
      behaviour = next;
    },
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => resolve());
      }),
    close: () => closeServer(server),
  };
};
