import { isIP } from "node:net";
import { buildConnector, Client } from "undici";
import { type AddressFilter, AddressRefusedError } from "#lib/security/address-filter.ts";

const connectTimeoutMs = 10_000;
const idleMs = 10_000;
const maxIdle = 1_000;
const maxHeaderBytes = 256 * 1024;
/** Long enough for any status line that counts. */
const statusLineBytes = 32;

/** A connection to an origin, for one request at a time. */
export type Connection = {
  client: Client;
  /** Status of the response to the latest request, once its status line was read; null before, and for 1xx. */
  status(): number | null;
};

type Owned = Connection & { origin: string; begin(): void; idleFrom: number };

/**
 * Connections to receivers; the filter checks every address at connection time. A request has its connection to
 * itself, so that the status line is known even if what follows it cannot be read.
 */
export function createConnections(filter: AddressFilter) {
  const connectTo = buildConnector({ lookup: filter.lookup, timeout: connectTimeoutMs, allowH2: false });
  const idle = new Map<string, Owned[]>();
  const all = new Set<Owned>();
  let idleCount = 0;

  function open(origin: string): Owned {
    let head: Buffer = Buffer.alloc(0);
    const see = (chunk: unknown) => {
      if (Buffer.isBuffer(chunk) && head.length < statusLineBytes)
        head = Buffer.concat([head, chunk.subarray(0, statusLineBytes)]);
    };
    const client = new Client(origin, {
      keepAliveTimeout: idleMs,
      // The attempt's own timeout covers headers and body.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: -1,
      maxHeaderSize: maxHeaderBytes,
      connect(options, callback) {
        // The connector does not look up a literal address, so it needs its own check.
        const refusal = isIP(options.hostname) ? filter.refusal(options.hostname) : null;
        if (refusal) return callback(new AddressRefusedError(options.hostname, refusal), null);
        return connectTo(options, (error, socket) => {
          if (error) return callback(error, null);
          const push = socket.push.bind(socket);
          socket.push = (chunk, encoding) => {
            see(chunk);
            return push(chunk, encoding);
          };
          return callback(null, socket);
        });
      },
    });
    const connection: Owned = {
      client,
      origin,
      idleFrom: 0,
      begin: () => {
        head = Buffer.alloc(0);
      },
      status() {
        const status = Number(/^HTTP\/1\.[01] ([2-5]\d\d)\b/.exec(head.toString("latin1"))?.[1]);
        return Number.isNaN(status) ? null : status;
      },
    };
    all.add(connection);
    return connection;
  }

  function close(connection: Owned) {
    all.delete(connection);
    void connection.client.destroy().catch(() => {});
  }

  /** Closes what has been idle for long; the oldest lie first. */
  function tidy(nowMs: number) {
    for (const [origin, list] of idle) {
      const kept = list.filter(({ idleFrom }) => nowMs - idleFrom < idleMs);
      for (const connection of list) if (!kept.includes(connection)) close(connection);
      idleCount -= list.length - kept.length;
      if (kept.length > 0) idle.set(origin, kept);
      else idle.delete(origin);
    }
  }
  const timer = setInterval(() => tidy(performance.now()), idleMs).unref();

  return {
    /** Lends a connection while `use` runs. */
    async with<Result>(origin: string, use: (connection: Connection) => Promise<Result>): Promise<Result> {
      const list = idle.get(origin);
      const kept = list?.pop();
      if (kept) idleCount -= 1;
      const connection = kept ?? open(origin);
      connection.begin();
      try {
        return await use(connection);
      } finally {
        if (idleCount >= maxIdle || connection.client.destroyed) close(connection);
        else {
          connection.idleFrom = performance.now();
          const others = idle.get(origin);
          if (others) others.push(connection);
          else idle.set(origin, [connection]);
          idleCount += 1;
        }
      }
    },
    async close() {
      clearInterval(timer);
      await Promise.all([...all].map(({ client }) => client.destroy().catch(() => {})));
    },
  };
}
