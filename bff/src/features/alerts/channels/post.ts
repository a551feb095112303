import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { type AddressFilter, AddressRefusedError } from "#lib/security/address-filter.ts";

export type PostAnswer = { status: number; retryAfterMs: number | null; body: string };

/** Sends a request with a body to an outside service; follows no redirect. */
export type Post = (
  url: string,
  request: { headers: Readonly<Record<string, string>>; body: Buffer | string; method?: "POST" | "GET" },
) => Promise<PostAnswer>;

const answerMaxBytes = 16 * 1024;
const postTimeoutMs = 10_000;

/** Seconds or a date, as in RFC 9110; at most an hour. */
function retryAfterMsOf(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), 3_600_000);
}

/**
 * Posts through the address filter, which checks every address at the moment of connecting. The whole call has one
 * time-out, so that a service that sends its answer byte by byte is left.
 */
export function createPost(
  filter: AddressFilter,
  { timeoutMs = postTimeoutMs }: { timeoutMs?: number } = {},
): Post {
  return (text, { headers, body, method = "POST" }) => {
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const refusal = isIP(host) ? filter.refusal(host) : null;
    if (refusal) return Promise.reject(new AddressRefusedError(host, `it is a ${refusal}`));
    return new Promise<PostAnswer>((resolve, reject) => {
      const request = (url.protocol === "https:" ? https : http).request(url, {
        method,
        agent: false,
        lookup: filter.lookup,
        headers: {
          "user-agent": "Wheelhouse",
          connection: "close",
          ...headers,
          "content-length": String(Buffer.byteLength(body)),
        },
      });
      const timer = setTimeout(() => {
        request.destroy(new Error(`No complete answer within ${timeoutMs} ms`));
      }, timeoutMs);
      request.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.once("response", (response) => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        const done = () => {
          clearTimeout(timer);
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: retryAfterMsOf(response.headers["retry-after"], Date.now()),
            body: Buffer.concat(chunks).toString("utf8").slice(0, 500),
          });
          request.destroy();
        };
        response.on("data", (chunk: Buffer) => {
          if (sizeBytes >= answerMaxBytes) return;
          chunks.push(chunk);
          sizeBytes += chunk.length;
          if (sizeBytes >= answerMaxBytes) done();
        });
        response.once("end", done);
        response.once("error", reject);
      });
      request.end(body);
    });
  };
}
