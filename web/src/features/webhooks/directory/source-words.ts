import { bodyLimit, type SourceScheme, type WebhookSource } from "@wheelhouse/shared/webhooks/senders.ts";
import { publicAddress } from "#lib/base-path.ts";

export const schemeWords: Record<SourceScheme, string> = {
  standard: "Standard Webhooks, Svix",
  github: "GitHub",
  stripe: "Stripe",
  shopify: "Shopify",
  slack: "Slack",
  hmac: "HMAC in a header",
  bearer: "Bearer token",
  addresses: "Addresses only",
};

/** Senders that issue the secret themselves, once they know the intake URL. */
const issuers: readonly SourceScheme[] = ["stripe", "shopify", "slack"];
export const issuesSecret = (scheme: SourceScheme): boolean => issuers.includes(scheme);

export const secretWord = (scheme: SourceScheme): string => (scheme === "bearer" ? "Token" : "Shared secret");

export const secretHintOf = (scheme: SourceScheme): string =>
  issuesSecret(scheme)
    ? `${schemeWords[scheme]} issues it; leave empty if you do not have it yet, and enter it later with Rotate secret`
    : scheme === "standard"
      ? "Leave empty to generate one (shown once); whpk_… is the sender's public key (ed25519)"
      : "Leave empty to generate one (shown once)";

const mebibyte = 1024 * 1024;
export const limitWords = (bytes: number): string => `${Number((bytes / mebibyte).toFixed(2))} MiB`;
export const bytesOf = (mebibytes: string): number =>
  Math.round(Number(mebibytes.replace(",", ".")) * mebibyte);
export const maxLimitWords = limitWords(bodyLimit.maxBytes);

export const listed = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== "");

export const intakeUrl = (source: Pick<WebhookSource, "intakePath">): string =>
  publicAddress(source.intakePath);
