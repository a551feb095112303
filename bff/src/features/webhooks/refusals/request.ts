import { slug } from "@wheelhouse/shared/endpoint.ts";
import type { RefusedRequest } from "@wheelhouse/shared/webhooks/refusals.ts";

export type IntakePath = { org: string; source: string };
export type ArrivedRequest = {
  path: IntakePath;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Undefined if it was refused before it was read. */
  body: Buffer | undefined;
};

const maxHeaders = 40;
const maxNameChars = 60;
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const mediaType = /^[\w.+-]{1,60}\/[\w.+-]{1,60}/;
/** A scheme's own word, such as `v1` or `sha256`; whatever else a sender puts there is not kept. */
const signaturePart = /^(t|v\d{1,2}a?|sha1|sha256|sha512)[,=]/;
const maxSignatures = 3;
const signatureHeaders = [
  "webhook-signature",
  "svix-signature",
  "x-hub-signature-256",
  "stripe-signature",
  "x-shopify-hmac-sha256",
  "x-slack-signature",
];
const timestampHeaders = ["webhook-timestamp", "svix-timestamp", "x-slack-request-timestamp"];

export const isSlug = (text: string) => slug.safeParse(text).success;

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

function signatureForm(headers: ArrivedRequest["headers"]): string | null {
  const sent = signatureHeaders.map((name) => single(headers[name])).find((value) => value !== undefined);
  if (sent === undefined) return null;
  const parts = sent.split(/[ ,](?=t=|v\d)| /).map((part) => {
    const [marked = "", scheme] = signaturePart.exec(part) ?? [];
    const length = part.length - marked.length;
    return `${scheme ?? "no scheme"}, ${length} ${length === 1 ? "character" : "characters"}`;
  });
  const more = parts.length - maxSignatures;
  return `${parts.slice(0, maxSignatures).join("; ")}${more > 0 ? `; ${more} more` : ""}`;
}

function behindMs(headers: ArrivedRequest["headers"], nowMs: number): number | null {
  const stripe = /(?:^|,)t=(\d{1,12})(?:,|$)/.exec(single(headers["stripe-signature"]) ?? "")?.[1];
  const named = timestampHeaders.map((name) => single(headers[name])).find((value) => value !== undefined);
  const sent = named ?? stripe ?? "";
  return /^\d{1,12}$/.test(sent) ? nowMs - Number(sent) * 1_000 : null;
}

function bodyKind(body: Buffer | undefined): RefusedRequest["body"] {
  if (body === undefined) return "unread";
  if (body.length === 0) return "empty";
  const start = body.subarray(0, 256).toString("latin1").trimStart();
  if (/^[[{"]/.test(start)) return "json";
  if (/^<[?!\w]/.test(start)) return "xml";
  if (/^[\w.%+-]+(\[\w*\])?=/.test(start)) return "form";
  return [...start].every((character) => character >= "\t" && character !== "\x7f") ? "text" : "binary";
}

function sizeBytes({ headers, body }: ArrivedRequest): number | null {
  if (body !== undefined) return body.length;
  const declared = single(headers["content-length"]) ?? "";
  return /^\d{1,15}$/.test(declared) ? Number(declared) : null;
}

/**
 * What may be kept of a refused request. The sender is not known, so no value of a header and no byte of the body is:
 * they can be somebody's secret that was sent to the wrong address.
 */
export function describeRequest(request: ArrivedRequest, nowMs: number): RefusedRequest {
  const { path, headers, body } = request;
  return {
    path: isSlug(path.org) && isSlug(path.source) ? `/hooks/${path.org}/${path.source}` : null,
    contentType: mediaType.exec(single(headers["content-type"]) ?? "")?.[0].toLowerCase() ?? null,
    sizeBytes: sizeBytes(request),
    body: bodyKind(body),
    headers: Object.entries(headers)
      .filter(([name]) => headerName.test(name) && name.length <= maxNameChars)
      .slice(0, maxHeaders)
      .map(([name, value]) => ({ name, length: single(value)?.length ?? 0 })),
    signature: signatureForm(headers),
    behindMs: behindMs(headers, nowMs),
  };
}
