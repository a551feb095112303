import { type EndpointSettings, endpointSettings } from "@wheelhouse/shared/webhooks/endpoint-settings.ts";
import { z } from "zod";
import type { SecretBox } from "#lib/security/secret-box.ts";

/** A header as stored: a secret value is sealed, in base64. */
export const storedHeaders = z.array(
  z.object({ name: z.string(), value: z.string().optional(), box: z.string().optional() }),
);
export type StoredHeaders = z.output<typeof storedHeaders>;

const secretName = /authorization|cookie|secret|token|password|key|credential|session/;
const headerPurpose = (endpointId: string, name: string) => `webhook_endpoints.headers:${endpointId}:${name}`;

/**
 * The headers of a change as they are stored. Without a value, the stored one of this name stays.
 * @returns the name of a header without a value, if there is none to keep.
 */
export function sealHeaders(
  secrets: SecretBox,
  endpointId: string,
  wanted: readonly { name: string; value: string | null }[],
  before: StoredHeaders,
): { headers: StoredHeaders } | { missing: string } {
  const headers: StoredHeaders = [];
  for (const { name, value } of wanted) {
    const kept = before.find((header) => header.name === name);
    if (value === null) {
      if (!kept) return { missing: name };
      headers.push(kept);
    } else if (secretName.test(name)) {
      headers.push({ name, box: secrets.seal(value, headerPurpose(endpointId, name)).toString("base64") });
    } else headers.push({ name, value });
  }
  return { headers };
}

/** How an endpoint wants to be called. */
export type EndpointTerms = {
  settings: EndpointSettings;
  headers: Readonly<Record<string, string>>;
  secrets: readonly { secret: string; untilMs: number }[];
};

export type StoredTerms = {
  settings: unknown;
  headers: unknown;
  secret_box: Buffer | null;
  previous_secret_box: Buffer | null;
  previous_secret_until: Date | null;
};

export const endpointPurpose = (id: string) => `webhook_endpoints:${id}`;

/** @throws if a box does not open. */
export function openTerms(secrets: SecretBox, endpointId: string, stored: StoredTerms): EndpointTerms {
  const open = (box: Buffer) => secrets.open(box, endpointPurpose(endpointId));
  const { secret_box: box, previous_secret_box: previous, previous_secret_until: until } = stored;
  return {
    settings: endpointSettings.parse(stored.settings),
    headers: Object.fromEntries(
      storedHeaders
        .parse(stored.headers)
        .map(({ name, value, box: sealed }) => [
          name,
          sealed === undefined
            ? (value ?? "")
            : secrets.open(Buffer.from(sealed, "base64"), headerPurpose(endpointId, name)),
        ]),
    ),
    secrets: [
      ...(box === null ? [] : [{ secret: open(box), untilMs: Number.POSITIVE_INFINITY }]),
      ...(previous === null || until === null ? [] : [{ secret: open(previous), untilMs: until.getTime() }]),
    ],
  };
}
