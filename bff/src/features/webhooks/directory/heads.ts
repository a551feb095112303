import type { SourceScheme } from "@wheelhouse/shared/webhooks/senders.ts";
import type { Proof } from "./senders.ts";
import { verifyRequest } from "./senders.ts";
import { assertFresh, optional, readTimestamp, type SignedRequest, single } from "./signed-request.ts";

type Head = {
  /** Headers without which no body can prove the request. */
  required: readonly string[];
  /** Where the time is, and its text. */
  time?: { name: string; text: string };
};

const standardHead = (request: SignedRequest): Head => {
  const names = optional(request, "svix-signature") === undefined ? "webhook" : "svix";
  const name = `${names}-timestamp`;
  return {
    required: [`${names}-id`, name, `${names}-signature`],
    time: { name, text: single(request, name) },
  };
};

const stripeHead = (request: SignedRequest): Head => {
  const name = "stripe-signature";
  const text = /(?:^|,)\s*t=([^,]*)/.exec(single(request, name))?.[1] ?? "";
  return { required: [name], time: { name, text } };
};

const slackHead = (request: SignedRequest): Head => {
  const name = "x-slack-request-timestamp";
  return { required: ["x-slack-signature"], time: { name, text: single(request, name) } };
};

function namedHead(request: SignedRequest, { rules }: Proof): Head {
  const { signatureHeader, timestampHeader, idHeader } = rules;
  const required = [signatureHeader ?? "x-signature", ...(idHeader === null ? [] : [idHeader])];
  return timestampHeader === null
    ? { required }
    : { required, time: { name: timestampHeader, text: single(request, timestampHeader) } };
}

const heads: Record<
  Exclude<SourceScheme, "bearer" | "addresses">,
  (request: SignedRequest, proof: Proof) => Head
> = {
  standard: standardHead,
  github: () => ({ required: ["x-hub-signature-256", "x-github-delivery", "x-github-event"] }),
  stripe: stripeHead,
  shopify: () => ({ required: ["x-shopify-hmac-sha256", "x-shopify-webhook-id"] }),
  slack: slackHead,
  hmac: namedHead,
};

/**
 * Refuses what the headers alone give away, so that no large body is read for a request that cannot be proven: a token
 * that is wrong, a signature that is missing, a time that is over.
 * @throws Refusal `unauthenticated` naming the header.
 */
export function assertHead(scheme: SourceScheme, headers: SignedRequest["headers"], proof: Proof): void {
  const request = { headers, body: Buffer.alloc(0) };
  if (scheme === "bearer" || scheme === "addresses") {
    verifyRequest(scheme, request, proof);
    return;
  }
  const { required, time } = heads[scheme](request, proof);
  for (const name of required) single(request, name);
  if (time === undefined) return;
  const field = `header.${time.name}`;
  assertFresh(readTimestamp(time.text, field), proof.nowMs, proof.toleranceMs, field);
}
