import { type EndpointTerms, signStandard } from "../directory/directory.ts";

type Signed = {
  eventId: string;
  eventType: string;
  payload: Buffer | null;
  contentType: string | null;
  attempt: number;
};

/** The headers of an attempt: the endpoint's own, and a signature for each secret that is valid. */
export function headersOf(
  { eventId, eventType, payload, contentType, attempt }: Signed,
  { headers, secrets }: EndpointTerms,
  nowMs: number,
): Record<string, string> {
  const timestamp = Math.floor(nowMs / 1000);
  const signatures = payload
    ? secrets.flatMap(({ secret, untilMs }) =>
        untilMs > nowMs ? [signStandard(secret, eventId, timestamp, payload)] : [],
      )
    : [];
  const own = {
    "content-type": contentType ?? "application/json",
    "user-agent": "Wheelhouse",
    "webhook-id": eventId,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatures.join(" "),
    "wheelhouse-event-type": eventType,
    "wheelhouse-attempt": String(attempt),
  };
  return Object.assign({}, headers, own);
}
