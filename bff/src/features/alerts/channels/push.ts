import { createECDH, hkdfSync } from "node:crypto";
import webPush from "web-push";
import { z } from "zod";
import type { Post, PostAnswer } from "./post.ts";

export const pushSubscription = z.object({
  endpoint: z.string(),
  keys: z.object({ p256dh: z.string(), auth: z.string() }),
});
export type PushSubscription = z.infer<typeof pushSubscription>;

/**
 * The installation's key pair for Web Push (RFC 8292), derived from its secret key: every process has the same one, and
 * nothing more has to be kept.
 */
export function vapidKeysOf(secretKeyBase64: string): { publicKey: string; privateKey: string } {
  const secret = Buffer.from(secretKeyBase64, "base64");
  const curve = createECDH("prime256v1");
  // Nearly every 32 bytes are a private key; the next ones are taken for the few that are not.
  for (let attempt = 0; ; attempt++) {
    const bytes = Buffer.from(hkdfSync("sha256", secret, "", `wheelhouse web push ${attempt}`, 32));
    try {
      curve.setPrivateKey(bytes);
      return {
        publicKey: curve.getPublicKey().toString("base64url"),
        privateKey: bytes.toString("base64url"),
      };
    } catch {}
  }
}

const lifetimeSeconds = 4 * 3_600;

/** Encrypts a message for one browser (RFC 8291) and hands it to its push service. */
export function createPush({
  keys,
  subject,
  post,
}: {
  keys: { publicKey: string; privateKey: string };
  /** Whom the push service may ask: `mailto:` or `https:`. */
  subject: string;
  post: Post;
}) {
  return (subscription: PushSubscription, payload: string, isUrgent: boolean): Promise<PostAnswer> => {
    const request = webPush.generateRequestDetails(subscription, payload, {
      vapidDetails: { subject, publicKey: keys.publicKey, privateKey: keys.privateKey },
      TTL: lifetimeSeconds,
      urgency: isUrgent ? "high" : "normal",
      contentEncoding: "aes128gcm",
    });
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        name.toLowerCase() === "content-length" ? [] : [[name, String(value)]],
      ),
    );
    return post(request.endpoint, { headers, body: request.body ?? "" });
  };
}
export type Push = ReturnType<typeof createPush>;
