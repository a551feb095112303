import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

const signatureBytes = 16;
const idBytes = 16;

/**
 * Links that acknowledge an incident: the notification's id and a signature over it. Nobody can make one, each is for one
 * notification, and the notification's row says whether it was used.
 */
export function createLinks({ secretKey, publicUrl }: { secretKey: string; publicUrl: string }) {
  const key = Buffer.from(
    hkdfSync("sha256", Buffer.from(secretKey, "base64"), "", "wheelhouse acknowledge links", 32),
  );
  const sign = (id: Buffer) => createHmac("sha256", key).update(id).digest().subarray(0, signatureBytes);
  return {
    of(notificationId: string): string {
      const id = Buffer.from(notificationId.replaceAll("-", ""), "hex");
      return `${publicUrl}/acknowledge/${Buffer.concat([id, sign(id)]).toString("base64url")}`;
    },
    /** The notification of a link; null if it was not made here. */
    read(token: string): string | null {
      const bytes = Buffer.from(token, "base64url");
      if (bytes.length !== idBytes + signatureBytes) return null;
      const id = bytes.subarray(0, idBytes);
      if (!timingSafeEqual(sign(id), bytes.subarray(idBytes))) return null;
      return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
  };
}
export type Links = ReturnType<typeof createLinks>;
