import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** Seals secrets for storage: sealed bytes open only with the same key and for the same purpose. */
export type SecretBox = {
  seal(secret: string, purpose: string): Buffer;
  /** @throws if the bytes were altered, or sealed with another key or for another purpose. */
  open(sealed: Uint8Array, purpose: string): string;
  /** The same for bytes. */
  sealBytes(bytes: Uint8Array, purpose: string): Buffer;
  openBytes(sealed: Uint8Array, purpose: string): Buffer;
};

const format = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random nonce: `format (1 byte) | nonce (12) | tag (16) | ciphertext`.
 * `purpose` is authenticated, so a box cannot be moved to another row.
 * @param keyBase64 32 bytes in base64.
 */
export function createSecretBox(keyBase64: string): SecretBox {
  const key = Buffer.from(keyBase64, "base64");
  if (key.length !== 32) throw new Error("the secret key must be 32 bytes in base64");
  const box: Pick<SecretBox, "sealBytes" | "openBytes"> = {
    sealBytes(bytes, purpose) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([Buffer.of(format), nonce, cipher.getAuthTag(), sealed]);
    },
    openBytes(sealed, purpose) {
      const box = Buffer.from(sealed);
      if (box[0] !== format || box.length < 1 + nonceBytes + tagBytes)
        throw new Error("this is not a sealed secret");
      const body = box.subarray(1 + nonceBytes + tagBytes);
      const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(1, 1 + nonceBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(box.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
      return Buffer.concat([decipher.update(body), decipher.final()]);
    },
  };
  return {
    ...box,
    seal: (secret, purpose) => box.sealBytes(Buffer.from(secret), purpose),
    open: (sealed, purpose) => box.openBytes(sealed, purpose).toString("utf8"),
  };
}
