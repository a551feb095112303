import { isIP } from "node:net";
import type { ErrorClass } from "@wheelhouse/shared/webhooks/webhooks.ts";
import { Agent, buildConnector, request } from "undici";
import { type AddressFilter, AddressRefusedError } from "#lib/security/address-filter.ts";
import { storable } from "../redaction.ts";

const maxBodyBytes = 16 * 1024;

export type Answer = {
  kind: "answer";
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  /** At most 16 KiB, as text that Postgres can store; not yet redacted. */
  body: string;
  bodySizeBytes: number;
  truncated: boolean;
};
export type NoAnswer = { kind: "none"; errorClass: ErrorClass; message: string };

type Sender = {
  /** Never throws and never follows a redirect. `signal` aborts it for a shutdown. */
  post(
    url: string,
    headers: Record<string, string>,
    body: Buffer,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer | NoAnswer>;
  close(): Promise<void>;
};

/** Posts to receivers; every address is judged by the filter at the moment of connecting. */
export function createSender(filter: AddressFilter, connections: number): Sender {
  const connect = buildConnector({ lookup: filter.lookup, timeout: 10_000, allowH2: false });
  const agent = new Agent({
    connections,
    keepAliveTimeout: 10_000,
    // Headers and body are bounded by the attempt's own time-out.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: -1,
    connect(options, callback) {
      // A literal address is connected to without a lookup.
      const refusal = isIP(options.hostname) ? filter.refusal(options.hostname) : null;
      if (refusal) return callback(new AddressRefusedError(options.hostname, refusal), null);
      return connect(options, callback);
    },
  });

  return {
    async post(url, headers, body, timeoutMs, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const response = await request(url, {
          method: "POST",
          headers,
          body,
          dispatcher: agent,
          signal: AbortSignal.any([timeout, signal]),
        });
        const read = await readCapped(response.body);
        const announced = Number(response.headers["content-length"]);
        return {
          kind: "answer",
          statusCode: response.statusCode,
          headers: response.headers,
          body: storable(read.bytes.toString("utf8")),
          bodySizeBytes: Number.isSafeInteger(announced)
            ? Math.max(announced, read.bytes.length)
            : read.bytes.length,
          truncated: read.truncated,
        };
      } catch (error) {
        if (signal.aborted)
          return {
            kind: "none",
            errorClass: "shutdown",
            message: "Wheelhouse stopped before the receiver responded.",
          };
        if (timeout.aborted)
          return { kind: "none", errorClass: "timeout", message: `No response within ${timeoutMs} ms.` };
        return classify(error);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readCapped(body: AsyncIterable<Buffer>): Promise<{ bytes: Buffer; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early ends the connection, so an endless answer costs 16 KiB.
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBodyBytes) break;
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, maxBodyBytes), truncated: bytes.length > maxBodyBytes };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

/** Why there was no answer, by Node's, OpenSSL's and undici's error codes. */
function classify(error: unknown): NoAnswer {
  const code = codeOf(error);
  const message = (error instanceof Error && error.message) || code || "unknown error";
  const none = (errorClass: ErrorClass): NoAnswer => ({
    kind: "none",
    errorClass,
    message: storable(message).slice(0, 500),
  });
  if (code === "ADDRESS_REFUSED") return none("address_refused");
  if (/^(ENOTFOUND|EAI_)/.test(code)) return none("dns");
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/.test(code))
    return none("tls");
  if (/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/.test(code))
    return none("timeout");
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/.test(code))
    return none("connect");
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(code)) return none("connect");
  return none("protocol");
}
