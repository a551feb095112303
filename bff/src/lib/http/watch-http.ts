import http from "node:http";
import https from "node:https";
import { connect, isIP } from "node:net";
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { SourceCredentials } from "@wheelhouse/shared/sources/credentials.ts";
import { type AddressFilter, AddressRefusedError } from "#lib/security/address-filter.ts";
import type { CallTarget } from "./call-target.ts";

export type WatchAnswer = {
  statusCode: number;
  contentType: string;
  cacheControl: string;
  /** Decompressed and without its byte order mark, at most as long as requested. */
  body: string;
  /** The end is certain from the length, the chunks or the compression. False if the connection merely ended. */
  isWhole: boolean;
  /** The answer was longer than requested. */
  truncated: boolean;
  /** From the start to the last byte read. */
  latencyMs: number;
  ip: string | null;
  /** ISO; null without TLS. */
  certificateExpiresAt: string | null;
};

export type WatchHttp = {
  /**
   * GET over a new connection, so that a listener that is gone is noticed. Follows no redirect.
   * @throws AddressRefusedError, or an error of Node's sockets; `signal`'s reason when it aborts.
   */
  get(
    url: string,
    options: {
      signal: AbortSignal;
      maxBytes: number;
      accept: string;
      /** Id of the source whose credentials are sent. */
      source?: string;
      /** Whose breaker the call goes through; see `createWatchedCalls`. */
      target?: CallTarget;
    },
  ): Promise<WatchAnswer>;
  /** Connects to `tcp://host:port` and disconnects. */
  connect(
    url: string,
    options: { signal: AbortSignal; target?: CallTarget },
  ): Promise<{ latencyMs: number; ip: string | null }>;
};

const bareHost = (url: URL) => url.hostname.replace(/^\[|\]$/g, "");

/** What a request carries for its credentials: headers, and what TLS presents. */
function presented(credentials: SourceCredentials | null) {
  if (credentials === null) return { headers: {}, tls: {} };
  const { kind } = credentials;
  if (kind === "certificate")
    return { headers: {}, tls: { cert: credentials.certificate, key: credentials.key } };
  if (kind === "header") return { headers: { [credentials.name.toLowerCase()]: credentials.value }, tls: {} };
  const authorization =
    kind === "bearer"
      ? `Bearer ${credentials.token}`
      : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
  return { headers: { authorization }, tls: {} };
}

/**
 * Fetches the health and metrics of watched systems. The filter checks every address at the moment of connecting.
 * @param credentialsOf what the endpoints of a source ask for; null for nothing.
 * @param ca additional certificate authorities, PEM; for tests.
 */
export function createWatchHttp({
  filter,
  credentialsOf = () => null,
  ca,
}: {
  filter: AddressFilter;
  credentialsOf?: (source: string) => SourceCredentials | null;
  ca?: string;
}): WatchHttp {
  const assertLiteral = (url: URL) => {
    const host = bareHost(url);
    // A literal address is connected to without a lookup.
    const refusal = isIP(host) ? filter.refusal(host) : null;
    if (refusal) throw new AddressRefusedError(host, `it is a ${refusal}`);
  };

  return {
    async get(text, { signal, maxBytes, accept, source }) {
      const url = new URL(text);
      const { headers, tls } = presented(source === undefined ? null : credentialsOf(source));
      assertLiteral(url);
      signal.throwIfAborted();
      const startedMs = performance.now();
      return await new Promise<WatchAnswer>((resolve, reject) => {
        const request = (url.protocol === "https:" ? https : http).request(url, {
          method: "GET",
          agent: false,
          lookup: filter.lookup,
          ...(ca ? { ca } : {}),
          ...tls,
          headers: {
            ...headers,
            accept,
            "accept-encoding": "gzip, br",
            "user-agent": "Wheelhouse",
            connection: "close",
          },
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
          readAnswer(response, { maxBytes, startedMs })
            .then(resolve, reject)
            .finally(() => {
              end();
              request.destroy();
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

/** Reads an answer up to `maxBytes`. `startedMs`: when it was asked for, by `performance.now()`. */
async function readAnswer(
  response: http.IncomingMessage,
  { maxBytes, startedMs }: { maxBytes: number; startedMs: number },
): Promise<WatchAnswer> {
  const { socket, headers } = response;
  const coding = (headers["content-encoding"] ?? "").trim().toLowerCase();
  const ip = socket.remoteAddress ?? null;
  const certificateExpiresAt = expiryOf(socket);
  const content = await unpacked(response, coding);
  const contentType = headers["content-type"] ?? "";
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return await new Promise((resolve, reject) => {
    const answer = (truncated: boolean) =>
      resolve({
        statusCode: response.statusCode ?? 0,
        truncated,
        isWhole: !truncated && (content !== response || isFramed(response)),
        ip,
        certificateExpiresAt,
        contentType,
        cacheControl: headers["cache-control"] ?? "",
        body: textOf(Buffer.concat(chunks).subarray(0, maxBytes), contentType),
        latencyMs: Math.round(performance.now() - startedMs),
      });
    content.on("data", (chunk: Buffer) => {
      // Data decompressed after that is dropped.
      if (sizeBytes > maxBytes) return;
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) answer(true);
    });
    content.once("end", () => answer(false));
    content.on("error", reject);
    if (content !== response) response.on("error", reject);
  });
}

const unpackers: Record<string, (first: Buffer) => Readable & NodeJS.WritableStream> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  // Many servers leave the header of zlib out, by which its first byte is known.
  deflate: ([first = 0]) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};

/**
 * A stream of the decompressed content; an answer without content is empty, whatever its encoding.
 * @throws for an unknown encoding.
 */
async function unpacked(response: http.IncomingMessage, coding: string): Promise<Readable> {
  if (coding === "" || coding === "identity") return response;
  const unpacker = Object.hasOwn(unpackers, coding) ? unpackers[coding] : undefined;
  if (!unpacker) throw new Error(`Its answer is packed as ${coding.slice(0, 50)}, which is not read`);
  const first = await peek(response);
  if (first === null) return Readable.from([]);
  const content = unpacker(first);
  // A connection error must reach the reader, and `pipe` does not forward it.
  response.on("error", (error) => content.destroy(error));
  return response.pipe(content);
}

/** The first bytes, which stay in the stream; null when it has none. */
function peek(response: http.IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    response.once("error", reject);
    response.once("end", () => resolve(null));
    response.once("readable", () => {
      const first: unknown = response.read();
      if (!Buffer.isBuffer(first)) return;
      response.unshift(first);
      resolve(first);
    });
  });
}

const isFramed = ({ headers }: http.IncomingMessage) =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

const marks: readonly [string, readonly number[]][] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** Decodes as the byte order mark says, else as the content type says, else as UTF-8. */
function textOf(bytes: Buffer, contentType: string): string {
  const marked = marks.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte))?.[0];
  const named = /;\s*charset\s*=\s*"?([\w.:+-]+)/i.exec(contentType)?.[1];
  try {
    return new TextDecoder(marked ?? named ?? "utf-8").decode(bytes);
  } catch {
    // An encoding that nobody knows.
    return new TextDecoder().decode(bytes);
  }
}

function expiryOf(socket: unknown): string | null {
  if (!(socket instanceof TLSSocket)) return null;
  const atMs = Date.parse(socket.getPeerCertificate().valid_to ?? "");
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}
