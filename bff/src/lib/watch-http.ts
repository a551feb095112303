import http from "node:http";
import https from "node:https";
import { connect, isIP } from "node:net";
import { TLSSocket } from "node:tls";
import { type AddressFilter, AddressRefusedError } from "#lib/address-filter.ts";

export type WatchAnswer = {
  statusCode: number;
  contentType: string;
  cacheControl: string;
  /** As UTF-8, at most as long as was asked for. */
  body: string;
  /** More came than was asked for. */
  truncated: boolean;
  /** From the start until the last byte that was read. */
  latencyMs: number;
  ip: string | null;
  /** ISO; null without TLS. */
  certificateExpiresAt: string | null;
};

export type WatchHttp = {
  /**
   * GET over a connection of its own, so that a listener that is gone is noticed. Follows no redirect.
   * @throws AddressRefusedError, or what Node's sockets throw; `signal`'s reason when it aborts.
   */
  get(url: string, options: { signal: AbortSignal; maxBytes: number; accept: string }): Promise<WatchAnswer>;
  /** Connects to `tcp://host:port` and hangs up. */
  connect(url: string, options: { signal: AbortSignal }): Promise<{ latencyMs: number; ip: string | null }>;
};

const bareHost = (url: URL) => url.hostname.replace(/^\[|\]$/g, "");

/**
 * Asks watched systems for their health and figures. Every address is judged by the filter at the moment of
 * connecting.
 * @param ca certificate authorities beside the usual ones, PEM; for tests.
 */
export function createWatchHttp({ filter, ca }: { filter: AddressFilter; ca?: string }): WatchHttp {
  const assertLiteral = (url: URL) => {
    const host = bareHost(url);
    // A literal address is connected to without a lookup.
    const refusal = isIP(host) ? filter.refusal(host) : null;
    if (refusal) throw new AddressRefusedError(host, `it is a ${refusal}`);
  };

  return {
    async get(text, { signal, maxBytes, accept }) {
      const url = new URL(text);
      assertLiteral(url);
      signal.throwIfAborted();
      const startedMs = performance.now();
      return await new Promise<WatchAnswer>((resolve, reject) => {
        const request = (url.protocol === "https:" ? https : http).request(url, {
          method: "GET",
          agent: false,
          lookup: filter.lookup,
          ...(ca ? { ca } : {}),
          headers: { accept, "user-agent": "Wheelhouse", connection: "close" },
        });
        const abort = () => {
          reject(signal.reason);
          request.destroy();
        };
        signal.addEventListener("abort", abort, { once: true });
        const end = () => signal.removeEventListener("abort", abort);
        request.once("error", (error) => {
          end();
          reject(error);
        });
        request.once("response", (response) => {
          const { socket } = response;
          const chunks: Buffer[] = [];
          let sizeBytes = 0;
          const ip = socket.remoteAddress ?? null;
          const certificateExpiresAt = expiryOf(socket);
          const answer = (truncated: boolean) => {
            end();
            resolve({
              statusCode: response.statusCode ?? 0,
              truncated,
              ip,
              certificateExpiresAt,
              contentType: response.headers["content-type"] ?? "",
              cacheControl: response.headers["cache-control"] ?? "",
              body: Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8"),
              latencyMs: Math.round(performance.now() - startedMs),
            });
            request.destroy();
          };
          response.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            sizeBytes += chunk.length;
            if (sizeBytes > maxBytes) answer(true);
          });
          response.once("end", () => answer(false));
          response.once("error", (error) => {
            end();
            reject(error);
          });
        });
        request.end();
      });
    },

    async connect(text, { signal }) {
      const url = new URL(text);
      assertLiteral(url);
      signal.throwIfAborted();
      const startedMs = performance.now();
      return await new Promise((resolve, reject) => {
        const socket = connect({ host: bareHost(url), port: Number(url.port), lookup: filter.lookup });
        const abort = () => {
          reject(signal.reason);
          socket.destroy();
        };
        signal.addEventListener("abort", abort, { once: true });
        socket.once("error", (error) => {
          signal.removeEventListener("abort", abort);
          reject(error);
        });
        socket.once("connect", () => {
          signal.removeEventListener("abort", abort);
          resolve({
            latencyMs: Math.round(performance.now() - startedMs),
            ip: socket.remoteAddress ?? null,
          });
          socket.destroy();
        });
      });
    },
  };
}

function expiryOf(socket: unknown): string | null {
  if (!(socket instanceof TLSSocket)) return null;
  const atMs = Date.parse(socket.getPeerCertificate().valid_to ?? "");
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
